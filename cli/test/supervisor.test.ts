/**
 * The supervisor of `sluice run`, with real gateways that really crash.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, freePort } from '@sluice/plugin-kit';
import { isSupervisable } from '../src/supervisor/index.ts';
import { KeptSockets } from '../src/supervisor/kept-sockets.ts';
import { MOST_FAILED_STARTS, Restarts, STEADY_MS } from '../src/supervisor/restarts.ts';
import { ended, folderOf, get, type LogLine, RunningCommand, start } from './sluice.ts';

interface Backend {
  readonly port: number;
  /** slow resolves to the answer of the next request for /slow, which is the test's to give. */
  slow(): Promise<ServerResponse>;
}

async function startBackend(t: TestContext): Promise<Backend> {
  let isAsked: (response: ServerResponse) => void = () => {};
  const server = createServer((request, response) => {
    if (request.url === '/slow') isAsked(response);
    else response.end('hello');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const slow = () =>
    new Promise<ServerResponse>((resolve) => {
      isAsked = resolve;
    });
  return { port: (server.address() as AddressInfo).port, slow };
}

/** A plugin that does what the environment says as the gateway starts: the file `crash` makes it crash. */
/** The stack of an error in the gateway's own code: what plugins throw late is contained. */
const OWN = JSON.stringify(`Error: a late mistake\n    at late (${import.meta.resolve('@sluice/core')}:1:1)`);

const CRASHING = `import { existsSync } from 'node:fs';
export default {
  name: 'crashing',
  apiVersion: 1,
  start({ log }) {
    log.info('starting');
    if (existsSync('crash')) process.kill(process.pid, 'SIGSEGV');
    process.on('SIGUSR1', () => setImmediate(() => { throw Object.assign(new Error('a late mistake'), { stack: ${OWN} }); }));
  },
};
`;

interface Supervised {
  readonly run: RunningCommand;
  readonly port: number;
  readonly folder: string;
  readonly file: string;
  /** gateway is the process that serves: the last one that said that it listens. */
  gateway(): number;
}

const isListening = /^listener web is on /;

async function runSupervised(t: TestContext, server = 9, args: readonly string[] = []): Promise<Supervised> {
  const port = await freePort();
  const rules = `use crashing from "./crashing.js"
listener web on 127.0.0.1:${port} { otherwise send to app }
backend app of 127.0.0.1:${server}
settings { drain 30s }
`;
  const folder = await folderOf(t, {
    'gateway.sluice': rules,
    'crashing.js': CRASHING,
    'package.json': '{"type":"module"}',
  });
  const run = new RunningCommand(t, ['run', 'gateway.sluice', '--threads', '2', '--log-level', 'debug', ...args], {
    cwd: folder,
  });
  await run.logged(args.includes('--no-supervisor') ? isListening : /^the gateway serves, as process /);
  await run.logged(isListening);
  const gateway = () => pidOf(run.lines.findLast(({ msg }) => isListening.test(msg))!);
  t.after(() => endProcess(gateway()));
  return { run, port, folder, file: join(folder, 'gateway.sluice'), gateway };
}

function pidOf(line: LogLine): number {
  return (line as LogLine & { readonly pid: number }).pid;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

function endProcess(pid: number): void {
  if (lives(pid)) process.kill(pid, 'SIGKILL');
}

for (const signal of ['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGKILL'] as const) {
  test(`a gateway that ends by ${signal} is started again, and serves`, async (t) => {
    const { port: server } = await startBackend(t);
    const { run, port, gateway } = await runSupervised(t, server);
    assert.deepEqual(await get(port, '/'), { status: 200, body: 'hello' });
    const before = gateway();
    assert.notEqual(before, run.child.pid);
    process.kill(before, signal);
    await run.logged(new RegExp(`^the gateway crashed \\(${signal}\\); it is restarted at once, crash 1$`));
    const again = await run.logged(/^the gateway was restarted as process \d+ and serves again after \d+ ms$/);
    assert.equal(pidOf(again), run.child.pid, 'the supervisor says so');
    await eventually('the new gateway to say so', () => gateway() !== before);
    assert.equal(lives(run.child.pid!), true);
    assert.deepEqual(await get(port, '/'), { status: 200, body: 'hello' });
    run.child.kill('SIGTERM');
    const { code, stderr } = await run.ended;
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  });
}

test('a crash under load costs what was open, and nothing afterwards', async (t) => {
  const { port: server } = await startBackend(t);
  const { run, port, gateway } = await runSupervised(t, server);
  let isOver = false;
  let answered = 0;
  const load = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      await get(port, '/').then(
        () => answered++,
        () => new Promise((resolve) => setImmediate(resolve)),
      );
    }
  });
  process.kill(gateway(), 'SIGSEGV');
  await run.logged(/ serves again after /);
  const before = answered;
  for (let count = 0; count < 50; count++) assert.equal((await get(port, '/')).status, 200);
  isOver = true;
  await Promise.all(load);
  assert.ok(answered > before);
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
});

