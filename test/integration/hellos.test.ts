/**
 * Every kind of TLS hello, and of what is none, in front of a listener that passes everything on and of one that ends TLS too: who
 * gets the connection, and that it gets every byte as it was sent.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { type ConnectionOptions, connect as connectTls, createServer } from 'node:tls';
import { certify, makeKey } from '@sluice/plugin-kit/tls';
import {
  clientHello,
  connectTo,
  eventually,
  extension,
  helloMessage,
  inRecords,
  protocols,
  RawServer,
  serverName,
  startGateway,
  temporaryFolder,
  vector,
  type Wire,
} from '../kit/index.ts';

const LIMIT = { timeout: 60_000 };

/** Reads until so many bytes have come, says its name, and ends. */
const servers = new Map<string, RawServer>();
let alone: Awaited<ReturnType<typeof startGateway>>;
let mixed: Awaited<ReturnType<typeof startGateway>>;

before(async () => {
  for (const name of ['pay', 'mail', 'app']) {
    const server = await RawServer.start(async (wire) => {
      wire.send(name);
      await wire.closed();
      wire.end();
    });
    servers.set(name, server);
  }
  const at = (name: string): string => `127.0.0.1:${servers.get(name)!.address.port}`;
  const backends = `backend pay of ${at('pay')}\nbackend mail of ${at('mail')}\nbackend app of ${at('app')}\n`;
  alone = await startGateway(`listener web on 127.0.0.1:0 tcp {
  tls passthrough
  timeout header 2s
  deny sni denied.example
  send to pay when sni pay.example
  send to mail when alpn imap
  otherwise send to app
}
${backends}`);
  mixed = await startGateway(`listener web on 127.0.0.1:0 {
  tls passthrough to pay when sni pay.example
  tls passthrough to mail when alpn imap
  tls terminate self-signed for edge.example
  timeout header 2s
  otherwise deny 404
}
${backends}`);
});
after(async () => {
  for (const gateway of [alone, mixed]) await gateway?.stop();
  for (const server of servers.values()) await server.stop();
});

const wires: Wire[] = [];

afterEach(async () => {
  for (const wire of wires.splice(0)) wire.destroy();
  for (const { gateway } of [alone, mixed]) {
    await eventually('everything to be closed', () => gateway.stats().listeners[0]!.openConnections === 0);
    for (const { servers: members } of gateway.stats().backends) assert.equal(members[0]!.open, 0);
  }
  for (const server of servers.values()) server.play(async (wire) => void (await played(wire, server)));
});

async function played(wire: Wire, server: RawServer): Promise<void> {
  wire.send([...servers].find(([, each]) => each === server)![0]);
  await wire.closed();
  wire.end();
}

async function open(gateway: typeof alone): Promise<Wire> {
  const wire = await connectTo(gateway.address);
  wires.push(wire);
  return wire;
}

/** Who gets a connection that begins so, as far as is seen: a server's name, `edge` (the gateway's alert), or `nobody`. */
async function taker(gateway: typeof alone, bytes: Buffer, pieceBytes = bytes.length): Promise<string> {
  const wire = await open(gateway);
  await wire.sendInPieces(bytes, pieceBytes);
  wire.end();
  await wire.closed();
  const said = wire.received.toString('latin1');
  if (said === '') return 'nobody';
  // An alert, or the gateway's own hello.
  if (said.charCodeAt(0) === 21 || said.charCodeAt(0) === 22) return 'edge';
  const server = servers.get(said)!;
  await eventually('the server to have it all', () => server.received.length >= bytes.length);
  assert.equal(server.received, bytes.toString('latin1'), 'bytes were changed on the way');
  server.play(async (next) => void (await played(next, server)));
  return said;
}

/** A key share as large as X25519MLKEM768's: more than a packet. */
const largeKey = extension(51, vector(2, [0x11, 0xec], vector(2, Buffer.alloc(1216, 5))));
const grease = (which: number): Buffer => extension((which << 8) | which, Buffer.alloc(which & 3, 1));
/** An outer hello of ECH: config, encapsulated key and a sealed inner hello, in which nothing can be read. */
const encrypted = extension(0xfe0d, [
  0,
  0,
  1,
  0,
  1,
  7,
  ...vector(2, Buffer.alloc(32, 3)),
  ...vector(2, Buffer.alloc(300, 4)),
]);
const name = 'pay.example';

