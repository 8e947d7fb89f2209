import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { Rule } from '@sluice/dsl/plan';
import { answering, freePort, request, until, type Wire } from '../fixtures/sockets.ts';
import { type Sketch, Stage } from '../fixtures/stage.ts';

const LIMIT = { timeout: 60_000 };
const place = { file: '<plan>', line: 1, column: 1, length: 1 };

/** echo says everything back, and ends when the client has. */
function echo(wire: Wire): void {
  wire.socket.pipe(wire.socket);
}

function relay(servers: Sketch['servers'], more: Partial<Sketch> = {}): Sketch {
  return { servers, ...more, listenerPlan: { protocol: 'tcp', guards: [], ...more.listenerPlan } };
}

test('bytes go both ways as they come, and an end of one side leaves the other open', LIMIT, async (context) => {
  const stage = await Stage.set(
    context,
    relay([
      (wire) => {
        wire.send('server speaks first\n');
        wire.socket.on('end', () => {
          wire.send(`heard ${JSON.stringify(wire.received)}`);
          wire.socket.end();
        });
      },
    ]),
  );
  const client = stage.client();
  await client.has('first\n');
  client.send('\0\x01GET / HTTP/9\r\n\xff');
  client.socket.end();
  assert.equal(await client.ended(), 'server speaks first\nheard "\\u0000\\u0001GET / HTTP/9\\r\\nÿ"');
  await stage.settled();
  await until(() => stage.counters.connectionsClosed === 1);
  assert.equal(stage.counters.bytesIn, 17);
  assert.equal(stage.counters.requests, 0);
  assert.equal(stage.counters.clientAborts, 0);
});

test('what a client sends, and its end, before a server is connected arrive in order', LIMIT, async (context) => {
  const stage = await Stage.set(context, relay([await freePort(), echo]));
  const client = stage.client();
  client.socket.end('early');
  assert.equal(await client.ended(), 'early');
  await stage.settled();
});

test('a slow reader slows the other side down, and gets everything', LIMIT, async (context) => {
  const stage = await Stage.set(context, relay([echo]));
  const sent = randomBytes(12_000_000);
  const socket = connect({ port: stage.port, host: '127.0.0.1', allowHalfOpen: true });
  const received = createHash('sha1');
  let count = 0;
  socket.end(sent);
  for (let turn = 0; turn < 300; turn++) await new Promise((resolve) => setImmediate(resolve));
  for await (const piece of socket) {
    received.update(piece as Buffer);
    count += (piece as Buffer).length;
  }
  assert.equal(count, sent.length);
  assert.equal(received.digest('hex'), createHash('sha1').update(sent).digest('hex'));
  await stage.settled();
});

