/**
 * Upgrade: a tunnel once both sides agreed, and no way around the rules before that.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { answering, fieldOf, fieldsOf, ok, openStage, type Script } from '../kit/index.ts';

const stage = await openStage();
after(() => stage.close());

const ASK =
  'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const AGREE =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n';

/** tunnel agrees and then hands the wire to `play`. */
const tunnel =
  (play: Script, extra = ''): Script =>
  async (wire, index) => {
    const { target } = await wire.request();
    if (target !== '/chat') return void wire.send(ok(target));
    wire.send(AGREE + extra);
    await play(wire, index);
  };

describe('a tunnel', () => {
  test('carries bytes both ways, whatever they look like', async () => {
    stage.server.play(
      tunnel(async (wire) => {
        await wire.text('GET /looks HTTP/1.1\r\n\r\n\0\xff');
        wire.send('HTTP/1.1 500 no\r\n\r\n\xff\0');
        await wire.text('more');
        wire.send('bye');
      }),
    );
    const client = await stage.client();
    client.send(ASK);
    const answer = await client.answer();
    assert.equal(answer.status, 101);
    assert.equal(fieldOf(answer, 'upgrade'), 'websocket');
    assert.equal(fieldOf(answer, 'connection')?.toLowerCase(), 'upgrade');
    client.send('GET /looks HTTP/1.1\r\n\r\n\0\xff');
    await client.text('HTTP/1.1 500 no\r\n\r\n\xff\0');
    client.send('more');
    await client.text('bye');
    stage.clear();
  });

  test('the server sees Connection and Upgrade, and the key', async () => {
    stage.server.play(tunnel(() => {}));
    const client = await stage.client();
    client.send(ASK);
    await client.answer();
    const [request] = stage.server.requests();
    assert.equal(fieldOf(request!, 'upgrade'), 'websocket');
    assert.match(fieldOf(request!, 'connection')!, /^upgrade$/i);
    assert.equal(fieldOf(request!, 'sec-websocket-key'), 'dGhlIHNhbXBsZSBub25jZQ==');
    stage.clear();
  });

  test('bytes that came with the heads are not lost', async () => {
    stage.server.play(tunnel(async (wire) => void (await wire.text('early client')), 'early server'));
    const client = await stage.client();
    client.send(ASK);
    assert.equal((await client.answer()).status, 101);
    client.send('early client');
    await client.text('early server');
    stage.clear();
  });

  test("the client's end reaches the server, which may still speak", async () => {
    stage.server.play(
      tunnel(async (wire) => {
        await wire.closed();
        wire.send('last words').end();
      }),
    );
    const client = await stage.client();
    client.send(ASK);
    await client.answer();
    client.end();
    await client.text('last words');
    assert.equal(await client.closed(), 'ended');
    stage.clear();
  });

  test("the server's end reaches the client, which may still speak", async () => {
    let heard: Promise<string> | undefined;
    stage.server.play(
      tunnel((wire) => {
        wire.send('bye').end();
        heard = wire.text('last words');
      }),
    );
    const client = await stage.client();
    client.send(ASK);
    await client.answer();
    await client.text('bye');
    assert.equal(await client.closed(), 'ended');
    client.send('last words');
    await heard;
    stage.clear();
  });

  test('a reset of one side ends the other', async () => {
    let other: Promise<unknown> | undefined;
    stage.server.play(
      tunnel((wire) => {
        other = wire.closed();
      }),
    );
    const client = await stage.client();
    client.send(ASK);
    await client.answer();
    client.reset();
    await other;
    stage.clear();
  });

  test('its connection to the server is never used for anybody else', async () => {
    stage.server.play(tunnel((wire) => void wire.send('x')));
    const client = await stage.client();
    client.send(ASK);
    await client.answer();
    client.destroy();
    await stage.probe();
    assert.equal(stage.server.wires.length, 2);
    stage.clear();
  });
});

describe('no tunnel', () => {
  test('a server that declines responds as usual, and the connections continue', async () => {
    stage.server.play(answering((request) => (request.target === '/chat' ? ok('no') : ok(request.target))));
    const client = await stage.client();
    client.send(ASK);
    assert.equal((await client.answer()).body.toString(), 'no');
    client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal((await client.answer()).body.toString(), '/next');
    assert.equal(stage.server.wires.length, 1);
    stage.clear();
  });

  test('bytes after a declined upgrade are the next request, not a tunnel', async () => {
    stage.server.play(answering((request) => (request.target === '/chat' ? ok('no') : ok(request.target))));
    const client = await stage.client();
    client.send(`${ASK}GET /next HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal((await client.answer()).body.toString(), 'no');
    assert.equal((await client.answer()).body.toString(), '/next');
    stage.clear();
  });

  const offers: readonly (readonly [name: string, fields: string])[] = [
    ['h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n'],
    ['H2C in capitals', 'Connection: Upgrade\r\nUpgrade: H2C\r\n'],
    ['Upgrade without Connection', 'Upgrade: websocket\r\n'],
    ['Connection without Upgrade', 'Connection: Upgrade\r\n'],
  ];
  for (const [name, fields] of offers) {
    test(`${name} does not reach the server`, async () => {
      stage.server.play(answering());
      const answer = await stage.ask(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
      assert.equal(answer.status, 200);
      const [request] = stage.server.requests();
      assert.deepEqual(fieldsOf(request!, 'upgrade'), []);
      assert.deepEqual(fieldsOf(request!, 'http2-settings'), []);
      assert.ok(!fieldsOf(request!, 'connection').some((value) => /upgrade/i.test(value)));
      stage.clear();
    });
  }

  test('h2c beside websocket: only websocket reaches the server', async () => {
    stage.server.play(answering());
    await stage.ask('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c, websocket\r\n\r\n');
    assert.equal(fieldOf(stage.server.requests()[0]!, 'upgrade'), 'websocket');
    stage.clear();
  });

  test('an HTTP/1.0 client cannot upgrade', async () => {
    stage.server.play(answering());
    await stage.ask('GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    assert.deepEqual(fieldsOf(stage.server.requests()[0]!, 'upgrade'), []);
    stage.clear();
  });

  test('a 101 to h2c from the server is 502', async () => {
    stage.server.play(async (wire, index) => {
      const { target } = await wire.request();
      if (index > 0) return void wire.send(ok(target));
      wire.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    });
    const answer = await stage.ask('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    assert.equal(answer.status, 502);
    await stage.probe();
    stage.clear();
  });
});