for (const threads of ['1', '2']) {
  test(`connections that come while the gateway is restarted wait for it (threads ${threads})`, async (t) => {
    const { port: server } = await startBackend(t);
    const { run, port, gateway } = await runSupervised(t, server, ['--threads', threads]);
    for (let crash = 1; crash <= 2; crash++) {
      const before = gateway();
      process.kill(before, 'SIGSEGV');
      await run.logged(new RegExp(`crash ${crash}$`));
      assert.equal(gateway(), before, 'there is no other one yet');
      const waiting = Array.from({ length: 20 }, () => get(port, '/'));
      for (const answer of waiting) assert.deepEqual(await answer, { status: 200, body: 'hello' });
      await eventually('the new gateway to say so', () => gateway() !== before);
      await eventually('the supervisor to say so', () => servedAgain(run) === crash);
    }
    run.child.kill('SIGTERM');
    assert.equal((await run.ended).code, 0);
    await assert.rejects(get(port, '/'), { code: 'ECONNREFUSED' });
  });
}

/** How often the gateway has served again after a crash. */
function servedAgain(run: RunningCommand): number {
  return run.lines.filter(({ msg }) => / serves again after /.test(msg)).length;
}

test('a port that the system chose stays the same over a crash', async (t) => {
  const { run, file, gateway } = await runSupervised(t);
  writeFileSync(file, 'listener web on 127.0.0.1:0, 127.0.0.1:0 { otherwise deny 418 }\n');
  const from = run.lines.length;
  run.child.kill('SIGHUP');
  const { msg } = await run.logged(isListening, from);
  await run.logged(/^generation 2 is active$/);
  const ports = Array.from(msg.matchAll(/127\.0\.0\.1:(\d+)/g), ([, port]) => Number(port));
  await eventually('the supervisor to have the sockets', () => ports.every((port) => keeps(run.child.pid!, port)));
  const again = run.lines.length;
  process.kill(gateway(), 'SIGSEGV');
  assert.equal((await run.logged(isListening, again)).msg, msg);
  for (const port of ports) assert.equal((await get(port, '/')).status, 418);
});

test('a listener that a reload took away is refused, also when the gateway crashes afterwards', async (t) => {
  const { run, file, port, gateway } = await runSupervised(t);
  const other = await freePort();
  writeFileSync(file, `listener web on 127.0.0.1:${other} { otherwise deny 418 }\n`);
  run.child.kill('SIGHUP');
  await run.logged(/^generation 2 is active$/);
  await eventually('the old address to be given up', () => isRefused(port));
  process.kill(gateway(), 'SIGSEGV');
  await run.logged(/ serves again after /);
  assert.equal(await isRefused(port), true);
  assert.equal((await get(other, '/')).status, 418);
});

test('rules that have lost an address while the gateway was down have its socket closed', async (t) => {
  const { run, file, port, gateway } = await runSupervised(t);
  const other = await freePort();
  writeFileSync(file, `listener web on 127.0.0.1:${other} { otherwise deny 418 }\n`);
  process.kill(gateway(), 'SIGSEGV');
  await run.logged(/ serves again after /);
  assert.equal(await isRefused(port), true);
  assert.equal((await get(other, '/')).status, 418);
});