/** Hellos that are one: what goes where from `alone`, and from `mixed`. */
const HELLOS: Readonly<Record<string, readonly [bytes: Buffer, alone: string, mixed: string, pieceBytes?: number]>> = {
  'a name that has a line': [clientHello(serverName(name)), 'pay', 'pay'],
  'a name in capitals': [clientHello(serverName('PAY.Example')), 'pay', 'pay'],
  'a name with a dot behind': [clientHello(serverName('pay.example.')), 'pay', 'pay'],
  'another name': [clientHello(serverName('other.example')), 'app', 'edge'],
  'an address for a name': [clientHello(serverName('192.0.2.1')), 'app', 'edge'],
  'a name that only ends like it': [clientHello(serverName('xpay.example')), 'app', 'edge'],
  'no name': [clientHello(), 'app', 'edge'],
  'no name, and a protocol that has a line': [clientHello(protocols('h2', 'imap')), 'mail', 'mail'],
  'a name and a protocol that both have a line': [clientHello(protocols('imap'), serverName(name)), 'pay', 'pay'],
  'a name that is refused': [clientHello(serverName('denied.example')), 'nobody', 'edge'],
  'single bytes': [clientHello(serverName(name)), 'pay', 'pay', 1],
  'records of one byte': [inRecords(helloMessage(serverName(name)), 1), 'pay', 'pay'],
  'records of one byte, in single bytes': [inRecords(helloMessage(serverName(name)), 1), 'pay', 'pay', 1],
  'several records, in pieces across them': [inRecords(helloMessage(serverName(name)), 50), 'pay', 'pay', 33],
  'GREASE before and behind': [clientHello(grease(0x0a), serverName(name), grease(0xfa)), 'pay', 'pay'],
  'an encrypted inner hello': [clientHello(encrypted, serverName(name)), 'pay', 'pay'],
  'a key larger than a packet, before the name': [clientHello(largeKey, serverName(name)), 'pay', 'pay', 1460],
  'a key larger than a packet, in records of 700': [
    inRecords(helloMessage(largeKey, serverName(name)), 700),
    'pay',
    'pay',
    1460,
  ],
  '60 KB of what nobody knows': [
    inRecords(helloMessage(extension(0xfefe, Buffer.alloc(60_000)), serverName(name)), 16384),
    'pay',
    'pay',
    8192,
  ],
};
for (const [what, [bytes, byAlone, byMixed, pieceBytes]] of Object.entries(HELLOS)) {
  test(`a hello with ${what} goes to ${byAlone}, or where TLS ends too to ${byMixed}`, LIMIT, async () => {
    assert.equal(await taker(alone, bytes, pieceBytes), byAlone);
    assert.equal(await taker(mixed, bytes, pieceBytes), byMixed);
  });
}

const hello = clientHello(serverName(name));

