/**
 * Upgrades: the version on disk takes over from the one that runs, with real processes. The "new version" is the same command with other rules or
 * another plugin, since all of it is read from disk by the new process.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, freePort } from '@sluice/plugin-kit';
import { certify, makeKey } from '@sluice/plugin-kit/tls';
import { folderOf, get, RunningCommand, sluice, statusOver } from './sluice.ts';

/** A plugin that does what files in the folder say as the gateway starts. */
const HINDERING = `import { existsSync } from 'node:fs';
export default {
  name: 'hindering',
  apiVersion: 1,
  async start() {
    if (existsSync('crash')) process.kill(process.pid, 'SIGSEGV');
    while (existsSync('wait')) await new Promise((resolve) => setTimeout(resolve, 20));
  },
};
`;

const OLD = 410;
const NEW = 403;

interface Upgradable {
  readonly run: RunningCommand;
  readonly port: number;
  readonly folder: string;
  readonly socket: string;
  /** The processes that have said that they are ready, the newest last. */
  pids(): readonly number[];
  write(text: string): void;
  ctl(...args: readonly string[]): ReturnType<typeof sluice>;
}

/** The version is told by the status of `/`. */
function rulesFor(port: number, folder: string, status: number): string {
  return `use hindering from "./hindering.js"
settings {
  threads 2
  drain 30s
  admin on unix:${folder}/admin.sock
}
listener web on 127.0.0.1:${port}, unix:${folder}/web.sock {
  deny ${status} when path is /
  otherwise send to slow
}
backend slow of unix:${folder}/slow.sock
`;
}