/** keeps: a process has a descriptor of every socket that listens on a port. */
function keeps(pid: number, port: number): boolean {
  const held = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`)));
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, address, , state]) => address?.endsWith(local) === true && state === '0A');
  return sockets.length > 0 && sockets.every((columns) => held.has(`socket:[${columns[9]}]`));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // It was closed meanwhile.
    return '';
  }
}

function isRefused(port: number): Promise<boolean> {
  return get(port, '/').then(
    () => false,
    ({ code }: NodeJS.ErrnoException) => code === 'ECONNREFUSED',
  );
}

test('a data thread that is replaced leaves no socket behind that nobody serves', async (t) => {
  const { port: server } = await startBackend(t);
  const port = await freePort();
  const folder = await folderOf(t, {
    'gateway.sluice': `use ending from "./ending.js"
listener web on 127.0.0.1:${port} {
  deny when ending is yes
  otherwise send to app
}
backend app of 127.0.0.1:${server}
`,
    'ending.js': `export default {
  name: 'ending',
  apiVersion: 1,
  words: [{ kind: 'field', name: 'ending', doc: 'Ends the thread.', example: 'ending is yes', phase: 'request',
    type: 'text', operators: ['is'], defaultOperator: 'is', isOptional: true, index: 'text' }],
  data: import.meta.url,
};
export const fields = { ending: (facts) => (facts.path === '/end' ? process.exit(3) : 'no') };
`,
    'package.json': '{"type":"module"}',
  });
  const run = new RunningCommand(t, ['run', 'gateway.sluice', '--threads', '2', '--log-level', 'debug'], {
    cwd: folder,
  });
  await run.logged(/^the gateway serves, as process /);
  await assert.rejects(get(port, '/end'));
  await run.logged(/^data thread \d was replaced$/);
  for (let count = 0; count < 40; count++) assert.equal((await get(port, '/')).status, 200);
  const pid = pidOf(await run.logged(isListening));
  process.kill(pid, 'SIGSEGV');
  await run.logged(/ serves again after /);
  for (let count = 0; count < 40; count++) assert.equal((await get(port, '/')).status, 200);
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
});

test('an uncaught error restarts a gateway that was serving', async (t) => {
  const { port: server } = await startBackend(t);
  const { run, port } = await runSupervised(t, server);
  run.child.kill('SIGUSR1');
  await run.logged(/^the gateway ended with code 1; it is restarted at once, crash 1$/);
  await run.logged(/ serves again after /);
  assert.equal((await get(port, '/')).status, 200);
  run.child.kill('SIGTERM');
  const { code, stderr } = await run.ended;
  assert.equal(code, 0);
  assert.match(stderr, /a late mistake/);
});

test('a gateway that crashes each time it starts is given up, with the exit code of the crash', async (t) => {
  const folder = await folderOf(t, {
    'gateway.sluice': 'use crashing from "./crashing.js"\nlistener web on 127.0.0.1:0 { otherwise deny 404 }\n',
    'crashing.js': CRASHING,
    'package.json': '{"type":"module"}',
    crash: '',
  });
  const run = new RunningCommand(t, ['run', 'gateway.sluice', '--threads', '0'], { cwd: folder });
  const { code } = await run.ended;
  assert.equal(code, 139);
  const restarts = run.lines.filter(({ msg }) => /^the gateway crashed \(SIGSEGV\); it is restarted /.test(msg));
  assert.equal(restarts.length, MOST_FAILED_STARTS - 1);
  const last = run.lines.at(-1)!;
  assert.match(last.msg, /^the gateway crashed \(SIGSEGV\) before it served, 5 times in a row; given up$/);
  assert.equal(last.level, 'fatal');
});

test('a gateway that cannot start the first time ends the command at once, as it would alone', async (t) => {
  const folder = await folderOf(t, { 'gateway.sluice': 'listener web on 127.0.0.1:0 { otherwise send to nobody }\n' });
  const alone = await ended(start(['run', 'gateway.sluice', '--no-supervisor'], { cwd: folder }));
  const supervised = await ended(start(['run', 'gateway.sluice'], { cwd: folder }));
  assert.equal(alone.code, 1);
  assert.deepEqual(supervised, alone);
});

test('a gateway that crashed and cannot start any more is given up with its exit code', async (t) => {
  const { run, file, gateway } = await runSupervised(t);
  writeFileSync(file, 'listener web on 127.0.0.1:0 { otherwise send to nobody }');
  process.kill(gateway(), 'SIGSEGV');
  const { code, stderr } = await run.ended;
  assert.equal(code, 1);
  assert.match(run.lines.at(-1)!.msg, /^the gateway ended with code 1 before it served, 5 times in a row; given up$/);
  assert.equal(stderr.match(/^SL\d+ gateway\.sluice:1/gm)?.length, MOST_FAILED_STARTS);
});

test('a stop that reaches both processes, as from a terminal or a service manager, is one', async (t) => {
  const backend = await startBackend(t);
  const { run, port, gateway } = await runSupervised(t, backend.port);
  const asked = backend.slow();
  const open = get(port, '/slow');
  const response = await asked;
  process.kill(gateway(), 'SIGTERM');
  run.child.kill('SIGTERM');
  await run.logged(/^SIGTERM: shutting down gracefully; open requests have 30 s to complete/);
  run.child.kill('SIGHUP');
  await run.logged(/^SIGHUP: not reloaded, the gateway is /);
  response.end('at last');
  assert.deepEqual(await open, { status: 200, body: 'at last' });
  assert.equal((await run.ended).code, 0);
  assert.equal(
    run.lines.some(({ msg }) => msg.includes('stopped immediately')),
    false,
  );
});

test('a gateway whose supervisor is killed finishes open requests and exits', async (t) => {
  const backend = await startBackend(t);
  const { run, port, gateway } = await runSupervised(t, backend.port);
  const pid = gateway();
  const asked = backend.slow();
  const open = get(port, '/slow');
  const response = await asked;
  run.child.kill('SIGKILL');
  await run.logged(/^the supervisor has died: shutting down gracefully; open requests have 30 s to complete/);
  assert.equal(lives(pid), true);
  response.end('at last');
  assert.deepEqual(await open, { status: 200, body: 'at last' });
  await eventually('the gateway to be gone', () => !lives(pid));
});

test('SIGTERM while the gateway waits to be restarted ends the command with 0', async (t) => {
  const { run, folder, gateway } = await runSupervised(t);
  writeFileSync(join(folder, 'crash'), '');
  process.kill(gateway(), 'SIGSEGV');
  // The second crash has it wait: long enough for the signal to come first.
  await run.logged(/it is restarted in \d{3,} ms, failed start 3 of 5$/);
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
  assert.match(run.lines.at(-1)!.msg, /^SIGTERM: stopped; the gateway had crashed, and was not running$/);
});

test('SIGHUP while the gateway is restarted is a reload once it serves', async (t) => {
  const { run, gateway, folder } = await runSupervised(t);
  writeFileSync(join(folder, 'crash'), '');
  process.kill(gateway(), 'SIGSEGV');
  await run.logged(/failed start 1 of 5$/);
  run.child.kill('SIGHUP');
  await run.logged(/failed start 2 of 5$/);
  const { rm } = await import('node:fs/promises');
  await rm(join(folder, 'crash'));
  const from = run.lines.length;
  await run.logged(isListening, from);
  await run.logged(/^generation 2 is active$/, from);
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
});

test('--no-supervisor is one process, which a crash ends', async (t) => {
  const { run, gateway } = await runSupervised(t, 9, ['--no-supervisor']);
  assert.equal(gateway(), run.child.pid);
  const [, signal] = await (async () => {
    const exit = once(run.child, 'exit');
    run.child.kill('SIGSEGV');
    return exit;
  })();
  assert.equal(signal, 'SIGSEGV');
});

test('the supervisor uses the log level of the command line', async (t) => {
  const { run, gateway } = await runSupervised(t, 9, ['--log-level=debug']);
  assert.ok(run.lines.length > 0);
  process.kill(gateway(), 'SIGSEGV');
  await run.logged(/ serves again after /);
  const folder = await folderOf(t, {
    'gateway.sluice': 'use crashing from "./crashing.js"\nlistener web on 127.0.0.1:0 { otherwise deny 404 }\n',
    'crashing.js': CRASHING,
    'package.json': '{"type":"module"}',
    crash: '',
  });
  const silent = await ended(start(['run', 'gateway.sluice', '--log-level', 'silent'], { cwd: folder }));
  assert.deepEqual(silent, { code: 139, stdout: '', stderr: '' });
  assert.equal(existsSync(join(folder, 'crash')), true);
});

test('only `run` of a gateway has a supervisor, and no debugger has', () => {
  const argv = (...args: string[]) => ['node', 'sluice', ...args];
  assert.equal(isSupervisable(argv('run', 'gateway.sluice')), true);
  assert.equal(isSupervisable(argv('run', 'gateway.sluice', '--threads', '2')), true);
  assert.equal(isSupervisable(argv('run', '--', '--check')), true);
  for (const args of [['check', 'run'], ['run'], [], ['run', '--help'], ['run', '-h'], ['run', 'x', '--check']])
    assert.equal(isSupervisable(argv(...args)), false, args.join(' '));
  process.execArgv.push('--inspect=0');
  assert.equal(isSupervisable(argv('run', 'gateway.sluice')), false);
  process.execArgv.pop();
});

test('restarts come at once, then later and later, and at once again after a steady time', () => {
  let now = 0;
  const restarts = new Restarts(() => now);
  const delays: (number | null)[] = [];
  for (let count = 0; count < 9; count++) {
    restarts.ready();
    now += STEADY_MS - 1;
    delays.push(restarts.crashed());
  }
  assert.deepEqual(delays, [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  restarts.ready();
  now += STEADY_MS;
  assert.equal(restarts.crashed(), 0);
  assert.equal(restarts.crashes, 1);
});

test('what never gets as far as serving is given up, and serving in between starts the count again', () => {
  const restarts = new Restarts(() => 0);
  for (let count = 1; count < MOST_FAILED_STARTS; count++) assert.notEqual(restarts.crashed(), null);
  restarts.ready();
  for (let count = 0; count < MOST_FAILED_STARTS; count++) assert.notEqual(restarts.crashed(), null);
  assert.equal(restarts.crashed(), null);
});

test('with threads 0 no socket is kept, and a restart binds again', async (t) => {
  const { port: server } = await startBackend(t);
  const { run, port, gateway } = await runSupervised(t, server, ['--threads', '0']);
  process.kill(gateway(), 'SIGSEGV');
  await run.logged(/ serves again after /);
  assert.deepEqual(await get(port, '/'), { status: 200, body: 'hello' });
  run.child.kill('SIGTERM');
  assert.equal((await run.ended).code, 0);
  assert.equal(await isRefused(port), true);
});

test('sockets that two gateways share are closed when neither has them, and socket files are not shared', () => {
  const closed: string[] = [];
  const [old, next] = [new KeptSockets(), new KeptSockets()];
  const keep = (thread: number, key: string, port = 1, isFile = false) =>
    old.keep({ thread, key, port, isFile, isLent: false, handle: { close: () => closed.push(`${key}${thread}`) } });
  for (const thread of [0, 1]) keep(thread, 'a');
  for (const thread of [0, 1]) keep(thread, 'gone');
  keep(1, 'file', 0, true);
  keep(1, 'abstract', 0);
  keep(0, 'half');
  const names = old.share(next, ['a', 'file', 'abstract', 'half'], 2).map(({ thread, key }) => `${key}${thread}`);
  assert.deepEqual(names.sort(), ['a0', 'a1', 'abstract1']);
  assert.deepEqual(closed, []);
  old.leave(next);
  old.dropWhere(() => true);
  assert.deepEqual(closed.splice(0).sort(), ['file1', 'gone0', 'gone1', 'half0']);
  next.dropWhere(() => true);
  assert.deepEqual(closed.sort(), ['a0', 'a1', 'abstract1']);
});

test('of kept sockets, whole sets of one for each thread are handed over, and all others closed', () => {
  const closed: string[] = [];
  const sockets = new KeptSockets();
  const keep = (thread: number, key: string, name = `${key}${thread}`) =>
    sockets.keep({ thread, key, port: 1, isFile: false, isLent: false, handle: { close: () => closed.push(name) } });
  for (const thread of [0, 1]) keep(thread, 'a');
  for (const thread of [0, 1, 2]) keep(thread, 'three');
  for (const thread of [0, 1]) keep(thread, 'gone');
  keep(1, 'half');
  keep(0, 'a', 'again');
  assert.deepEqual(closed.splice(0), ['a0'], 'one that is bound again takes the place of the one before');
  const names = sockets.claim(['a', 'three', 'half'], 2).map(({ thread, key }) => `${key}${thread}`);
  assert.deepEqual(names.sort(), ['a0', 'a1']);
  assert.deepEqual(closed.splice(0).sort(), ['gone0', 'gone1', 'half1', 'three0', 'three1', 'three2']);
  sockets.drop({ thread: 1, key: 'a' });
  sockets.drop({ thread: 1, key: 'unknown' });
  sockets.dropWhere(() => true);
  assert.deepEqual(closed, ['a1', 'again']);
  assert.deepEqual(sockets.claim(['a'], 2), []);
});
