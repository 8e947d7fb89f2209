import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, answering, freePort, request, until } from '../fixtures/sockets.ts';
import { Stage } from '../fixtures/stage.ts';

const LIMIT = { timeout: 20_000 };

test('pipelined requests are answered in order, by servers or the gateway', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const client = stage.client();
  const wishes = ['', 'X-Test: deny\r\n', '', '', 'X-Test: deny\r\n', ''];
  client.send(
    wishes.map((wish, index) => request(`/${index}`, wish)).join('') + request('/last', 'Connection: close\r\n'),
  );
  const bodies = (await client.ended()).split(/HTTP\/1\.1 \d+ [\s\S]*?\r\n\r\n/).slice(1);
  assert.deepEqual(bodies, ['/0', 'sorry 403', '/2', '/3', 'sorry 403', '/5', '/last']);
  await stage.settled();
  assert.equal(stage.counters.denied, 2);
});

test('pipelined requests that come byte by byte are answered in order', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const client = stage.client();
  for (const byte of request('/1') + request('/2', 'X-Test: deny\r\n') + request('/3')) {
    client.send(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const text = await client.has('/3');
  assert.ok(text.indexOf('/1') < text.indexOf('sorry 403') && text.indexOf('sorry 403') < text.indexOf('/3'));
});

test('a head that cannot be read is refused on a connection that never had a backend', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const first = stage.client();
  first.send(request('/', 'Connection: close\r\n'));
  await first.ended();
  for (const rubbish of ['BAD\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n', `GET /${'a'.repeat(9000)}`, '\x16\x03\x01']) {
    const client = stage.client();
    client.send(rubbish);
    assert.match(await client.ended(), /^HTTP\/1\.1 4\d\d [\s\S]*Connection: close\r\n\r\nsorry 4\d\d$/);
  }
  assert.equal(stage.counters.badRequests, 4);
  assert.equal(stage.servers[0]!.wires.length, 1, 'the server saw nothing of it');
});

test('empty lines before a request do no harm, however they are cut', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const client = stage.client();
  client.send(`\r\n${request('/1')}`);
  await client.has('/1');
  client.send('\r');
  await new Promise((resolve) => setTimeout(resolve, 5));
  client.send(`\n${request('/2')}`);
  await client.has('/2');
});

test('with `on half-close answer` a client that has ended its side gets all its answers', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering], listenerPlan: { onHalfClose: 'answer' } });
  const client = stage.client();
  client.send(request('/1') + request('/2') + request('/3'));
  client.socket.end();
  assert.match(await client.ended(), /\/1HTTP[\s\S]*\/2HTTP[\s\S]*\/3$/);
});

test(
  'with `on half-close answer` a body that came whole while the server was being connected to is forwarded, although the client has ended',
  LIMIT,
  async (context) => {
    const stage = await Stage.set(context, {
      listenerPlan: { onHalfClose: 'answer' },
      servers: [
        async (wire) => {
          await wire.has('hello');
          wire.send(answer('got it'));
        },
      ],
    });
    const client = stage.client();
    client.send(request('/', 'Content-Length: 5\r\n', 'POST'));
    client.send('hello');
    client.socket.end();
    assert.match(await client.ended(), /got it$/);
  },
);

test(
  'a body that the client cuts off is not answered, and the server’s place is given back',
  LIMIT,
  async (context) => {
    const stage = await Stage.set(context, { servers: [() => undefined] });
    const client = stage.client();
    client.send(`${request('/', 'Content-Length: 50\r\n', 'POST')}hello`);
    await until(() => stage.servers[0]!.wires[0]?.received.endsWith('hello') === true);
    client.socket.end();
    assert.equal(await client.ended(), '');
    await stage.settled();
    await until(() => stage.servers[0]!.wires[0]!.isClosed || stage.servers[0]!.wires[0]!.hasEnded);
  },
);

test('a pooled connection that the server closes costs a GET nothing and a POST its answer', LIMIT, async (context) => {
  const stage = await Stage.set(context, {
    servers: [
      (wire) => {
        // Answers one request a connection and hangs up on the second.
        wire.socket.once('data', () => {
          wire.send(answer('once'));
          wire.socket.once('data', () => wire.socket.destroy());
        });
      },
    ],
  });
  const client = stage.client();
  const ask = async (text: string): Promise<string> => {
    client.received = '';
    client.send(text);
    await until(() => /\r\n\r\n[\s\S]+$/.test(client.received));
    return client.received.split('\r\n', 1)[0]!;
  };
  assert.equal(await ask(request('/')), 'HTTP/1.1 200 OK');
  assert.equal(await ask(request('/')), 'HTTP/1.1 200 OK');
  assert.equal(stage.servers[0]!.wires.length, 2, 'the second on a new connection');
  assert.equal(await ask(`${request('/', 'Content-Length: 2\r\n', 'POST')}ab`), 'HTTP/1.1 502 Bad Gateway');
  assert.equal(stage.servers[0]!.wires.length, 2, 'the POST was not sent again');
  await stage.settled();
});

test('a request with a body goes to another server when the first cannot be reached, whole', LIMIT, async (context) => {
  const stage = await Stage.set(context, {
    servers: [
      await freePort(),
      async (wire) => {
        await wire.has('the whole body');
        wire.send(answer('thanks'));
      },
    ],
  });
  const client = stage.client();
  client.send(`${request('/', 'Content-Length: 14\r\n', 'POST')}the whole body`);
  assert.match(await client.has('thanks'), /^HTTP\/1\.1 200/);
  assert.match(stage.servers[0]!.wires[0]!.received, /^POST \/ HTTP\/1\.1\r\n[\s\S]*\r\n\r\nthe whole body$/);
  await stage.settled();
});

