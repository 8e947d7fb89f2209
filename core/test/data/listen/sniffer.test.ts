import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, request, until } from '../fixtures/sockets.ts';
import { Stage } from '../fixtures/stage.ts';

const LIMIT = { timeout: 20_000 };
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** Type, flags and stream of the first frame of a server that speaks HTTP/2: SETTINGS on the connection. */
const SETTINGS = '\x04\x00\x00\x00\x00\x00';

test('a silent connection is closed after its idle time, without a response', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering], listener: { idleMs: 50 } });
  const client = stage.client();
  assert.equal(await client.ended(), '');
});

test('a part of a preface is a part of a head: it gets 408 when its time is over', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering], listener: { headerMs: 50 } });
  for (const part of ['P', 'PRI * H', PREFACE.slice(0, -1)]) {
    const client = stage.client();
    client.send(part);
    assert.match(await client.ended(), /^HTTP\/1\.1 408 /, JSON.stringify(part));
  }
});

test('a partial preface followed by FIN gets no response', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const client = stage.client();
  client.send('PRI * HT');
  client.socket.end();
  assert.equal(await client.ended(), '');
});

test('a preface that comes byte by byte begins HTTP/2', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const client = stage.client();
  for (const byte of PREFACE) {
    client.send(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await client.has(SETTINGS)).indexOf(SETTINGS), 3);
});

test('a method that begins like the preface is HTTP/1, in however many pieces it comes', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  for (const method of ['PUT', 'PROPFIND', 'PRI']) {
    const client = stage.client();
    for (const byte of request('/x', 'Connection: close\r\n').replace('GET', method)) {
      client.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.match(await client.ended(), /^HTTP\/1\.1 /, method);
  }
});

test('a sniffed connection is counted once, and uncounted when it is closed', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const silent = stage.client();
  const http1 = stage.client();
  http1.send(request('/1'));
  await http1.has('/1');
  const http2 = stage.client();
  http2.send(PREFACE);
  await http2.has(SETTINGS);
  const { connections, connectionsClosed } = stage.counters;
  assert.deepEqual([connections, connectionsClosed], [3, 0]);
  for (const client of [silent, http1, http2]) client.socket.resetAndDestroy();
  await until(() => stage.counters.connectionsClosed === 3);
  assert.equal(stage.counters.connections, 3);
});
