/**
 * Connections kept open, requests in a row and in a heap, and the versions' different ideas about both.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import {
  answering,
  connectTo,
  fieldOf,
  type HttpAnswer,
  ok,
  openStage,
  plainRules,
  startGateway,
} from '../kit/index.ts';

const stage = await openStage();
after(() => stage.close());

const get = (target: string, ...fields: string[]) =>
  `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

const wantsClose = (answer: HttpAnswer) => fieldOf(answer, 'connection')?.toLowerCase() === 'close';

describe('keep-alive', () => {
  test('a client asks many times over one connection, and so does the gateway', async () => {
    stage.server.play(answering());
    const client = await stage.client();
    for (let at = 0; at < 50; at++) {
      client.send(get(`/${at}`));
      assert.equal((await client.answer()).body.toString(), `/${at}`);
    }
    assert.equal(stage.server.wires.length, 1, 'one connection to the server');
    stage.clear();
  });

  test('clients one after another share the connection to the server', async () => {
    stage.server.play(answering());
    for (let at = 0; at < 10; at++) {
      assert.equal((await stage.ask(get(`/${at}`))).body.toString(), `/${at}`);
      stage.clear();
    }
    assert.equal(stage.server.wires.length, 1);
  });

  test('clients at the same time do not share one', async () => {
    stage.server.play(answering());
    const clients = await Promise.all([stage.client(), stage.client(), stage.client()]);
    await Promise.all(
      clients.map(async (client, at) => {
        for (let round = 0; round < 20; round++) {
          client.send(get(`/${at}-${round}`));
          assert.equal((await client.answer()).body.toString(), `/${at}-${round}`);
        }
      }),
    );
    assert.ok(stage.server.wires.length <= 3, `${stage.server.wires.length} connections`);
    stage.clear();
  });

  test("Connection: close from the client ends its connection, not the server's", async () => {
    stage.server.play(answering());
    const client = await stage.client();
    client.send(get('/', 'Connection: close'));
    const answer = await client.answer();
    assert.ok(wantsClose(answer), 'and the answer says so');
    assert.equal(await client.closed(), 'ended');
    assert.equal((await stage.ask(get('/again'))).status, 200);
    assert.equal(stage.server.wires.length, 1);
    stage.clear();
  });

  test("Connection: close from the server ends its connection, not the client's", async () => {
    stage.server.play(async (wire) => {
      const { target } = await wire.request();
      wire.send(ok(target, 'Connection: close')).end();
    });
    const client = await stage.client();
    for (const target of ['/one', '/two', '/three']) {
      client.send(get(target));
      const answer = await client.answer();
      assert.equal(answer.body.toString(), target);
      assert.ok(!wantsClose(answer));
    }
    assert.equal(stage.server.wires.length, 3);
    stage.clear();
  });

  test('a close among other words of Connection counts', async () => {
    stage.server.play(answering());
    const client = await stage.client();
    client.send(get('/', 'Connection: x-one, Close ,x-two'));
    await client.answer();
    await client.closed();
    stage.clear();
  });

  test('one empty line before a request is forgiven', async () => {
    stage.server.play(answering());
    const client = await stage.client();
    client.send(`${get('/one')}\r\n${get('/two')}`);
    assert.equal((await client.answer()).body.toString(), '/one');
    assert.equal((await client.answer()).body.toString(), '/two');
    assert.equal(stage.server.requests().length, 2);
    stage.clear();
  });
});

describe('HTTP/1.0', () => {
  test('closes after the answer', async () => {
    stage.server.play(answering());
    const client = await stage.client();
    client.send('GET /old HTTP/1.0\r\nHost: a\r\n\r\n');
    await client.closed();
    assert.equal((await client.answer()).body.toString(), '/old');
    stage.clear();
  });

  test('keeps the connection on request, with a response header', async () => {
    stage.server.play(answering());
    const client = await stage.client();
    for (const target of ['/one', '/two']) {
      client.send(`GET ${target} HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n`);
      const answer = await client.answer();
      assert.equal(answer.body.toString(), target);
      assert.equal(fieldOf(answer, 'connection')?.toLowerCase(), 'keep-alive');
    }
    stage.clear();
  });

  test('needs no Host; the server gets HTTP/1.1 with one', async () => {
    stage.server.play(answering());
    assert.equal((await stage.ask('GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')).status, 200);
    const [request] = stage.server.requests();
    assert.equal(request!.version, '1.1');
    assert.notEqual(fieldOf(request!, 'host'), undefined);
    stage.clear();
  });
});

describe('pipelining', () => {
  const targets = Array.from({ length: 60 }, (_, at) => `/${at}`);

  test('many requests in one packet are answered in order', async () => {
    stage.server.play(answering());
    const client = await stage.client();
    client.send(targets.map((target) => get(target)).join(''));
    for (const target of targets) assert.equal((await client.answer()).body.toString(), target);
    assert.deepEqual(
      stage.server.requests().map((request) => request.target),
      targets,
      'the server saw them in order',
    );
    stage.clear();
  });

  test('requests with bodies between them keep their bodies', async () => {
    stage.server.play(answering((request) => ok(`${request.target}=${request.body.toString('latin1')}`)));
    const client = await stage.client();
    client.send(
      `POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none${get('/b')}` +
        `POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nth\r\n3\r\nree\r\n0\r\n\r\n${get('/d')}`,
    );
    const bodies = [];
    for (let at = 0; at < 4; at++) bodies.push((await client.answer()).body.toString());
    assert.deepEqual(bodies, ['/a=one', '/b=', '/c=three', '/d=']);
    stage.clear();
  });

  test('bytes after Connection: close are ignored', async () => {
    stage.server.play(answering());
    const client = await stage.client();
    client.send(get('/last', 'Connection: close') + get('/never'));
    await client.answer();
    await client.closed();
    await stage.probe();
    assert.ok(!stage.server.received.includes('/never'));
    stage.clear();
  });

  test('an invalid request after valid ones gets its 400 after their responses', async () => {
    stage.server.play(answering());
    const client = await stage.client();
    client.send(`${get('/one')}${get('/two')}GET /bad HTTP/1.1\r\nHost : a\r\n\r\n`);
    assert.equal((await client.answer()).body.toString(), '/one');
    assert.equal((await client.answer()).body.toString(), '/two');
    assert.equal((await client.answer()).status, 400);
    await client.closed();
    assert.deepEqual(
      stage.server.requests().map((request) => request.target),
      ['/one', '/two'],
    );
    stage.clear();
  });

  test('with `on half-close answer` a client that ends its side after its requests gets all answers', async () => {
    stage.server.play(answering());
    const own = await startGateway(plainRules([stage.server.address], 'on half-close answer'));
    const client = await connectTo(own.address);
    client.send(targets.map((target) => get(target)).join('')).end();
    for (const target of targets) assert.equal((await client.answer()).body.toString(), target);
    await client.closed();
    await own.stop();
    stage.clear();
  });

  const stream =
    'POST /a?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none' +
    'POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\ntw\r\n1\r\no\r\n0\r\nX-T: 1\r\n\r\n' +
    `${get('/c', 'X-Long: value')}`;

  test('requests mean the same when split in two at any byte', async () => {
    stage.server.play(answering((request) => ok(`${request.target}=${request.body.toString('latin1')}`)));
    for (let cut = 1; cut < stream.length; cut++) {
      const client = await stage.client();
      client.send(stream.slice(0, cut));
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      client.send(stream.slice(cut));
      for (const body of ['/a?x=1=one', '/b=two', '/c=']) {
        assert.equal((await client.answer()).body.toString(), body, `cut at ${cut}`);
      }
      stage.clear();
    }
  });

  for (const size of [1, 2, 3, 7, 16]) {
    test(`requests mean the same in pieces of ${size}`, async () => {
      stage.server.play(answering((request) => ok(`${request.target}=${request.body.toString('latin1')}`)));
      const client = await stage.client();
      await client.sendInPieces(stream, size);
      for (const body of ['/a?x=1=one', '/b=two', '/c=']) assert.equal((await client.answer()).body.toString(), body);
      stage.clear();
    });
  }
});
