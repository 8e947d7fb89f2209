import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Conversation, failed, passed } from '../../src/probe/conversation.ts';
import { converse } from '../../src/probe/converse.ts';

/** start is a server that does with each connection what it is told. Returns its port. */
async function start(t: TestContext, accept: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    accept(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const target = (port: number) => ({ backend: 'app', server: 'web1', address: { host: '127.0.0.1', port } });
const NEVER = new AbortController().signal;

/** A line is asked for, and the whole of what came is the result. */
function line(opening: string | null): Conversation {
  return {
    opening,
    receive(bytes, hasEnded) {
      if (bytes.includes('\n')) return { result: passed(bytes.toString()) };
      return hasEnded ? { result: failed(`ended after ${bytes.toString()}`) } : null;
    },
  };
}

test('sockets are used again, and a probe hears its own server alone, however the one before ended', async (t) => {
  // Each server says too much, too little, or hangs up half-way: what is left of that must not be the next one's answer.
  const chatty = await start(t, (socket) => socket.write(`chatty\n${'x'.repeat(100_000)}`));
  const short = await start(t, (socket) => socket.end('sho'));
  const resetting = await start(t, (socket) => socket.once('data', () => socket.resetAndDestroy()));
  const closing = await start(t, (socket) => socket.end('closing\n'));
  const exact = await start(t, (socket) => socket.once('data', (asked) => socket.write(`exact ${asked}\n`)));
  const silent = await start(t, () => {});
  const kinds: readonly [port: number, expected: (id: number) => ReturnType<typeof passed> | null][] = [
    [chatty, () => null],
    [short, () => failed('ended after sho')],
    [resetting, () => failed('connection closed without an answer')],
    [closing, () => passed('closing\n')],
    [exact, (id) => passed(`exact ${id}\n`)],
    [silent, () => failed('no answer in time')],
  ];
  let id = 0;
  for (let round = 0; round < 60; round++) {
    const probes = Array.from({ length: 12 }, async (_, at) => {
      const own = id++;
      const [port, expected] = kinds[(own * 7 + round + at) % kinds.length]!;
      const aborting = new AbortController();
      const probe = converse(target(port), aborting.signal, line(String(own)));
      if (port === silent) setImmediate(() => setImmediate(() => aborting.abort()));
      const result = await probe;
      const right = expected(own);
      if (right === null) assert.match(result.reason, /^chatty\nx*$/);
      else if (port === silent) assert.match(result.reason, /^no (answer|connection) in time$/);
      else assert.deepEqual(result, right);
    });
    await Promise.all(probes);
  }
});

test('an abort that comes late, or twice, does not end the probe that uses the socket next', async (t) => {
  const port = await start(t, (socket) => socket.once('data', (asked) => socket.write(`${asked}\n`)));
  let before = new AbortController();
  for (let round = 0; round < 200; round++) {
    const aborting = new AbortController();
    const probe = converse(target(port), aborting.signal, line(String(round)));
    before.abort();
    assert.deepEqual(await probe, passed(`${round}\n`));
    before = aborting;
  }
});

test('connections alone are made and reset with sockets used again, while some are refused', async (t) => {
  const sockets = new Set<unknown>();
  const made = (message: unknown): void => void sockets.add((message as { socket: Socket }).socket);
  subscribe('net.client.socket', made);
  t.after(() => unsubscribe('net.client.socket', made));
  let accepted = 0;
  const port = await start(t, () => accepted++);
  const gone = createServer();
  gone.listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const closed = (gone.address() as AddressInfo).port;
  gone.close();
  await once(gone, 'close');
  for (let round = 0; round < 50; round++) {
    const results = await Promise.all(
      [port, closed, port, port, closed].map((to) => converse(target(to), NEVER, null)),
    );
    const well = { status: 'passed', reason: 'connected' };
    const refused = { status: 'failed', reason: 'connection refused' };
    assert.deepEqual(results, [well, refused, well, well, refused]);
  }
  assert.ok(accepted <= 150);
  // Five at once, and a new one for each that was refused.
  assert.ok(sockets.size <= 5 + 100, `${sockets.size} sockets for 250 connections`);
});

test('a PROXY header reaches the server before the connection of a check ends, though nothing else is said', async (t) => {
  const said = Promise.withResolvers<string>();
  const port = await start(t, (socket) => {
    let all = '';
    socket.on('data', (chunk) => {
      all += chunk.toString('latin1');
    });
    socket.on('end', () => said.resolve(all));
    socket.on('error', said.reject);
  });
  const result = await converse({ ...target(port), sendProxy: 'v1' }, NEVER, null);
  assert.deepEqual(result, { status: 'passed', reason: 'connected' });
  assert.match(await said.promise, /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n$/);
});