async function startUpgradable(t: TestContext, temporary = '.'): Promise<Upgradable> {
  const port = await freePort();
  const folder = await folderOf(t, { 'hindering.js': HINDERING, 'package.json': '{"type":"module"}' });
  const file = join(folder, 'gateway.sluice');
  const write = (text: string) => writeFileSync(file, text);
  write(rulesFor(port, folder, OLD));
  const run = new RunningCommand(t, ['run', 'gateway.sluice', '--log-level', 'debug'], {
    cwd: folder,
    env: { TMPDIR: join(folder, temporary) },
  });
  await run.logged(/^the gateway serves, as process /);
  await run.logged(/^ready after/);
  const pids = () => run.lines.filter(({ msg }) => msg.startsWith('ready after')).map(({ pid }) => pid as number);
  t.after(() => {
    for (const pid of pids()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
  });
  const ctl = (...args: readonly string[]) => sluice(['ctl', ...args, '--admin', `unix:${folder}/admin.sock`]);
  return { run, port, folder, socket: join(folder, 'web.sock'), pids, write, ctl };
}

async function stopped({ run }: Upgradable): Promise<void> {
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
}

for (const how of ['SIGUSR2', 'ctl upgrade'] as const) {
  test(`${how} has a new process take over all addresses, and the old one ends`, async (t) => {
    const gateway = await startUpgradable(t);
    const { run, port, folder, socket, write, pids, ctl } = gateway;
    const inode = statSync(socket).ino;
    assert.equal((await get(port, '/')).status, OLD);
    write(rulesFor(port, folder, NEW));
    if (how === 'SIGUSR2') run.child.kill('SIGUSR2');
    else
      assert.deepEqual(await ctl('upgrade'), { code: 0, stdout: 'upgraded: the version on disk serves\n', stderr: '' });
    await run.logged(/^upgraded to version \d+\.\d+\.\d+: process \d+ serves$/);
    await run.logged(/^the replaced gateway, process \d+, has completed its requests$/);
    assert.equal((await get(port, '/')).status, NEW);
    assert.equal(await statusOver(socket), NEW);
    assert.notEqual(statSync(socket).ino, inode);
    const status = await ctl('status');
    assert.match(status.stdout, new RegExp(`process ${pids()[1]}\n`));
    assert.equal(pids().length, 2);
    await stopped(gateway);
    assert.throws(() => statSync(socket), { code: 'ENOENT' });
    await assert.rejects(get(port, '/'), { code: 'ECONNREFUSED' });
  });
}

test('connections not yet accepted, and open requests, survive an upgrade', async (t) => {
  const gateway = await startUpgradable(t);
  const { run, port, folder, pids } = gateway;
  const asked = Promise.withResolvers<ServerResponse>();
  const server = createServer((_, response) => asked.resolve(response)).listen(join(folder, 'slow.sock'));
  t.after(() => server.close());
  const open = get(port, '/slow');
  const response = await asked.promise;
  run.child.kill('SIGUSR2');
  let isOver = false;
  const load = [0, 1, 2, 3].map(async () => {
    let answered = 0;
    while (!isOver) {
      assert.equal((await get(port, '/')).status, OLD);
      assert.equal(await statusOver(join(folder, 'web.sock')), OLD);
      answered++;
    }
    return answered;
  });
  await run.logged(/^upgraded to version/);
  await run.logged(/^replaced by a new gateway; open requests have 30 s to complete$/);
  isOver = true;
  for (const answered of await Promise.all(load)) assert.ok(answered > 0);
  response.end('at last');
  assert.deepEqual(await open, { status: 200, body: 'at last' });
  await run.logged(/has completed its requests$/);
  assert.equal(pids().length, 2);
  await stopped(gateway);
});

test('a tunnel survives an upgrade until its client closes it', async (t) => {
  const gateway = await startUpgradable(t);
  const { run, port, folder } = gateway;
  const server = createServer().on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  server.listen(join(folder, 'slow.sock'));
  t.after(() => server.close());
  const client = connect(port, '127.0.0.1').setEncoding('latin1');
  let heard = '';
  client.on('data', (text: string) => {
    heard += text;
  });
  client.write('GET /tunnel HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  await eventually('the tunnel', () => heard.includes('101'));
  run.child.kill('SIGUSR2');
  await run.logged(/^replaced by a new gateway/);
  client.write('still here');
  await eventually('the echo', () => heard.endsWith('still here'));
  client.end();
  await once(client, 'close');
  await run.logged(/has completed its requests$/);
  await stopped(gateway);
});

test('a new version that does not become ready changes nothing: invalid rules, a crash, a manual stop', async (t) => {
  const gateway = await startUpgradable(t);
  const { run, port, folder, socket, write, pids, ctl } = gateway;
  write('listener web on nowhere');
  const wrong = await ctl('upgrade');
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /not upgraded: the new gateway did not get ready: it ended with code 1/);
  write(rulesFor(port, folder, NEW));
  writeFileSync(join(folder, 'crash'), '');
  run.child.kill('SIGUSR2');
  await run.logged(/^the upgrade failed, the old gateway goes on: .*it crashed \(SIGSEGV\)$/);
  assert.equal((await get(port, '/')).status, OLD);
  assert.equal(await statusOver(socket), OLD);
  assert.match((await ctl('status')).stdout, new RegExp(`process ${pids()[0]}\n`));
  await stopped(gateway);
});

test('while a new version starts, another upgrade is refused, and a reload waits for it', async (t) => {
  const gateway = await startUpgradable(t);
  const { run, port, folder, ctl } = gateway;
  writeFileSync(join(folder, 'wait'), '');
  run.child.kill('SIGUSR2');
  await run.logged(/^upgrading: a new gateway starts/);
  run.child.kill('SIGUSR2');
  await run.logged(/^not upgraded: another upgrade is under way$/);
  const second = await ctl('upgrade');
  assert.match(second.stderr, /not upgraded: another upgrade is under way/);
  for (let count = 0; count < 100; count++) run.child.kill('SIGHUP');
  assert.equal((await get(port, '/')).status, OLD);
  rmSync(join(folder, 'wait'));
  await run.logged(/^upgraded to version/);
  const reload = await run.logged(/^SIGHUP: reloading the rules$/);
  assert.equal(reload.pid, gateway.pids()[1], 'the new one reloads');
  assert.equal(run.lines.filter(({ msg }) => msg.startsWith('SIGHUP')).length, 1);
  await run.logged(/^generation 2 is active$/);
  await stopped(gateway);
});

test('manual settings and server health are handed over to the new version', async (t) => {
  const gateway = await startUpgradable(t);
  const { run, folder, ctl } = gateway;
  const server = /slow\/\S+/.exec((await ctl('servers')).stdout.replace(/^slow +/m, 'slow/'))![0];
  const drained = await ctl('maint', server);
  assert.equal(drained.code, 0, drained.stderr);
  run.child.kill('SIGUSR2');
  await run.logged(/^state of 0 s ago was restored: 1 servers, 1 of them set by hand/);
  await run.logged(/^upgraded to version/);
  assert.match((await ctl('servers')).stdout, /maint/);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('sluice-upgrade-')),
    [],
  );
  await stopped(gateway);
});

test('a state that cannot be written, as on a full disk, costs the state and not the upgrade', async (t) => {
  const gateway = await startUpgradable(t, 'missing');
  const { run, port } = gateway;
  run.child.kill('SIGUSR2');
  await run.logged(/^the state cannot be handed over, the new gateway starts without: ENOENT/);
  await run.logged(/^upgraded to version/);
  assert.equal((await get(port, '/')).status, OLD);
  await stopped(gateway);
});