/** What is no hello: closed and counted, or left to the gateway's own TLS, which refuses it. */
const NONE: Readonly<Record<string, Buffer>> = {
  'a request in plain text': Buffer.from(`GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`),
  'HTTP/2 in plain text': Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  SSH: Buffer.from('SSH-2.0-OpenSSH_9.9\r\n'),
  'a PROXY header that nobody accepts': Buffer.concat([Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 1 443\r\n'), hello]),
  'the hello of SSL 2': Buffer.from([0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10, ...Buffer.alloc(37, 1)]),
  zeros: Buffer.alloc(100),
  'an alert': Buffer.from([21, 3, 1, 0, 2, 1, 0]),
  'data before a hello': Buffer.concat([Buffer.from([23, 3, 3, 0, 1, 0]), hello]),
  'an empty record before the hello': Buffer.concat([Buffer.from([22, 3, 1, 0, 0]), hello]),
  'an empty record within the hello': Buffer.concat([
    inRecords(helloMessage(serverName(name)).subarray(0, 40)),
    Buffer.from([22, 3, 1, 0, 0]),
  ]),
  'a record over the limit': Buffer.from([22, 3, 1, 0x41, 0x01, 1, 0, 0]),
  'another record in the midst of the hello': Buffer.concat([
    inRecords(helloMessage(serverName(name)).subarray(0, 40)),
    Buffer.from([20, 3, 3, 0, 1, 1]),
  ]),
  'bytes behind the hello in its record': inRecords(Buffer.concat([helloMessage(serverName(name)), Buffer.from([1])])),
  'two names': clientHello(
    extension(0, vector(2, [0], vector(2, Buffer.from(name)), [0], vector(2, Buffer.from('b')))),
  ),
  'two extensions of names': clientHello(serverName(name), serverName('b.example')),
  'a name with NUL in it': clientHello(serverName(`${name}\0.evil.example`)),
  'a name with an empty label': clientHello(serverName('pay..example')),
  'a name that is a dot': clientHello(serverName('.')),
  'a name of 254 characters': clientHello(serverName(`${'a'.repeat(63)}.`.repeat(4).slice(0, 254))),
  'a hello longer than is read': inRecords(Buffer.concat([Buffer.from([1, 1, 0, 0]), Buffer.alloc(66_000)])),
};
for (const [what, bytes] of Object.entries(NONE)) {
  test(`${what} is no hello: no server hears of it`, LIMIT, async () => {
    const { badRequests } = alone.gateway.stats().listeners[0]!.counters;
    assert.equal(await taker(alone, bytes), 'nobody');
    assert.equal(alone.gateway.stats().listeners[0]!.counters.badRequests, badRequests + 1);
    assert.match(await taker(mixed, bytes), /edge|nobody/);
    for (const server of servers.values()) assert.equal(server.wires.length, 0);
  });
}

test(
  'a client that never ends its hello, or never begins one, is closed in time, however it trickles',
  LIMIT,
  async () => {
    for (const gateway of [alone, mixed]) {
      const silent = await open(gateway);
      const half = await open(gateway);
      half.send(hello.subarray(0, 20));
      const trickling = await open(gateway);
      let at = 0;
      const drip = setInterval(() => {
        if (at < hello.length - 1) trickling.send(hello.subarray(at, ++at));
      }, 50);
      for (const wire of [silent, half, trickling]) {
        await wire.closed();
        assert.equal(wire.received.length, 0);
      }
      clearInterval(drip);
      assert.ok(at < hello.length - 1);
    }
    for (const server of servers.values()) assert.equal(server.wires.length, 0);
  },
);

test('a client that resets in the middle of its hello leaves nothing open', LIMIT, async () => {
  for (const gateway of [alone, mixed]) {
    for (const length of [0, 1, 5, 30, hello.length - 1]) {
      const wire = await open(gateway);
      const { connections } = gateway.gateway.stats().listeners[0]!.counters;
      wire.send(hello.subarray(0, length));
      await eventually(
        'it to be known',
        () => connections >= 0 && gateway.gateway.stats().listeners[0]!.openConnections > 0,
      );
      wire.reset();
    }
    await eventually('all of them to have gone', () => gateway.gateway.stats().listeners[0]!.openConnections === 0);
  }
});

test(
  'a client with a key that resists quantum computers is passed on, and its handshake goes through',
  LIMIT,
  async () => {
    const { key, cert } = certify('pay.example', makeKey());
    const server = createServer({ key, cert, ecdhCurve: 'X25519MLKEM768:X25519' }, (socket) => {
      socket.on('error', () => {});
      socket.end(String(socket.getCipher().version));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const gateway = await startGateway(`listener web on 127.0.0.1:0 tcp {
  tls passthrough
  send to pay when sni pay.example
  otherwise deny
}
backend pay of 127.0.0.1:${port}
`);
    try {
      const options: ConnectionOptions = { ...gateway.address, servername: 'pay.example', rejectUnauthorized: false };
      const socket = connectTls({ ...options, ecdhCurve: 'X25519MLKEM768' });
      let said = '';
      for await (const piece of socket) said += piece;
      assert.equal(said, 'TLSv1.3');
      // More than a packet came from the client, who said nothing but what its handshake needs.
      await eventually('the bytes', () => gateway.gateway.stats().listeners[0]!.counters.bytesIn > 1460);
    } finally {
      await gateway.stop();
      server.close();
    }
  },
);

test('the access log has the protocols of a hello, unless they are as many as fit in', LIMIT, async () => {
  const log = join(temporaryFolder(), 'access.log');
  const gateway = await startGateway(`listener web on 127.0.0.1:0 tcp { tls passthrough; otherwise send to app }
backend app of 127.0.0.1:${servers.get('app')!.address.port}
settings { log access json to "${log}" }
`);
  const many = Array.from({ length: 12_000 }, () => '\0\x01\x02');
  for (const offered of [['h2', 'http/1.1'], many, []]) {
    const wire = await connectTo(gateway.address);
    wire.send(inRecords(helloMessage(...(offered.length === 0 ? [] : [protocols(...offered)])))).end();
    await wire.closed();
    wire.destroy();
  }
  await gateway.stop();
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const logged = lines.map((line) => JSON.parse(line).alpn ?? 'nothing');
  assert.deepEqual(logged, [['h2', 'http/1.1'], 'nothing', []]);
  assert.ok(lines.every((line) => line.length < 1000));
});
