import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { answer, answering, request, until, Wire } from '../fixtures/sockets.ts';
import { Stage } from '../fixtures/stage.ts';

const LIMIT = { timeout: 20_000 };
const silent = () => undefined;

test('clients that go away at any moment leave nothing open', LIMIT, async (context) => {
  const stage = await Stage.set(context, {
    servers: [
      (wire) =>
        void wire.socket.on('data', () => {
          if (wire.received.includes('/answer')) wire.send('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\npart');
        }),
    ],
  });
  const [server] = stage.servers;
  const seen = (text: string) => until(() => server!.wires.some((wire) => wire.received.includes(text)));
  const moments: [string, (client: Wire) => Promise<unknown>][] = [
    [request('/waiting'), () => seen('/waiting')],
    [request('/answer'), (client) => client.has('part')],
    [`${request('/body', 'Content-Length: 50\r\n', 'POST')}begun`, () => seen('begun')],
    [request('/connecting'), () => until(() => stage.open > 0)],
    [`${request('/held', 'Content-Length: 50\r\n', 'POST')}held`, () => until(() => stage.open > 0)],
    ['GET / HT', () => until(() => stage.counters.connections - stage.counters.connectionsClosed === 1)],
    [request('/pipelined') + request('/next'), () => seen('/pipelined')],
  ];
  for (const [text, moment] of moments) {
    for (const isReset of [true, false]) {
      const client = stage.client();
      client.send(text);
      await moment(client);
      if (isReset) client.socket.resetAndDestroy();
      else client.socket.destroy();
      // A FIN alone may come from a client that still reads, so the server is waited for, until it goes too.
      await until(() => {
        if (!isReset) for (const wire of server!.wires) wire.socket.resetAndDestroy();
        return stage.open === 0;
      });
      await until(() => stage.counters.connections === stage.counters.connectionsClosed);
      for (const wire of server!.wires) wire.received = '';
    }
  }
});

test('servers that reset at any moment leave nothing open, and the client sees the failure', LIMIT, async (context) => {
  let act: (wire: Wire) => void = silent;
  const stage = await Stage.set(context, { servers: [(wire) => void wire.socket.on('data', () => act(wire))] });
  const ask = async (text: string): Promise<Wire> => {
    const client = stage.client();
    client.send(text);
    await until(() => client.hasEnded || client.isClosed || client.received.includes('sorry'));
    await stage.settled();
    return client;
  };
  act = (wire) => wire.socket.resetAndDestroy();
  assert.match((await ask(request('/'))).received, /^HTTP\/1\.1 502/);
  assert.match((await ask(`${request('/', 'Content-Length: 9\r\n', 'POST')}abc`)).received, /^HTTP\/1\.1 502/);
  act = (wire) => wire.socket.end();
  assert.match((await ask(request('/'))).received, /^HTTP\/1\.1 502/);
  act = (wire) => {
    wire.socket.end('HTTP/1.1 200 OK\r\nContent-');
  };
  assert.match((await ask(request('/'))).received, /^HTTP\/1\.1 502/);
  act = (wire) => {
    wire.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\npart');
  };
  assert.equal((await ask(request('/'))).error, 'ECONNRESET');
  act = (wire) => {
    wire.socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
  };
  assert.equal((await ask(request('/'))).error, 'ECONNRESET');
  act = (wire) => wire.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n');
  assert.equal((await ask(request('/'))).error, 'ECONNRESET');
});

test('a client that has gone from an endless answer is noticed, and the server let go', LIMIT, async (context) => {
  const stage = await Stage.set(context, {
    servers: [
      (wire) => {
        wire.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        const tick = setInterval(() => wire.send('5\r\nhello\r\n'), 10);
        wire.socket.on('close', () => clearInterval(tick));
      },
    ],
  });
  const client = stage.client();
  client.send(request('/'));
  await client.has('hello');
  client.socket.destroy();
  await stage.settled();
  await until(() => stage.servers[0]!.wires[0]!.isClosed || stage.servers[0]!.wires[0]!.hasEnded);
  await until(() => stage.counters.connectionsClosed === 1);
});