test(
  'a client that has said everything and heard everything may close before the server has read it',
  LIMIT,
  async (context) => {
    const slow: Wire[] = [];
    const stage = await Stage.set(
      context,
      relay([
        (wire) => {
          wire.socket.pause();
          wire.socket.end('bye');
          slow.push(wire);
        },
      ]),
    );
    // Of so many sizes, some leave their last bytes in the gateway, whatever the system takes.
    const sizes = Array.from({ length: 80 }, (_, at) => (at + 1) * 100_000);
    const clients = sizes.map((size) => {
      const client = stage.client();
      client.socket.end(Buffer.alloc(size, 0x61));
      return client;
    });
    for (const client of clients) assert.equal(await client.ended(), 'bye');
    // Those that could say everything are gone by then.
    for (let turn = 0; turn < 300; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.ok(clients.some(({ isClosed }) => isClosed));
    for (const wire of slow) wire.socket.resume();
    for (const wire of slow) await wire.ended();
    const lengths = slow.map(({ received }) => received.length).sort((one, other) => one - other);
    assert.deepEqual(lengths, sizes);
    await stage.settled();
  },
);

test(
  'what a closed client sent is given up when its server takes nothing for the time of a tunnel',
  LIMIT,
  async (context) => {
    const stage = await Stage.set(
      context,
      relay(
        [
          (wire) => {
            wire.socket.pause();
            wire.socket.end('bye');
          },
        ],
        { backend: { tunnelMs: 500 } },
      ),
    );
    const clients = Array.from({ length: 20 }, (_, at) => {
      const client = stage.client();
      client.socket.end(Buffer.alloc((at + 1) * 400_000, 0x61));
      return client;
    });
    for (const client of clients) assert.equal(await client.ended(), 'bye');
    await until(() => stage.counters.connectionsClosed === clients.length);
    await stage.settled();
  },
);

test('no server at all closes the client without a word', LIMIT, async (context) => {
  const stage = await Stage.set(context, relay([await freePort(), await freePort()]));
  const client = stage.client();
  client.send('anybody?');
  assert.equal(await client.ended(), '');
  await stage.settled();
  assert.equal(stage.counters.answers5xx, 0);
});

test('a guard closes the client before any server is asked', LIMIT, async (context) => {
  const deny: Rule = { part: 'guard', verb: 'guard', args: {}, when: null, text: 'refuse', place };
  const stage = await Stage.set(context, relay([echo], { listenerPlan: { guards: [deny] } }));
  const client = stage.client();
  assert.equal(await client.ended(), '');
  assert.equal(stage.servers[0]!.wires.length, 0);
  assert.equal(stage.counters.denied, 1);
});

test('a reset goes through, either way', LIMIT, async (context) => {
  const stage = await Stage.set(context, relay([echo]));
  const client = stage.client();
  client.send('x');
  await client.has('x');
  stage.servers[0]!.wires[0]!.socket.resetAndDestroy();
  await until(() => client.isClosed);
  assert.equal(client.error, 'ECONNRESET');
  const other = stage.client();
  other.send('y');
  await other.has('y');
  other.socket.resetAndDestroy();
  await until(() => stage.servers[0]!.wires[1]!.isClosed);
  await stage.settled();
});

test(
  'a tunnel that does not move for its time is over, and one that waits for a server too',
  LIMIT,
  async (context) => {
    const stage = await Stage.set(context, relay([echo], { backend: { tunnelMs: 300, queueMs: 300 }, max: 1 }));
    const client = stage.client();
    client.send('x');
    await client.has('x');
    const waiting = stage.client();
    waiting.send('y');
    await until(() => client.isClosed || client.hasEnded);
    await until(() => waiting.isClosed || waiting.hasEnded);
    await stage.settled();
  },
);

test('the next connection waits for a full server, and gets it when the first has gone', LIMIT, async (context) => {
  const stage = await Stage.set(context, relay([echo], { max: 1 }));
  const first = stage.client();
  first.send('one');
  await first.has('one');
  const second = stage.client();
  second.send('two');
  first.socket.end();
  assert.equal(await second.has('two'), 'two');
  second.socket.end();
  await second.ended();
  await stage.settled();
});

test('a reload keeps relayed connections, and a drain waits for them until its deadline', LIMIT, async (context) => {
  const stage = await Stage.set(context, relay([echo]));
  const client = stage.client();
  client.send('before');
  await client.has('before');
  await stage.prepare(2, stage.plan);
  stage.plane.activate(2);
  client.send(', after');
  await client.has('before, after');
  assert.deepEqual(stage.retired, []);
  assert.equal(await stage.plane.drain(200), 1);
  await client.ended();
  await until(() => stage.retired.length === 1);
});

test('an address may change its protocol by a reload: connections of the old one end', LIMIT, async (context) => {
  const stage = await Stage.set(context, { servers: [answering], listenerPlan: { guards: [] } });
  const client = stage.client();
  client.send(request('/http'));
  await client.has('/http');
  const { listeners } = stage.plan;
  await stage.prepare(2, { ...stage.plan, listeners: [{ ...listeners[0]!, protocol: 'tcp' }] });
  stage.plane.activate(2);
  const relayed = stage.client();
  relayed.send(request('/relayed'));
  await relayed.has('/relayed');
  client.send(request('/again'));
  assert.ok(!(await client.ended()).includes('/again'));
  relayed.socket.end();
});
