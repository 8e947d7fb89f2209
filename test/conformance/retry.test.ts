/**
 * Retries: what may be sent again is, what may have been acted on never is.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { answering, connectTo, freePort, ok, openStage, plainRules, RawServer, startGateway } from '../kit/index.ts';

const stage = await openStage();
after(() => stage.close());

/** Answers the first request of each connection, and ends the connection when a second comes. */
async function once(wire: Parameters<ReturnType<typeof answering>>[0], index: number): Promise<void> {
  const { target } = await wire.request();
  wire.send(ok(target));
  if (index > 0) for (;;) wire.send(ok((await wire.request()).target));
  await wire.text('\r\n\r\n');
  wire.destroy();
}

describe('a pooled connection that is dead when it is used', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PUT']) {
    test(`${method} is sent again over another connection`, async () => {
      stage.server.play(once);
      const client = await stage.client();
      client.send('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal((await client.answer()).status, 200);
      client.send(`${method} /second HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal((await client.answer({ to: method })).status, 200);
      assert.equal(stage.server.wires.length, 2);
      stage.clear();
    });
  }

  for (const body of ['', 'hello']) {
    test(`POST ${body === '' ? 'without' : 'with'} a body that was sent gets 502 and is not sent again`, async () => {
      stage.server.play(once);
      const client = await stage.client();
      client.send('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal((await client.answer()).status, 200);
      client.send(`POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      assert.equal((await client.answer()).status, 502);
      await stage.probe();
      const times = stage.server.received.split('/second').length - 1;
      assert.equal(times, 1);
      stage.clear();
    });
  }

  test('a connection that the server ended while idle is not used at all, even for POST', async () => {
    stage.server.play(async (wire, index) => {
      if (index > 0) return answering()(wire, index);
      wire.send(ok((await wire.request()).target)).end();
      await wire.closed();
      gone();
    });
    let gone = () => {};
    const ended = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const client = await stage.client();
    client.send('GET /first HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.answer();
    await ended;
    client.send('POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
    assert.equal((await client.answer()).body.toString(), '/second');
    stage.clear();
  });
});

describe('a new connection', () => {
  test('that ends without an answer to GET is tried again, and then 502', async () => {
    stage.server.play(async (wire) => {
      await wire.request();
      wire.end();
    });
    const answer = await stage.ask('GET /none HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(answer.status, 502);
    stage.clear();
  });

  test('that ends without an answer to POST is not tried again', async () => {
    stage.server.play(async (wire) => {
      await wire.request();
      wire.end();
    });
    const answer = await stage.ask('POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi');
    assert.equal(answer.status, 502);
    assert.equal(stage.server.requests().length, 1);
    stage.clear();
  });

  test('that ends in mid-answer is never tried again', async () => {
    stage.server.play(async (wire) => {
      await wire.request();
      wire.send('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome').end();
    });
    const client = await stage.client();
    client.send('GET /cut HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.closed();
    assert.equal(stage.server.requests().length, 1);
    stage.clear();
  });
});

describe('servers that refuse', () => {
  test('another server takes the request, with its body, for POST too', async () => {
    const server = await RawServer.start(answering((request) => ok(request.body.toString())));
    const dead = { host: '127.0.0.1', port: await freePort() };
    const gateway = await startGateway(plainRules([dead, server.address]));
    try {
      for (let at = 0; at < 6; at++) {
        const client = await connectTo(gateway.address);
        client.send(`POST /${at} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello`);
        const answer = await client.answer();
        assert.equal(answer.status, 200);
        assert.equal(answer.body.toString(), 'hello');
        client.destroy();
      }
    } finally {
      await gateway.stop();
      await server.stop();
    }
  });

  test('with no other server the answer is 503, and a later request finds the server that came up', async () => {
    const port = await freePort();
    const gateway = await startGateway(plainRules([{ host: '127.0.0.1', port }]));
    try {
      const client = await connectTo(gateway.address);
      client.send('GET /early HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal((await client.answer()).status, 503);
      client.destroy();
      const server = await RawServer.start(answering(), port);
      try {
        const later = await connectTo(gateway.address);
        later.send('GET /later HTTP/1.1\r\nHost: a\r\n\r\n');
        assert.equal((await later.answer()).body.toString(), '/later');
        later.destroy();
      } finally {
        await server.stop();
      }
    } finally {
      await gateway.stop();
    }
  });
});