test('SIGTERM during an upgrade ends both', async (t) => {
  const gateway = await startUpgradable(t);
  const { run, folder, pids } = gateway;
  writeFileSync(join(folder, 'wait'), '');
  run.child.kill('SIGUSR2');
  const { msg } = await run.logged(/^upgrading: a new gateway starts as process (\d+)$/);
  await stopped(gateway);
  for (const pid of [...pids(), Number(/\d+/.exec(msg)![0])]) {
    await eventually('the process to end', () => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    });
  }
});

test('when the old gateway crashes during an upgrade, the new one takes its place', async (t) => {
  const gateway = await startUpgradable(t);
  const { run, port, folder, socket, pids } = gateway;
  writeFileSync(join(folder, 'wait'), '');
  run.child.kill('SIGUSR2');
  await run.logged(/^upgrading/);
  process.kill(pids()[0]!, 'SIGSEGV');
  await run.logged(/^the gateway crashed \(SIGSEGV\) during an upgrade; the new one takes its place$/);
  const waiting = [get(port, '/'), get(port, '/')];
  rmSync(join(folder, 'wait'));
  await run.logged(/ serves again after /);
  for (const answer of waiting) assert.equal((await answer).status, OLD);
  assert.equal(await statusOver(socket), OLD);
  await stopped(gateway);
});

test('connections to a Unix socket wait for the gateway that is started after a crash', async (t) => {
  const gateway = await startUpgradable(t);
  const { run, folder, socket, pids } = gateway;
  writeFileSync(join(folder, 'wait'), '');
  process.kill(pids()[0]!, 'SIGSEGV');
  await run.logged(/crash 1$/);
  const waiting = [statusOver(socket), statusOver(socket)];
  rmSync(join(folder, 'wait'));
  for (const answer of waiting) assert.equal(await answer, OLD);
  await stopped(gateway);
  assert.throws(() => statSync(socket), { code: 'ENOENT' });
});

test('an upgrade without a supervisor is refused with the reason', async (t) => {
  const port = await freePort();
  const folder = await folderOf(t, {});
  writeFileSync(
    join(folder, 'gateway.sluice'),
    `settings {\n  admin on unix:${folder}/admin.sock\n}\nlistener web on 127.0.0.1:${port} {\n  otherwise deny 404\n}\n`,
  );
  const run = new RunningCommand(t, ['run', 'gateway.sluice', '--no-supervisor'], { cwd: folder });
  await run.logged(/^ready after/);
  const { code, stderr } = await sluice(['ctl', 'upgrade', '--admin', `unix:${folder}/admin.sock`]);
  assert.equal(code, 1);
  assert.match(stderr, /cannot be upgraded while it runs: it was not started by `sluice run` with its supervisor/);
  run.child.kill('SIGUSR2');
  await run.logged(/^SIGUSR2: not upgraded/);
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
});

for (const tls of ['', '\n  admin tls terminate cert "admin.pem"']) {
  test(`the admin API on a TCP port moves to the new process, time after time${tls === '' ? '' : ', with its TLS'}`, async (t) => {
    const [port, adminPort] = [await freePort(), await freePort()];
    const folder = await folderOf(t, {});
    writeFileSync(
      join(folder, 'gateway.sluice'),
      `settings {\n  threads 1\n  admin on 127.0.0.1:${adminPort}${tls}\n}\nlistener web on 127.0.0.1:${port} {\n  otherwise deny 404\n}\n`,
    );
    const own = certify('localhost', makeKey(), { isAuthority: true });
    writeFileSync(join(folder, 'admin.pem'), own.cert + own.key);
    const admin = [
      '--admin',
      ...(tls === ''
        ? [`127.0.0.1:${adminPort}`]
        : [`https://localhost:${adminPort}`, '--ca', join(folder, 'admin.pem')]),
    ];
    const run = new RunningCommand(t, ['run', 'gateway.sluice', '--log-level', 'debug'], { cwd: folder });
    await run.logged(/^the gateway serves, as process /);
    const pids = new Set<unknown>();
    for (let count = 1; count <= 3; count++) {
      assert.equal((await sluice(['ctl', 'upgrade', ...admin])).code, 0);
      const { stdout } = await sluice(['ctl', 'status', '--json', ...admin]);
      pids.add(JSON.parse(stdout).pid);
      assert.equal(pids.size, count, 'another process answers');
    }
    run.child.kill('SIGTERM');
    assert.equal((await run.ended).code, 0);
  });
}
