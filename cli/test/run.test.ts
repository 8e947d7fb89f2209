import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { asPlainUser, folderOf, get, RunningCommand, sluice, start } from './sluice.ts';

const rulesFor = (port: number, more = '') => `listener web on 127.0.0.1:0 {
  deny path under /private
  ${more}
  otherwise send to app
}
backend app of 127.0.0.1:${port}
settings { drain 30s }
`;

/** startBackend answers at once, except for /slow, which waits for the test. */
async function startBackend(t: TestContext): Promise<{ port: number; slow: Promise<ServerResponse> }> {
  let isAsked: (response: ServerResponse) => void = () => {};
  const slow = new Promise<ServerResponse>((resolve) => {
    isAsked = resolve;
  });
  const server = createServer((request, response) => {
    if (request.url === '/slow') isAsked(response);
    else response.end('hello');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, slow };
}

async function runIn(t: TestContext, rules: string, threads = '2'): Promise<{ run: RunningCommand; file: string }> {
  const cwd = await folderOf(t, { 'gateway.sluice': rules });
  const run = new RunningCommand(t, ['run', 'gateway.sluice', '--threads', threads], { cwd });
  return { run, file: join(cwd, 'gateway.sluice') };
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`run serves, and on ${signal} finishes open requests and exits with 0`, async (t) => {
    const { port, slow } = await startBackend(t);
    const { run } = await runIn(t, rulesFor(port));
    const own = await run.port();
    assert.deepEqual(await get(own, '/'), { status: 200, body: 'hello' });
    assert.equal((await get(own, '/private')).status, 403);

    const open = get(own, '/slow');
    const response = await slow;
    run.child.kill(signal);
    await run.logged(new RegExp(`^${signal}: shutting down gracefully; open requests have 30 s to complete`));
    response.end('at last');
    assert.deepEqual(await open, { status: 200, body: 'at last' });
    const { code, stderr } = await run.ended;
    assert.equal(code, 0);
    assert.equal(stderr, '');
  });
}

test('a second signal stops at once', async (t) => {
  const { port, slow } = await startBackend(t);
  const { run } = await runIn(t, rulesFor(port));
  const open = get(await run.port(), '/slow').then(
    () => 'answered',
    () => 'cut',
  );
  await slow;
  run.child.kill('SIGTERM');
  await run.logged(/^SIGTERM: shutting down gracefully/);
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 143);
  assert.equal(await open, 'cut');
});

test('SIGHUP activates changed rules; rules with problems change nothing', async (t) => {
  const { port } = await startBackend(t);
  const { run, file } = await runIn(t, rulesFor(port));
  const own = await run.port();
  assert.equal((await get(own, '/secret')).status, 200);

  await writeFile(file, rulesFor(port, 'deny 404 when path under /secret'));
  run.child.kill('SIGHUP');
  await run.logged(/^generation 2 is active$/);
  assert.equal((await get(own, '/secret')).status, 404);

  await writeFile(file, rulesFor(port, 'dney ip 10.0.0.0/8'));
  run.child.kill('SIGHUP');
  const failure = await run.logged(/^reload failed, the running rules are unchanged/);
  assert.equal(failure.level, 'error');
  const { code, file: written, line, column, problems } = failure;
  assert.deepEqual([code, written, line, column], ['SG0201', 'gateway.sluice', 3, 3]);
  assert.deepEqual(
    (problems as { code: string; line: number; message: string }[]).map((each) => [each.code, each.line]),
    [['SL0101', 3]],
  );
  assert.match(failure.msg, /gateway\.sluice:3:3 [\s\S]*unknown word `dney`/);
  assert.equal((await get(own, '/secret')).status, 404);

  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
});

test('a log line reports that the gateway is ready, with all addresses', async (t) => {
  const { port } = await startBackend(t);
  const rules = `${rulesFor(port)}settings { admin on 127.0.0.1:0 }\n`.replace('settings { drain 30s }\n', '');
  const { run } = await runIn(t, rules, '2');
  const ready = await run.logged(/^ready after \d+ ms: sluice \d+\.\d+\.\d+, process \d+, 1 listener, admin API 127/);
  assert.deepEqual(ready.listeners, { web: [`127.0.0.1:${await run.port()}`] });
  assert.match(String(ready.admin), /^127\.0\.0\.1:[1-9]\d*$/);
  assert.equal(ready.threads, 2);
  assert.equal(ready.level, 'info');
  assert.ok(Number.isInteger(ready.startupMs) && Number(ready.startupMs) > 0);
  // That of the gateway, which the supervisor has started.
  assert.notEqual(ready.pid, run.child.pid);
  process.kill(Number(ready.pid), 0);
  for (const { time } of run.lines) assert.equal(new Date(String(time)).toISOString(), time);
});

