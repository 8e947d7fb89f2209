import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tryCheck } from '@sluice/plugin-kit';
import plugin from '../src/index.ts';

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const probe = (host: string, port: number, signal?: AbortSignal) =>
  tryCheck(plugin, 'tcp', { host, port }, signal === undefined ? {} : { signal });

test('a server that accepts passes, and its connection is reset', async (t) => {
  const server = createServer();
  const ended = new Promise<string>((resolve) => {
    server.once('connection', (socket) => {
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
      socket.on('close', () => resolve('closed'));
      socket.resume();
    });
  });
  const port = await listen(t, server);
  assert.deepEqual(await probe('127.0.0.1', port), { status: 'passed', reason: 'connected' });
  assert.equal(await ended, 'ECONNRESET');
});

test('a closed port fails', async (t) => {
  const server = createServer();
  const port = await listen(t, server);
  server.close();
  await once(server, 'close');
  assert.deepEqual(await probe('127.0.0.1', port), { status: 'failed', reason: 'connection refused' });
});

test('a Unix socket is checked too', async (t) => {
  const path = join(tmpdir(), `sluice-check-tcp-${process.pid}.sock`);
  assert.deepEqual(await tryCheck(plugin, 'tcp', { path }), { status: 'failed', reason: 'no such socket' });
  const server = createServer((socket) => socket.on('error', () => {}));
  server.listen(path);
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    await rm(path, { force: true });
  });
  assert.deepEqual(await tryCheck(plugin, 'tcp', { path }), { status: 'passed', reason: 'connected' });
});

test('an aborted probe fails immediately and releases its signal', async () => {
  const aborting = new AbortController();
  // Nothing answers for an address of a documentation range; where there is no route at all, the reason is another one.
  const pending = probe('192.0.2.1', 9, aborting.signal);
  aborting.abort();
  assert.deepEqual(await pending, { status: 'failed', reason: 'no connection in time' });
  assert.deepEqual(await probe('127.0.0.1', 9, aborting.signal), {
    status: 'failed',
    reason: 'stopped before it began',
  });
});
