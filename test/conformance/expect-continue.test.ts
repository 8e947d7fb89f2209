/**
 * Expect: 100-continue, and servers that answer before they have read the body.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fieldOf, ok, openStage } from '../kit/index.ts';

const stage = await openStage();
after(() => stage.close());

const HEAD = 'POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n';
const NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n';

test('a waiting client gets 100 Continue, and its body arrives', async () => {
  stage.server.play(async (wire) => {
    const head = await wire.text('\r\n\r\n');
    if (/expect: *100-continue/i.test(head)) wire.send('HTTP/1.1 100 Continue\r\n\r\n');
    const body = await wire.bytes(5);
    wire.send(ok(`got ${body}`));
  });
  const client = await stage.client();
  client.send(HEAD);
  assert.equal((await client.answer()).status, 100);
  client.send('hello');
  assert.equal((await client.answer()).body.toString(), 'got hello');
  stage.clear();
});

test('the client gets one 100, not two', async () => {
  stage.server.play(async (wire) => {
    await wire.text('\r\n\r\n');
    wire.send('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n');
    await wire.bytes(5);
    wire.send(ok('done'));
  });
  const client = await stage.client();
  client.send(HEAD);
  assert.equal((await client.answer()).status, 100);
  client.send('hello');
  let final = await client.answer();
  let more = 0;
  while (final.status === 100) {
    more++;
    final = await client.answer();
  }
  assert.equal(final.body.toString(), 'done');
  assert.ok(more <= 1, `${more} more`);
  stage.clear();
});

test('a client that does not wait is served as well', async () => {
  stage.server.play(async (wire) => {
    await wire.text('\r\n\r\n');
    const body = await wire.bytes(5);
    wire.send(ok(`got ${body}`));
  });
  const client = await stage.client();
  client.send(`${HEAD}hello`);
  let final = await client.answer();
  while (final.status < 200) final = await client.answer();
  assert.equal(final.body.toString(), 'got hello');
  stage.clear();
});

test('a server that refuses at once: the client gets the refusal, and its connection is never misread', async () => {
  stage.server.play(async (wire, index) => {
    if (index > 0) return void wire.send(ok((await wire.request()).target));
    await wire.text('\r\n\r\n');
    wire.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
  });
  const client = await stage.client();
  client.send(HEAD);
  let final = await client.answer();
  while (final.status < 200) final = await client.answer();
  assert.equal(final.status, 403);
  await stage.probe();
  // Whether it keeps the connection is its choice; when it does, five more bytes are the body and then a request follows.
  if (client.ending === 'open' && fieldOf(final, 'connection')?.toLowerCase() !== 'close') {
    client.send(`hello${NEXT}`);
    assert.equal((await client.answer()).body.toString(), '/next');
  } else {
    await client.closed();
  }
  stage.clear();
});

test('a response before the end of the body is forwarded immediately, and the rest of the body is harmless', async () => {
  stage.server.play(async (wire, index) => {
    if (index > 0) return void wire.send(ok((await wire.request()).target));
    await wire.text('\r\n\r\n');
    wire.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
  });
  const client = await stage.client();
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nhello');
  assert.equal((await client.answer()).status, 413);
  client.send('GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n');
  await stage.probe();
  const targets = stage.server.wires.slice(1).map((wire) => wire.received.toString('latin1'));
  assert.ok(!targets.some((text) => text.includes('/hidden')), 'the body is never taken for a request');
  stage.clear();
});

test('an early answer ends the use of that server connection while its request is unfinished', async () => {
  stage.server.play(async (wire, index) => {
    if (index > 0) return void wire.send(ok((await wire.request()).target));
    await wire.text('\r\n\r\n');
    wire.send(ok('early'));
  });
  const client = await stage.client();
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nhello');
  assert.equal((await client.answer()).body.toString(), 'early');
  await stage.probe();
  assert.equal(stage.server.wires.length, 2, 'the other request came over a connection of its own');
  stage.clear();
});

test('Expect from an HTTP/1.0 client is no reason to wait', async () => {
  stage.server.play(async (wire) => {
    await wire.text('\r\n\r\n');
    wire.send(ok(`got ${await wire.bytes(5)}`));
  });
  const client = await stage.client();
  client.send('POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello');
  const only = await client.answer();
  assert.equal(only.body.toString(), 'got hello');
  stage.clear();
});