test('on a terminal, the log is plain text', async (t) => {
  const { port } = await startBackend(t);
  const cwd = await folderOf(t, { 'gateway.sluice': rulesFor(port) });
  const nodeArgs = ['--import', 'data:text/javascript,process.stdout.isTTY = true'];
  const child = start(['run', 'gateway.sluice', '--threads', '1', '--no-supervisor'], {
    cwd,
    nodeArgs,
    env: { NO_COLOR: '1' },
  });
  t.after(() => child.kill('SIGKILL'));
  let shown = '';
  for await (const text of child.stdout.setEncoding('utf8')) {
    shown += text;
    if (!child.killed && / ready after \d+ ms.*\n/.test(shown)) child.kill('SIGTERM');
  }
  for (const line of shown.trimEnd().split('\n')) assert.match(line, /^\d\d:\d\d:\d\d info {2}\S/);
});

test('a SIGHUP while the gateway starts is obeyed once it has started', async (t) => {
  const { port } = await startBackend(t);
  // A plugin that is not ready before the signal has come.
  const plugin = `export default {
    name: 'slow-start',
    apiVersion: 1,
    start({ log }) {
      log.info('waiting for SIGHUP');
      const busy = setInterval(() => {}, 1000);
      return new Promise((resolve) => process.once('SIGHUP', resolve)).finally(() => clearInterval(busy));
    },
  };`;
  const rules = `use slow-start from "./slow-start.js"\n${rulesFor(port)}`;
  const cwd = await folderOf(t, {
    'gateway.sluice': rules,
    'slow-start.js': plugin,
    'package.json': '{"type":"module"}',
  });
  const run = new RunningCommand(t, ['run', 'gateway.sluice', '--threads', '0'], { cwd });
  await run.logged(/^waiting for SIGHUP$/);
  run.child.kill('SIGHUP');
  await run.logged(/^SIGHUP: the rules will be reloaded once the gateway has started$/);
  await run.logged(/^generation 2 is active$/);
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
});

test('threads 0 serves on the main thread', async (t) => {
  const { port } = await startBackend(t);
  const { run } = await runIn(t, rulesFor(port), '0');
  assert.deepEqual(await get(await run.port(), '/'), { status: 200, body: 'hello' });
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
});

test('a port in use is one clear line, and the exit code is 1', async (t) => {
  const holder = createTcpServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  t.after(() => holder.close());
  const { port } = holder.address() as AddressInfo;
  const cwd = await folderOf(t, { 'gateway.sluice': rulesFor(9).replace('127.0.0.1:0', `127.0.0.1:${port}`) });
  const { code, stderr } = await sluice(['run', 'gateway.sluice', '--log-level', 'silent'], { cwd });
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`^sluice: listener \`web\`: address 127\\.0\\.0\\.1:${port} is in use by another process: .*\n$`),
  );
});

test('an address of another machine is one clear line', async (t) => {
  const cwd = await folderOf(t, { 'gateway.sluice': rulesFor(9).replace('127.0.0.1:0', '192.0.2.1:8080') });
  const { code, stderr } = await sluice(['run', 'gateway.sluice', '--log-level', 'silent'], { cwd });
  assert.equal(code, 1);
  assert.match(stderr, /^sluice: listener `web`: address 192\.0\.2\.1:8080 does not belong to this machine: .*\n$/);
});

test('a privileged port is one clear line', async (t) => {
  const limit = await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8').catch(() => '1024');
  if (Number(limit) <= 1) {
    t.skip('this system has no privileged ports');
    return;
  }
  const folder = await folderOf(t, { 'gateway.sluice': rulesFor(9).replace('127.0.0.1:0', '127.0.0.1:1') });
  const user = await asPlainUser(t, folder);
  if (user === null) return;
  const { code, stderr } = await sluice(['run', 'gateway.sluice', '--log-level', 'silent'], user);
  assert.equal(code, 1);
  assert.match(stderr, /^sluice: listener `web`: port 1 requires privileges: .*\n$/);
});

test('a file with problems does not start', async (t) => {
  const cwd = await folderOf(t, { 'gateway.sluice': 'listener web on 127.0.0.1:0 {\n  dney all\n}\n' });
  const { code, stdout, stderr } = await sluice(['run', 'gateway.sluice'], { cwd });
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /gateway\.sluice:2:3/);
  assert.doesNotMatch(stderr, /^ +at /m);
  const missing = await sluice(['run', 'missing.sluice'], { cwd });
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /cannot read `missing\.sluice`: there is no such file/);
});

test('run --check only checks', async (t) => {
  const cwd = await folderOf(t, { 'gateway.sluice': rulesFor(9) });
  const { code, stdout } = await sluice(['run', 'gateway.sluice', '--check'], { cwd });
  assert.equal(code, 0);
  assert.equal(stdout, '✓ gateway.sluice: no problems\n');
});
