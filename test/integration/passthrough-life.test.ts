/**
 * The life of connections that are passed on undecrypted: every byte, both ways and halves of it, clients that do not read, limits,
 * stickiness, servers that die, drains, and reloads in the midst of a hello. On the caller's own loop and on two threads.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import {
  type Address,
  clientHello,
  connectTo,
  eventually,
  RawServer,
  type Script,
  serverName,
  settled,
  startGateway,
  type Wire,
} from '../kit/index.ts';

const LIMIT = { timeout: 60_000 };
/** Megabytes that no system buffers. */
const MUCH = 64;
const HELLO = clientHello(serverName('pay.example'));
const stops: (() => unknown)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

async function serverOf(script: Script): Promise<RawServer> {
  const server = await RawServer.start(script);
  stops.push(() => server.stop());
  return server;
}

/** Says its name once the hello is there, and then back what it hears. */
function echo(name: string): Script {
  return async (wire) => {
    await wire.bytes(HELLO.length);
    wire.send(name);
    wire.socket.pipe(wire.socket, { end: true });
  };
}

const rulesOf = (
  servers: readonly RawServer[],
  { listener = '', backend = '', port = 0, routes = '' } = {},
): string => `
listener web on 127.0.0.1:${port} tcp {
  tls passthrough
  ${listener}
  ${routes}
  otherwise send to app
}
backend app of ${servers.map(({ address }) => `127.0.0.1:${address.port}`).join(', ')} {
  ${backend}
}
`;

async function gatewayOf(rules: string, threads = 0) {
  const started = await startGateway(rules, threads);
  stops.push(() => started.stop());
  const isOver = (): Promise<unknown> =>
    eventually('everything to be given back', () => {
      const { listeners, backends } = started.gateway.stats();
      return (
        listeners.every(({ openConnections }) => openConnections === 0) &&
        backends.every(({ servers }) => servers.every(({ open }) => open === 0))
      );
    });
  return { ...started, isOver };
}

async function greet(address: Address, from?: string): Promise<Wire> {
  return (await connectTo(address, from)).send(HELLO);
}

/** bytesOf are so many bytes that are the same for a seed and look like none else. */
function bytesOf(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed | 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** heard is the hash of the next so many bytes, none of which is kept. */
function heard(socket: Socket, count: number): Promise<string> {
  const hash = createHash('sha256');
  let left = count;
  return new Promise((resolve, reject) => {
    socket.on('data', (piece: Buffer) => {
      hash.update(piece.subarray(0, left));
      left -= piece.length;
      if (left <= 0) resolve(hash.digest('hex'));
    });
    socket.on('close', () => reject(new Error(`closed, ${left} bytes before its end`)));
  });
}

/** repeated is the hash of a piece that comes so many times. */
function repeated(piece: Buffer, times: number): string {
  const hash = createHash('sha256');
  for (let at = 0; at < times; at++) hash.update(piece);
  return hash.digest('hex');
}

const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

for (const threads of [0, 2]) {
  const on = threads === 0 ? 'on the caller’s loop' : `on ${threads} threads`;

  test(`many megabytes go both ways at once untouched, ${on}`, LIMIT, async () => {
    const up = bytesOf(16_000_000, 1);
    const down = bytesOf(16_000_000, 2);
    const all: Promise<string>[] = [];
    const server = await serverOf(({ socket }) => {
      all.push(heard(socket, HELLO.length + up.length));
      socket.end(down);
    });
    const { address, isOver } = await gatewayOf(rulesOf([server]), threads);
    const got = [1, 2, 3].map(() => {
      const socket = connect({ ...address, allowHalfOpen: true });
      socket.write(HELLO);
      socket.end(up);
      return heard(socket, down.length);
    });
    for (const hash of await Promise.all(got)) assert.equal(hash, hashOf(down));
    for (const hash of await Promise.all(all)) assert.equal(hash, hashOf(Buffer.concat([HELLO, up])));
    assert.equal(all.length, 3);
    await isOver();
  });

  test(
    `hundreds of connections at once, of clients that end in every way, give everything back, ${on}`,
    LIMIT,
    async () => {
      const server = await serverOf(echo('a'));
      const { address, gateway, isOver } = await gatewayOf(
        rulesOf([server], { routes: 'deny sni denied.example' }),
        threads,
      );
      const endings: ((client: Wire) => unknown)[] = [
        async (client) => {
          await client.text('a');
          client.end();
          assert.equal(await client.closed(), 'ended');
        },
        async (client) => {
          await client.text('a');
          client.reset();
        },
        (client) => client.reset(),
        (client) => client.destroy(),
        async (client) => {
          await client.text('a');
          client.destroy();
        },
      ];
      for (let round = 0; round < 5; round++) {
        await Promise.all(
          Array.from({ length: 50 }, async (_, at) => {
            const client = await connectTo(address);
            client.socket.on('error', () => {});
            await client.sendInPieces(HELLO, 1 + ((at * 7 + round) % HELLO.length));
            await endings[at % endings.length]!(client);
          }),
        );
      }
      await isOver();
      const { counters } = gateway.stats().listeners[0]!;
      await eventually('all to be counted', () => gateway.stats().listeners[0]!.counters.connectionsClosed >= 250);
      assert.equal(counters.pluginErrors, 0);
      const last = await greet(address);
      await last.text('a');
      last.destroy();
      await isOver();
    },
  );

  test(`a client that does not read holds its server up, not memory, ${on}`, LIMIT, async () => {
    const piece = bytesOf(1 << 20, 3);
    let sent = 0;
    const server = await serverOf(async ({ socket }) => {
      for (; sent < MUCH; sent++) {
        if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve));
      }
      socket.end();
    });
    const { address, isOver } = await gatewayOf(rulesOf([server]), threads);
    const client = connect({ ...address, allowHalfOpen: true });
    client.write(HELLO);
    client.pause();
    // What the system buffers on both sides, and not all of it.
    assert.ok((await settled(() => sent)) < MUCH);
    const all = heard(client, MUCH * piece.length);
    client.resume();
    assert.equal(await all, repeated(piece, MUCH));
    client.destroy();
    await isOver();
  });

  test(`a server that does not read holds its client up, not memory, ${on}`, LIMIT, async () => {
    const piece = bytesOf(1 << 20, 4);
    let all: Promise<string> | null = null;
    let release: () => void = () => {};
    const server = await serverOf(async (wire) => {
      await wire.bytes(HELLO.length);
      wire.socket.pause();
      release = () => {
        all = heard(wire.socket, MUCH * piece.length);
        wire.socket.resume();
      };
      wire.send('ready');
      await wire.closed();
      wire.end();
    });
    const { address, isOver } = await gatewayOf(rulesOf([server]), threads);
    const client = await greet(address);
    await client.text('ready');
    let sent = 0;
    const sending = (async () => {
      for (; sent < MUCH; sent++) {
        if (!client.socket.write(piece)) await new Promise((resolve) => client.socket.once('drain', resolve));
      }
    })();
    assert.ok((await settled(() => sent)) < MUCH);
    release();
    await sending;
    assert.equal(await all, repeated(piece, MUCH));
    client.destroy();
    await isOver();
  });
}