test('no server at all is answered 503, and nothing stays open', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [await freePort(), await freePort()] });
  const client = stage.client();
  client.send(request('/1') + request('/2'));
  await until(() => client.received.split('sorry 503').length === 3);
  await stage.settled();
});

test('surplus bytes of one answer never become the next one', LIMIT, async (context) => {
  const stage = await Stage.set(context, {
    servers: [
      (wire, index) => void wire.socket.once('data', () => wire.send(`${answer(`good ${index}`)}${answer('evil')}`)),
    ],
  });
  const client = stage.client();
  for (let index = 0; index < 3; index++) {
    client.send(request('/'));
    await client.has(`good ${index}`);
  }
  assert.doesNotMatch(client.received, /evil/);
});

test(
  'a response that breaks off ends in a reset, so that no client mistakes it for complete',
  LIMIT,
  async (context) => {
    const stage = await Stage.set(context, {
      servers: [
        (wire) => {
          wire.socket.once('data', () => {
            wire.socket.write('HTTP/1.1 200 OK\r\n\r\nhalf');
          });
        },
      ],
    });
    for (const version of ['HTTP/1.0', 'HTTP/1.1']) {
      const client = stage.client();
      client.send(`GET / ${version}\r\nHost: a\r\n\r\n`);
      await client.has('half');
      stage.servers[0]!.wires.at(-1)!.socket.resetAndDestroy();
      await until(() => client.isClosed || client.hasEnded);
      assert.equal(client.error, 'ECONNRESET', version);
    }
    await stage.settled();
  },
);

test('an early answer reaches a client that is still sending, and the connection ends', LIMIT, async (context) => {
  const stage = await Stage.set(context, {
    servers: [
      (wire) => void wire.socket.once('data', () => wire.send('HTTP/1.1 413 No\r\nContent-Length: 8\r\n\r\ntoo much')),
    ],
  });
  const client = stage.client();
  client.send(`${request('/', 'Content-Length: 1000000\r\n', 'POST')}${'a'.repeat(1000)}`);
  assert.match(await client.ended(), /^HTTP\/1\.1 413 No\r\n[\s\S]*Connection: close\r\n[\s\S]*too much$/);
  await stage.settled();
});

test('plugins that misbehave cost the request 500, not the thread', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  const client = stage.client();
  for (const wish of ['throw', 'bad answer', 'bad name', 'bad route']) {
    client.received = '';
    client.send(request('/', `X-Test: ${wish}\r\n`));
    assert.match(await client.has('sorry 500'), /^HTTP\/1\.1 500/, wish);
  }
  client.send(request('/fine'));
  await client.has('/fine');
  assert.equal(stage.counters.pluginErrors, 4);
});

test('a full server lets the next request wait, in order', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [() => undefined], max: 1 });
  const clients = [stage.client(), stage.client(), stage.client()];
  const [server] = stage.servers;
  for (const [index, client] of clients.entries()) {
    client.send(request(`/${index}`));
    await until(() => stage.counters.requests === index + 1);
  }
  for (const [index, client] of clients.entries()) {
    await until(() => server!.wires.some((wire) => wire.received.includes(`/${index} `)));
    assert.equal(stage.open, 1);
    const wire = server!.wires.find((each) => each.received.includes(`/${index} `))!;
    wire.send(answer(`answer ${index}`));
    await client.has(`answer ${index}`);
  }
  await stage.settled();
});

test('a client that gives up waiting for a full server leaves the line', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [() => undefined], max: 1 });
  const [first, second, third] = [stage.client(), stage.client(), stage.client()];
  first.send(request('/1'));
  await until(() => stage.counters.requests === 1);
  second.send(request('/2'));
  await until(() => stage.counters.requests === 2);
  third.send(request('/3'));
  await until(() => stage.counters.requests === 3);
  second.socket.resetAndDestroy();
  await until(() => stage.counters.connectionsClosed === 1);
  const wire = stage.servers[0]!.wires[0]!;
  await wire.has('/1 ');
  wire.send(answer('one'));
  await until(() => stage.servers[0]!.wires.some((each) => each.received.includes('/3 ')));
  stage.servers[0]!.wires.find((each) => each.received.includes('/3 '))!.send(answer('three'));
  await third.has('three');
  await stage.settled();
});

test(
  'a certificate source that fails to answer a challenge is reported, and the rules judge the request',
  LIMIT,
  async (context) => {
    const place = { file: '<plan>', line: 1, column: 1, length: 1 };
    const certificates = [{ slot: 'certificate', name: 'broken', options: {}, place }] as const;
    const stage = await Stage.set(context, { servers: [answering], listenerPlan: { certificates } });
    const client = stage.client();
    client.send(request('/.well-known/proof/1', 'Connection: close\r\n'));
    assert.match(await client.ended(), /^HTTP\/1\.1 200 [\s\S]*\/\.well-known\/proof\/1$/);
    const messages = stage.reports.flatMap((report) => (report.type === 'failure' ? [report.message] : []));
    assert.deepEqual(messages, ['a certificate source failed to answer a challenge; the rules judge the request']);
    await stage.settled();
    assert.equal(stage.counters.pluginErrors, 1);
  },
);