test(
  'a server that breaks off its response while the client is slow affects no other request',
  LIMIT,
  async (context) => {
    const stage = await Stage.set(context, {
      servers: [
        (wire) => {
          const piece = `2000;x\r\n${'a'.repeat(8192)}\r\n`;
          wire.socket.once('data', () =>
            wire.send(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${piece.repeat(1500)}zz\r\n${piece}`),
          );
        },
      ],
    });
    const client = stage.client();
    client.socket.pause();
    client.send(request('/'));
    await until(() => stage.open === 1);
    const later = stage.client();
    later.send(request('/', 'X-Test: deny\r\n'));
    await later.has('sorry 403');
    client.socket.resume();
    await until(() => client.isClosed || client.hasEnded);
    assert.equal(client.error, 'ECONNRESET');
    await stage.settled();
  },
);

test('time-outs answer or end what they should, and leave nothing open', LIMIT, async (context) => {
  const stage = await Stage.set(context, {
    servers: [
      (wire) =>
        void wire.socket.on('data', () => {
          if (wire.received.includes('/broken')) wire.send('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\npart');
        }),
    ],
    listener: { headerMs: 150, bodyMs: 150, idleMs: 150 },
    backend: { responseMs: 150 },
  });
  const cases: [string, RegExp][] = [
    ['', /^$/],
    ['GET / HTTP/1.1\r\nHo', /^HTTP\/1\.1 408 /],
    [`${request('/', 'Content-Length: 9\r\n', 'POST')}abc`, /^HTTP\/1\.1 408 /],
    [request('/', 'Connection: close\r\n'), /^HTTP\/1\.1 504 /],
    [request('/broken'), /part$/],
  ];
  await Promise.all(
    cases.map(async ([text, expected]) => {
      const client = stage.client();
      if (text !== '') client.send(text);
      await until(() => client.hasEnded || client.isClosed);
      assert.match(client.received, expected);
    }),
  );
  await stage.settled();
});

test('an upload that moves is not cut off by the time the server has to answer', LIMIT, async (context) => {
  const stage = await Stage.set(context, {
    servers: [
      async (wire) => {
        await wire.has('123');
        wire.send(answer('thanks'));
      },
    ],
    listener: { idleMs: 400 },
    backend: { responseMs: 150 },
  });
  const client = stage.client();
  client.send(request('/', 'Content-Length: 3\r\n', 'POST'));
  for (const piece of '123') {
    // An idle connection's end shows that more than the server's time has passed.
    await stage.client().ended();
    client.send(piece);
  }
  assert.match(await client.has('\r\n\r\n'), /^HTTP\/1\.1 200/);
});

test('a client that sends and does not read, and a server that does likewise, are ended', LIMIT, async (context) => {
  const stage = await Stage.set(context, {
    servers: [
      (wire) => {
        wire.socket.once('data', () => {
          wire.socket.pause();
          wire.send('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
          wire.socket.write(Buffer.alloc(30_000_000));
        });
      },
    ],
    listener: { bodyMs: 300, clientMs: 300, idleMs: 300 },
    backend: { responseMs: 300 },
  });
  const client = stage.client();
  client.socket.pause();
  client.send(request('/', 'Content-Length: 100000000\r\n', 'POST'));
  client.socket.write(Buffer.alloc(30_000_000));
  await until(() => stage.open === 1);
  await stage.settled();
  await until(() => stage.counters.connectionsClosed === 1);
});

test(
  'a tunnel carries bytes sent before it was open, each side may end alone, and then its place is free',
  LIMIT,
  async (context) => {
    const stage = await Stage.set(context, {
      servers: [
        async (wire) => {
          await wire.has('\r\n\r\n');
          wire.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nwelcome');
          await wire.has('early');
          wire.send('got early');
          await until(() => wire.hasEnded);
          wire.socket.end('bye');
        },
      ],
    });
    const client = stage.client();
    client.send(`${request('/', 'Connection: Upgrade\r\nUpgrade: echo\r\n')}early`);
    await client.has('got early');
    assert.match(client.received, /^HTTP\/1\.1 101 [\s\S]*\r\n\r\nwelcomegot early$/);
    assert.equal(stage.open, 1);
    client.socket.end();
    assert.match(await client.ended(), /bye$/);
    await stage.settled();
  },
);

test('a tunnel whose client or server is reset is over for both', LIMIT, async (context) => {
  const stage = await Stage.set(context, {
    servers: [
      async (wire) => {
        await wire.has('\r\n\r\n');
        wire.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nwelcome');
      },
    ],
  });
  const open = async () => {
    const client = stage.client();
    client.send(request('/', 'Connection: Upgrade\r\nUpgrade: echo\r\n'));
    await client.has('welcome');
    return { client, server: stage.servers[0]!.wires.at(-1)! };
  };
  const one = await open();
  one.client.socket.resetAndDestroy();
  await until(() => one.server.isClosed || one.server.hasEnded);
  const two = await open();
  two.server.socket.resetAndDestroy();
  await until(() => two.client.isClosed || two.client.hasEnded);
  await stage.settled();
});

test('an unrequested 101 is an invalid response', LIMIT, async (context) => {
  const stage = await Stage.set(context, {
    servers: [
      (wire) =>
        void wire.socket.once('data', () =>
          wire.send('HTTP/1.1 101 Hi\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
        ),
    ],
  });
  const client = stage.client();
  client.send(request('/'));
  assert.match(await client.has('sorry'), /^HTTP\/1\.1 502/);
  client.send(request('/', 'X-Test: deny\r\n'));
  await client.has('sorry 403');
  await stage.settled();
});

test('a drain finishes open requests, reports it, and closes idle connections', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [silent] });
  const [busy, idle] = [stage.client(), stage.client()];
  busy.send(request('/'));
  idle.send(request('/', 'X-Test: deny\r\n'));
  await idle.has('sorry 403');
  await until(() => stage.servers[0]!.wires[0]?.received.includes('\r\n\r\n') === true);
  const drained = stage.plane.drain(15_000);
  assert.match(await idle.ended(), /sorry 403$/);
  idle.socket.end();
  stage.servers[0]!.wires[0]!.send(answer('late'));
  assert.match(await busy.ended(), /Connection: close\r\n\r\nlate$/);
  busy.socket.end();
  assert.equal(await drained, 0);
});

test('a drain that exceeds its deadline reports how many requests it cut off', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [silent] });
  const client = stage.client();
  client.send(request('/'));
  await until(() => stage.open === 1);
  assert.equal(await stage.plane.drain(50), 1);
  await stage.settled();
});

test(
  'a drain that exceeds its deadline answers unanswered requests, and breaks off partial responses',
  LIMIT,
  async (context) => {
    const stage = await Stage.set(context, { servers: [silent] });
    const [waiting, half, unfinished] = [stage.client(), stage.client(), stage.client()];
    waiting.send(request('/'));
    await until(() => stage.open === 1);
    half.send(request('/'));
    await until(() => stage.servers[0]!.wires[1]?.received.includes('\r\n\r\n') === true);
    stage.servers[0]!.wires[1]!.send('HTTP/1.1 200 OK\r\n\r\nhalf');
    await half.has('half');
    unfinished.send('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
    await until(() => stage.open === 3);
    assert.equal(await stage.plane.drain(50), 3);
    assert.match(await waiting.ended(), /^HTTP\/1\.1 503 .*Connection: close\r\n/s);
    assert.match(await unfinished.ended(), /^HTTP\/1\.1 503 .*Connection: close\r\n/s);
    await half.ended();
    assert.equal(half.hasEnded, false, 'a reset, so that half an answer is not taken for the whole');
    await stage.settled();
  },
);

test('after a stop nothing is counted as open', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [silent] });
  for (let count = 1; count <= 3; count++) {
    stage.client().send(request('/'));
    await until(() => stage.open === count);
  }
  await stage.plane.stop();
  assert.equal(stage.open, 0);
  assert.equal(stage.counters.connections, stage.counters.connectionsClosed);
});

test('answering servers keep being used after all that', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering] });
  for (let round = 0; round < 20; round++) {
    const client = stage.client();
    client.send(request(`/${round}`, 'Connection: close\r\n'));
    assert.match(await client.ended(), new RegExp(`/${round}$`));
  }
  await stage.settled();
  assert.equal(stage.servers[0]!.wires.length, 1, 'one connection served them all');
});

test('an answer that breaks off ends a client on a Unix socket too, and nobody else', LIMIT, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'data-plane-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'socket');
  const stage = await Stage.set(context, {
    servers: [
      (wire) =>
        void wire.socket.once('data', () => wire.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\npart')),
    ],
    listenerPlan: { address: { path } },
  });
  const client = new Wire(connect({ path, allowHalfOpen: true }));
  client.send(request('/'));
  await until(() => client.hasEnded || client.isClosed);
  const next = new Wire(connect({ path, allowHalfOpen: true }));
  next.send(request('/', 'X-Test: deny\r\n'));
  await next.has('sorry 403');
  await stage.settled();
});

test('an answer that breaks off ends a client of a TLS mode too, and nobody else', LIMIT, async (context) => {
  const place = { file: '<plan>', line: 1, column: 1, length: 1 };
  const stage = await Stage.set(context, {
    servers: [
      (wire) =>
        void wire.socket.once('data', () => wire.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\npart')),
    ],
    listenerPlan: { tls: { slot: 'tls', name: 'shared key', options: {}, place } },
  });
  const open = () => {
    const psk = Buffer.from('0123456789abcdef');
    const options = { ciphers: 'PSK', maxVersion: 'TLSv1.2' as const, checkServerIdentity: () => undefined };
    return new Wire(
      connectTls({ port: stage.port, host: '127.0.0.1', ...options, pskCallback: () => ({ psk, identity: 'test' }) }),
    );
  };
  const client = open();
  client.send(request('/'));
  await until(() => client.hasEnded || client.isClosed);
  const next = open();
  next.send(request('/', 'X-Test: deny\r\n'));
  await next.has('sorry 403');
  await stage.settled();
});