test('a half-close is passed on, and the other direction continues', LIMIT, async () => {
  const server = await serverOf(async (wire) => {
    await wire.bytes(HELLO.length);
    if ((await wire.bytes(1)).toString() === 'c') {
      // The client ends first: its end has to come before anything is answered.
      await wire.closed();
      assert.equal(wire.ending, 'ended');
      wire.send(bytesOf(500_000, 5)).end();
    } else {
      wire.end();
      const rest = await wire.bytes(500_000);
      assert.equal(hashOf(rest), hashOf(bytesOf(500_000, 6)));
    }
  });
  const { address, isOver } = await gatewayOf(rulesOf([server]));
  const first = (await greet(address)).send('c').end();
  assert.equal(hashOf(await first.bytes(500_000)), hashOf(bytesOf(500_000, 5)));
  assert.equal(await first.closed(), 'ended');
  const second = (await greet(address)).send('s');
  assert.equal(await second.closed(), 'ended');
  second.send(bytesOf(500_000, 6)).end();
  await isOver();
  assert.deepEqual(server.faults, []);
});

test('a reset of one side is passed on as one', LIMIT, async () => {
  const server = await serverOf(async (wire, index) => {
    await wire.bytes(HELLO.length);
    wire.send('a');
    if (index === 0) {
      await wire.text('!');
      wire.reset();
    }
  });
  const { address, isOver } = await gatewayOf(rulesOf([server]));
  const first = await greet(address);
  await first.text('a');
  first.send('!');
  assert.equal(await first.closed(), 'reset');
  const second = await greet(address);
  await second.text('a');
  second.reset();
  assert.equal(await server.wires[1]!.closed(), 'reset');
  await isOver();
});

test('a tunnel in which nothing moves is closed in time, one half of it too', LIMIT, async () => {
  const server = await serverOf(async (wire) => {
    await wire.bytes(HELLO.length);
    wire.send('a');
  });
  const { address, isOver } = await gatewayOf(rulesOf([server], { backend: 'timeout tunnel 300ms' }));
  const whole = await greet(address);
  const half = (await greet(address)).end();
  for (const wire of [whole, half]) {
    await wire.text('a');
    await wire.closed();
  }
  for (const wire of server.wires) await wire.closed();
  await isOver();
});

