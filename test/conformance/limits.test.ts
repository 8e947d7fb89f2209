/**
 * Limits and timeouts: 413, 408, 504, idle connections. Times are set short; no test asserts how short.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { answering, ok, openStage, readRequests } from '../kit/index.ts';

const small = await openStage('body at most 1000B\n  timeout header 200ms, idle 300ms', 'timeout response 200ms');
after(() => small.close());

const post = (fields: string, body: string) => `POST /up HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`;

function unseen(): void {
  for (const wire of small.server.wires) {
    const { requests, fault } = readRequests(wire.received);
    assert.equal(fault, null);
    assert.ok(!requests.some((request) => request.target === '/up'), 'the server saw no end of it');
  }
}

describe('413', () => {
  test('a length over the limit is refused before anything is forwarded', () =>
    small.refused(post('Content-Length: 1001', 'x'.repeat(1001)), [413]));

  test('a body at the limit passes', async () => {
    small.server.play(answering((request) => ok(String(request.body.length))));
    assert.equal((await small.ask(post('Content-Length: 1000', 'x'.repeat(1000)))).body.toString(), '1000');
    small.clear();
  });

  test('chunks that grow over the limit are cut off', async () => {
    small.server.play(answering());
    const client = await small.client();
    const chunk = `100\r\n${'x'.repeat(256)}\r\n`;
    client.send(post('Transfer-Encoding: chunked', `${chunk.repeat(5)}0\r\n\r\n`));
    assert.equal((await client.answer()).status, 413);
    await client.closed();
    await small.probe();
    unseen();
    small.clear();
  });

  test('a chunk that exceeds the limit is refused by its declared size', async () => {
    small.server.play(answering());
    const client = await small.client();
    client.send(post('Transfer-Encoding: chunked', 'ffffff\r\n'));
    assert.equal((await client.answer()).status, 413);
    await client.closed();
    unseen();
    small.clear();
  });

  test('a client that waits for 100 gets 413 in its place', async () => {
    small.server.play(answering());
    const answer = await small.ask(post('Content-Length: 1001\r\nExpect: 100-continue', ''));
    assert.equal(answer.status, 413);
    small.clear();
  });
});

describe('timeouts', () => {
  test('a head that does not come to its end gets 408 and a close', async () => {
    const client = await small.client();
    client.send('GET / HTTP/1.1\r\nHost: a\r\nX-Slow');
    assert.equal((await client.answer()).status, 408);
    await client.closed();
    small.clear();
  });

  test('a head that trickles is not given more time for each byte', async () => {
    const client = await small.client();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n');
    const trickle = setInterval(() => client.send('X: y\r\n'), 20);
    try {
      await client.closed();
      assert.ok(client.received.length === 0 || client.received.includes(' 408 '), 'a 408 or nothing');
    } finally {
      clearInterval(trickle);
    }
    small.clear();
  });

  test('a silent connection is closed', async () => {
    const client = await small.client();
    await client.closed();
    assert.ok(client.received.length === 0 || client.received.includes(' 408 '), 'a 408 or nothing');
    small.clear();
  });

  test('a kept connection with nothing to do is closed without a word', async () => {
    small.server.play(answering());
    const client = await small.client();
    client.send('GET /once HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.answer();
    assert.equal(await client.closed(), 'ended');
    assert.equal(client.pending.length, 0);
    small.clear();
  });

  test('a server that does not answer costs 504, and its connection', async () => {
    small.server.play(async (wire) => {
      const { target } = await wire.request();
      if (target !== '/mute') return void wire.send(ok(target));
      await wire.closed();
      muteEnded();
    });
    let muteEnded = () => {};
    const ended = new Promise<void>((resolve) => {
      muteEnded = resolve;
    });
    const answer = await small.ask('GET /mute HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(answer.status, 504);
    await ended;
    await small.probe();
    assert.equal(
      small.server.requests().filter((request) => request.target === '/mute').length,
      1,
      'it is not sent again',
    );
    small.clear();
  });

  test('an answer that stops half-way is cut off', async () => {
    small.server.play(async (wire) => {
      const { target } = await wire.request();
      wire.send(target === '/half' ? 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf' : ok(target));
    });
    const client = await small.client();
    client.send('GET /half HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.text('half');
    await client.closed();
    await small.probe();
    small.clear();
  });
});
