/**
 * ClientHellos of real clients, in every way they may be cut, and what is none.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import fc from 'fast-check';
import {
  ClientHelloReader,
  HELLO_NEEDS_MORE,
  MOST_HELLO_BYTES,
  NO_HELLO,
} from '../../../src/data/listen/client-hello.ts';

const parseClientHello = (bytes: Buffer) => new ClientHelloReader().read(bytes);

/** The first flight of whoever is made to connect. */
async function firstFlight(dial: (port: number) => void): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  dial((server.address() as AddressInfo).port);
  const [socket] = (await once(server, 'connection')) as [Socket];
  socket.on('error', () => {});
  const pieces: Buffer[] = [];
  for await (const piece of socket) {
    pieces.push(piece);
    if (parseClientHello(Buffer.concat(pieces)) !== HELLO_NEEDS_MORE) break;
  }
  server.close();
  return Buffer.concat(pieces);
}

function ofNode(options: object): Promise<Buffer> {
  return firstFlight((port) => {
    connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }).on('error', () => {});
  });
}

/** The same hello in records of so many bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const body = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    const head = Buffer.from([22, 3, 1, 0, 0]);
    head.writeUInt16BE(piece.length, 3);
    records.push(head, piece);
  }
  return Buffer.concat(records);
}

const vector = (size: number, ...parts: (Buffer | number[])[]) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const head = Buffer.alloc(size);
  head.writeUIntBE(body.length, 0, size);
  return Buffer.concat([head, body]);
};
const extension = (type: number, body: Buffer | number[]) =>
  Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, body)]);
const serverName = (name: string) => extension(0, vector(2, [0], vector(2, Buffer.from(name, 'latin1'))));

/** A hello made by hand. */
function made(...extensions: Buffer[]): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32),
    vector(1),
    vector(2, [0x13, 0x01]),
    vector(1, [0]),
    vector(2, ...extensions),
  ]);
  return Buffer.concat([Buffer.from([22, 3, 1]), vector(2, [1], vector(3, body))]);
}

test('the name and the protocols of a real client are read, in lower case and in order', async () => {
  const hello = await ofNode({ servername: 'Pay.Example.com', ALPNProtocols: ['h2', 'http/1.1'] });
  assert.deepEqual(parseClientHello(hello), { sni: 'pay.example.com', alpn: ['h2', 'http/1.1'] });
});

test('a client that names nothing is still a client', async () => {
  assert.deepEqual(parseClientHello(await ofNode({ servername: '', maxVersion: 'TLSv1.2' })), { sni: '', alpn: [] });
});

test('the hello of curl is parsed', async () => {
  const hello = await firstFlight((port) => {
    const at = `curl.example:${port}:127.0.0.1`;
    execFile(
      'curl',
      ['-ks', '--noproxy', '*', '--max-time', '5', '--resolve', at, `https://curl.example:${port}/`],
      () => {},
    );
  });
  const read = parseClientHello(hello);
  assert.ok(typeof read === 'object');
  assert.equal(read.sni, 'curl.example');
  assert.ok(read.alpn.includes('http/1.1'));
});

test('a hello is read whatever records and pieces it is cut into', async () => {
  const hello = await ofNode({ servername: 'a.example' });
  for (const recordBytes of [1, 3, 60, hello.length]) {
    const bytes = inRecords(hello, recordBytes);
    for (const pieceBytes of [1, 2, 7, 100]) {
      const reader = new ClientHelloReader();
      const piece = (at: number) => Buffer.from(bytes.subarray(at, at + pieceBytes));
      let at = 0;
      for (; at + pieceBytes < bytes.length; at += pieceBytes) assert.equal(reader.read(piece(at)), HELLO_NEEDS_MORE);
      assert.deepEqual(reader.read(piece(at)), { sni: 'a.example', alpn: [] });
    }
  }
});

test('unknown extensions are skipped', () => {
  const grease = extension(0x0a0a, [1, 2, 3]);
  const encrypted = extension(0xfe0d, Buffer.alloc(500, 7));
  const hello = made(grease, encrypted, serverName('outer.example'), extension(0x1a1a, []));
  assert.deepEqual(parseClientHello(hello), { sni: 'outer.example', alpn: [] });
});

for (const [what, bytes] of [
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['SSL 2', Buffer.from([0x80, 0x2e, 1, 3, 1])],
  ['an alert', Buffer.from([21, 3, 1, 0, 2, 1, 0])],
  ['an empty record', Buffer.from([22, 3, 1, 0, 0])],
  ['a record over the limit', Buffer.from([22, 3, 1, 0x40, 1])],
  ['a hello of a server', Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])],
  ['a hello over the limit', Buffer.from([22, 3, 1, 0, 4, 1, 1, 0, 0])],
  ['two names', made(extension(0, vector(2, [0], vector(2, Buffer.from('a')), [0], vector(2, Buffer.from('b')))))],
  ['two extensions of a kind', made(serverName('a.example'), serverName('b.example'))],
  ['a name with a blank', made(serverName('a b'))],
  ['a name with NUL', made(serverName('a\0.example'))],
  ['an empty name', made(serverName(''))],
  ['a name that is too long', made(serverName('abcdefg.'.repeat(40).concat('example')))],
  ['protocols that lie about their length', made(extension(16, [0, 9, 2, 0x68, 0x32]))],
  ['an empty protocol', made(extension(16, [0, 1, 0]))],
  ['an extension that ends behind the hello', made(Buffer.from([0, 0, 0, 9, 0]))],
] as const) {
  test(`${what} is no hello`, () => {
    assert.equal(parseClientHello(bytes), NO_HELLO);
  });
}

test('a hello that never ends is given up at the limit', () => {
  const record = Buffer.concat([
    Buffer.from([22, 3, 1, 0x40, 0]),
    Buffer.from([1, 0, 0xff, 0xf0]),
    Buffer.alloc(16380),
  ]);
  const more = Buffer.concat([Buffer.from([22, 3, 1, 0x40, 0]), Buffer.alloc(16384)]);
  const bytes = Buffer.concat([record, more, more, more.subarray(0, MOST_HELLO_BYTES - 3 * 16389)]);
  assert.equal(parseClientHello(bytes), NO_HELLO);
});

test('no bytes do more than be refused', async () => {
  const hello = await ofNode({ servername: 'a.example', ALPNProtocols: ['h2'] });
  const changes = fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(changes, fc.nat(hello.length), (changed, end) => {
      const bytes = Buffer.from(hello.subarray(0, end));
      for (const [at, octet] of changed) if (at < end) bytes[at] = octet;
      const read = parseClientHello(bytes);
      if (typeof read === 'object') assert.match(read.sni, /^[a-z0-9._-]*$/);
    }),
    { numRuns: 2000 },
  );
});