test('a client whose address is denied is closed without a byte, before and after its hello', LIMIT, async () => {
  const server = await serverOf(echo('a'));
  const { address, gateway, isOver } = await gatewayOf(rulesOf([server], { listener: 'deny ip 127.0.0.2' }));
  const denied = await greet(address, '127.0.0.2');
  await denied.closed();
  assert.equal(denied.received.length, 0);
  const { by, verdict } = await gateway.explain('tcp sni pay.example from 127.0.0.2');
  assert.deepEqual([by?.text, verdict.kind], ['deny ip 127.0.0.2', 'close']);
  const allowed = await greet(address, '127.0.0.3');
  await allowed.text('a');
  allowed.destroy();
  assert.equal(gateway.stats().listeners[0]!.counters.denied, 1);
  assert.equal(server.wires.length, 1);
  await isOver();
});

test('limits count connections that have said no hello yet', LIMIT, async () => {
  const server = await serverOf(echo('a'));
  const limits = 'connections at most 3\n  connections at most 2 per ip\n  new connections at most 100/s per ip';
  const { address, gateway, isOver } = await gatewayOf(rulesOf([server], { listener: limits }));
  const open = (): number => gateway.stats().listeners[0]!.openConnections;
  const silent = await connectTo(address);
  const greeted = await greet(address);
  await greeted.text('a');
  const third = await greet(address);
  await third.closed();
  assert.equal(third.received.length, 0);
  const elsewhere = await greet(address, '127.0.0.2');
  await elsewhere.text('a');
  const full = await greet(address, '127.0.0.3');
  await full.closed();
  assert.equal(gateway.stats().listeners[0]!.counters.connectionsRefused, 2);
  silent.destroy();
  await eventually('its place to be free', () => open() === 2);
  const next = await greet(address);
  await next.text('a');
  for (const wire of [greeted, elsewhere, next]) wire.destroy();
  await isOver();
});

test('connections wait in line for a server with room, and go when their time is over', LIMIT, async () => {
  const server = await serverOf(echo('a'));
  const { address, gateway, isOver } = await gatewayOf(
    rulesOf([server], { backend: 'max 1\n  queue at most 2\n  timeout queue 2s' }),
  );
  const first = await greet(address);
  await first.text('a');
  const waiting = await greet(address);
  const gone = await greet(address);
  await eventually('both to wait', () => gateway.stats().backends[0]!.waiting === 2);
  const tooMany = await greet(address);
  await tooMany.closed();
  gone.reset();
  await eventually('one to have left', () => gateway.stats().backends[0]!.waiting === 1);
  first.destroy();
  await waiting.text('a');
  const late = await greet(address);
  await late.closed();
  assert.equal(late.received.length, 0);
  waiting.destroy();
  await isOver();
  assert.equal(gateway.stats().backends[0]!.waiting, 0);
});

test('stick on ip keeps the connections of an address together', LIMIT, async () => {
  const all = await Promise.all(['a', 'b', 'c'].map((name) => serverOf(echo(name))));
  const { address, isOver } = await gatewayOf(rulesOf(all, { backend: 'stick on ip' }));
  const seen = new Map<string, Set<string>>();
  for (let at = 0; at < 24; at++) {
    const from = `127.0.0.${2 + (at % 6)}`;
    const client = await greet(address, from);
    const name = (await client.bytes(1)).toString();
    seen.set(from, (seen.get(from) ?? new Set()).add(name));
    client.destroy();
  }
  for (const names of seen.values()) assert.equal(names.size, 1);
  assert.equal(new Set([...seen.values()].flatMap((names) => [...names])).size, 3);
  await isOver();
});

test('a server that dies is passed over, and its connections end', LIMIT, async () => {
  const one = await serverOf(echo('1'));
  const two = await serverOf(echo('2'));
  const check = 'check tcp every 50ms timeout 3s fall 1 rise 1\n  retry 2 on connect-failure using another server';
  const { address, gateway, isOver } = await gatewayOf(rulesOf([one, two], { backend: check }));
  const clients = await Promise.all([1, 2, 3, 4].map(() => greet(address)));
  const names = await Promise.all(clients.map(async (client) => (await client.bytes(1)).toString()));
  assert.deepEqual(names.toSorted(), ['1', '1', '2', '2']);
  await one.stop();
  for (const [at, client] of clients.entries()) if (names[at] === '1') await client.closed();
  // Before a check has found out, and after.
  for (const state of ['running', 'stopped'] as const) {
    if (state === 'stopped') {
      await eventually('the check', () => gateway.stats().backends[0]!.servers[0]!.state === state);
    }
    for (let at = 0; at < 4; at++) {
      const client = await greet(address);
      assert.equal((await client.bytes(1)).toString(), '2');
      client.destroy();
    }
  }
  for (const [at, client] of clients.entries()) {
    if (names[at] === '2') client.send('still here');
    if (names[at] === '2') await client.text('still here');
    client.destroy();
  }
  await isOver();
});

