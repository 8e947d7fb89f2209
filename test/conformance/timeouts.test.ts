/**
 * What a client gets when a time is over: each time-out with its own answer. Times are set short; no test asserts how short.
 * Those of heads, idle connections and answers are in limits.test.ts.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ok, openStage } from '../kit/index.ts';

const stage = await openStage('timeout body 200ms, client 200ms', 'max 1\n  timeout queue 200ms, tunnel 200ms');
after(() => stage.close());

test('a body that stops moving gets 408, and its server’s connection ends', async () => {
  let isOver = () => {};
  const over = new Promise<void>((resolve) => {
    isOver = resolve;
  });
  stage.server.play(async (wire) => {
    await wire.text('half');
    await wire.closed();
    isOver();
  });
  const client = await stage.client();
  client.send('POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf');
  assert.equal((await client.answer()).status, 408);
  await client.closed();
  await over;
  stage.clear();
});

test('a request that waits too long for a full server gets 503, and the one before it its answer', async () => {
  let answer = () => {};
  const served = new Promise<void>((resolve) => {
    answer = resolve;
  });
  stage.server.play(async (wire) => {
    const { target } = await wire.request();
    if (target === '/slow') await served;
    wire.send(ok(target));
  });
  const first = await stage.client();
  first.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
  while (stage.server.wires.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await stage.ask('GET /late HTTP/1.1\r\nHost: a\r\n\r\n')).status, 503);
  answer();
  assert.equal((await first.answer()).body.toString(), '/slow');
  stage.clear();
});

test('a tunnel in which nothing moves is closed on both sides', async () => {
  let isOver = () => {};
  const over = new Promise<void>((resolve) => {
    isOver = resolve;
  });
  stage.server.play(async (wire) => {
    await wire.request();
    wire.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await wire.closed();
    isOver();
  });
  const client = await stage.client();
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  assert.equal((await client.answer()).status, 101);
  await client.closed();
  await over;
  stage.clear();
});

test('a client that stops reading a response is disconnected', async () => {
  stage.server.play(async (wire) => {
    await wire.request();
    wire.send(ok('x'.repeat(32 * 1024 * 1024)));
    await wire.closed();
  });
  const client = await stage.client();
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await client.text('xxxx');
  client.socket.pause();
  const gone = new Promise((resolve) => stage.server.wires[0]!.socket.once('close', resolve));
  await gone;
  client.socket.resume();
  assert.equal(await client.closed(), 'reset');
  stage.clear();
});
