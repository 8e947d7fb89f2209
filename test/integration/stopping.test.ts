/**
 * Starting and stopping as an operator sees it: ports in use, SIGTERM under load, a second signal.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  connectTo,
  Load,
  ok,
  plainRules,
  RawServer,
  runSluice,
  sluice,
  startNamedServer,
  temporaryFolder,
} from '../kit/index.ts';

test('a port in use is reported in one line that names it, with exit code 1', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  try {
    const file = join(temporaryFolder(), 'gateway.sluice');
    writeFileSync(file, plainRules([{ host: '127.0.0.1', port: 1 }], '', '', port));
    const program = sluice('run', file);
    const { code } = await program.exited;
    assert.equal(code, 1, program.output);
    assert.match(program.output, new RegExp(`${port}.*(in use|already)|(in use|already).*${port}`));
    assert.ok(!/\n\s+at /.test(program.output), `no stack: ${program.output}`);
  } finally {
    taken.close();
  }
});

test('a port that another gateway has is in use too, although ports can be shared', async () => {
  const first = await runSluice((port) => plainRules([{ host: '127.0.0.1', port: 1 }], '', '', port), '--threads', '2');
  try {
    const second = sluice('run', first.file);
    const { code } = await second.exited;
    assert.equal(code, 1, second.output);
    assert.match(second.output, new RegExp(String(first.address.port)));
    assert.ok(!first.program.hasExited);
  } finally {
    await first.stop();
  }
});

test('SIGTERM finishes every open request, accepts no new one, and exits with 0', async () => {
  const release: (() => void)[] = [];
  const server = await RawServer.start(async (wire) => {
    for (;;) {
      const { target } = await wire.request();
      release.push(() => wire.send(ok(target)));
    }
  });
  const gateway = await runSluice((port) => plainRules([server.address], '', '', port), '--threads', '2');
  try {
    const clients = await Promise.all(Array.from({ length: 30 }, () => connectTo(gateway.address)));
    for (const [at, client] of clients.entries()) client.send(`GET /${at} HTTP/1.1\r\nHost: a\r\n\r\n`);
    while (release.length < clients.length) await new Promise((resolve) => setImmediate(resolve));
    gateway.program.signal('SIGTERM');
    await gateway.program.printed(/SIGTERM/);
    let isRefused = false;
    while (!isRefused) {
      isRefused = await connectTo(gateway.address).then(
        (wire) => {
          wire.destroy();
          return false;
        },
        () => true,
      );
    }
    assert.ok(!gateway.program.hasExited, 'it waits for what is open');
    for (const answer of release) answer();
    for (const [at, client] of clients.entries()) {
      const answer = await client.answer();
      assert.equal(answer.body.toString(), `/${at}`);
    }
    const { code, signal } = await gateway.program.exited;
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, gateway.program.output);
  } finally {
    await gateway.stop();
    await server.stop();
  }
});

test('SIGTERM under load cuts off no request', async () => {
  const server = await startNamedServer('one');
  const gateway = await runSluice((port) => plainRules([server.address], '', '', port), '--threads', '2');
  const load = new Load(gateway.address, { connections: 12, asksAgain: true });
  try {
    await load.more(500);
    gateway.program.signal('SIGTERM');
    const { code } = await gateway.program.exited;
    await load.stop();
    assert.equal(code, 0, gateway.program.output);
    const cut = load.failures.filter((reason) => !reason.includes('ECONNREFUSED') && !isBacklog(reason));
    assert.deepEqual(cut, []);
  } finally {
    await load.stop();
    await gateway.stop();
    await server.program.stop();
  }
});

/**
 * A connection that the kernel had accepted but the gateway had not is reset when the listening socket closes: its request was
 * never read.
 */
function isBacklog(reason: string): boolean {
  return /^(connecting|on a new connection): .*(ECONNRESET|EPIPE|connection reset)/s.test(reason);
}

test('a second signal stops at once', async () => {
  const server = await RawServer.start(async (wire) => void (await wire.closed()));
  const gateway = await runSluice((port) => plainRules([server.address], '', '', port));
  try {
    const client = await connectTo(gateway.address);
    client.send('GET /never HTTP/1.1\r\nHost: a\r\n\r\n');
    while (server.wires.length === 0) await new Promise((resolve) => setImmediate(resolve));
    gateway.program.signal('SIGTERM');
    await gateway.program.printed(/SIGTERM/);
    gateway.program.signal('SIGINT');
    const { code } = await gateway.program.exited;
    assert.notEqual(code, 0);
  } finally {
    await gateway.stop();
    await server.stop();
  }
});