test('a server that goes down with `on down close` has its connections closed', LIMIT, async () => {
  let isWell = true;
  const server = await serverOf(echo('a'));
  const health = await serverOf(async (wire) => {
    if (!isWell) return wire.destroy();
    await wire.request();
    wire.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  const lines = `check GET / every 50ms timeout 3s fall 1 rise 1 port ${health.address.port}\n  on down close`;
  const { address, isOver } = await gatewayOf(rulesOf([server], { backend: lines }));
  const client = await greet(address);
  await client.text('a');
  isWell = false;
  await client.closed();
  await isOver();
});

test('a drain waits for connections, and cuts them off at its deadline', LIMIT, async () => {
  const server = await serverOf(echo('1'));
  const other = await serverOf(echo('2'));
  const { address, gateway, isOver } = await gatewayOf(rulesOf([server, other], { backend: 'balance first' }));
  const name = `app/127.0.0.1:${server.address.port}`;
  const client = await greet(address);
  await client.text('1');
  const cut = await greet(address);
  await cut.text('1');
  const drained = gateway.server(name).drain();
  const next = await greet(address);
  await next.text('2');
  assert.equal(gateway.server(name).open, 2);
  client.send('x');
  await client.text('x');
  client.destroy();
  cut.destroy();
  assert.equal((await drained).outcome, 'drained');
  await gateway.server(name).ready();
  const last = await greet(address);
  await last.text('1');
  await gateway.server(name).drain({ deadline: '100ms', close: true });
  await last.closed();
  next.destroy();
  await isOver();
});

test(
  'a stop waits for open connections until its deadline, and closes those that are in the midst of their hello',
  LIMIT,
  async () => {
    const server = await serverOf(echo('a'));
    const { gateway, address } = await gatewayOf(rulesOf([server]));
    const half = await connectTo(address);
    half.send(HELLO.subarray(0, 20));
    const ends = await greet(address);
    await ends.text('a');
    const stays = await greet(address);
    await stays.text('a');
    await eventually('all to be known', () => gateway.stats().listeners[0]!.openConnections === 3);
    const stopped = gateway.stop({ deadline: '3s' });
    ends.send('x');
    await ends.text('x');
    ends.end();
    await ends.closed();
    await half.closed();
    await stays.closed();
    assert.equal((await stopped).cut, 1);
  },
);

for (const threads of [0, 2]) {
  test(`a reload in the midst of hellos and of tunnels loses none, on ${threads} threads`, LIMIT, async () => {
    const old = await serverOf(echo('o'));
    const fresh = await serverOf(echo('n'));
    const { address, gateway, isOver } = await gatewayOf(rulesOf([old]), threads);
    const tunnel = await greet(address);
    await tunnel.text('o');
    const halves = await Promise.all(
      Array.from({ length: 8 }, async (_, at) => (await connectTo(address)).send(HELLO.subarray(0, 1 + at * 10))),
    );
    await eventually('all to be known', () => gateway.stats().listeners[0]!.openConnections === 9);
    await gateway.reload({ rules: rulesOf([fresh]).replaceAll('app', 'other') });
    for (const [at, half] of halves.entries()) half.send(HELLO.subarray(1 + at * 10));
    // A connection is judged by the rules that it began on.
    for (const half of halves) await half.text('o');
    const next = await greet(address);
    await next.text('n');
    tunnel.send('still here');
    await tunnel.text('still here');
    for (const wire of [...halves, tunnel, next]) wire.destroy();
    await isOver();
  });
}

test('a listener removed by a reload lets open hellos finish', LIMIT, async () => {
  const server = await serverOf(echo('a'));
  const { address, gateway } = await gatewayOf(rulesOf([server]));
  const half = (await connectTo(address)).send(HELLO.subarray(0, 20));
  const tunnel = await greet(address);
  await tunnel.text('a');
  await eventually('both to be known', () => gateway.stats().listeners[0]!.openConnections === 2);
  await gateway.reload({ rules: rulesOf([server]).replace('listener web', 'listener other') });
  half.send(HELLO.subarray(20));
  await half.text('a');
  tunnel.send('x');
  await tunnel.text('x');
  half.destroy();
  tunnel.destroy();
  await eventually('all to be given back', () => gateway.stats().backends[0]!.servers[0]!.open === 0);
});
