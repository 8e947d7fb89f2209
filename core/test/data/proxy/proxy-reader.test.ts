/**
 * PROXY headers as proxies write them, in pieces of any size, and as nobody should.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  MOST_PROXY_BYTES,
  NO_PROXY_HEADER,
  PROXY_NEEDS_MORE,
  type ProxiedConnection,
  ProxyReader,
} from '../../../src/data/proxy/proxy-reader.ts';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const text = (latin1: string) => Buffer.from(latin1, 'latin1');

function v2(first: number, family: number, ...parts: (Buffer | number[])[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  return Buffer.concat([SIGNATURE, Buffer.from([first, family]), length, body]);
}

function tlv(type: number, value: Buffer | number[]): Buffer {
  const body = Buffer.from(value);
  const head = Buffer.from([type, 0, 0]);
  head.writeUInt16BE(body.length, 1);
  return Buffer.concat([head, body]);
}

const V4_ENDS = [192, 0, 2, 1, 198, 51, 100, 7, 0x30, 0x39, 0x01, 0xbb];

/** Reads in pieces of so many bytes, with something behind the header. */
function read(header: Buffer, pieceBytes = header.length + 4): ProxiedConnection | string {
  const bytes = Buffer.concat([header, text('rest')]);
  const reader = new ProxyReader();
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const got = reader.read(Buffer.from(bytes.subarray(at, at + pieceBytes)));
    if (got === PROXY_NEEDS_MORE) continue;
    if (typeof got === 'object') assert.equal(at + reader.restAt, header.length, 'where the rest begins');
    return got;
  }
  return PROXY_NEEDS_MORE;
}

function ends(got: ProxiedConnection | string): string {
  assert.ok(typeof got === 'object', String(got));
  const end = (one: ProxiedConnection['source']) => (one === null ? '-' : `${one.ip.text} ${one.port}`);
  return `${end(got.source)} to ${end(got.destination)}`;
}

const HEADERS: readonly (readonly [string, Buffer, string])[] = [
  ['a line of IPv4', text('PROXY TCP4 192.0.2.1 198.51.100.7 12345 443\r\n'), '192.0.2.1 12345 to 198.51.100.7 443'],
  ['a line of IPv6', text('PROXY TCP6 2001:DB8::1 ::1 1 65535\r\n'), '2001:db8::1 1 to ::1 65535'],
  ['a line of nobody', text('PROXY UNKNOWN\r\n'), '- to -'],
  ['a line of nobody that says more', text('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), '- to -'],
  ['version 2 of IPv4', v2(0x21, 0x11, V4_ENDS), '192.0.2.1 12345 to 198.51.100.7 443'],
  [
    'version 2 of IPv6',
    v2(0x21, 0x21, [0x20, 1, 0xd, 0xb8], Buffer.alloc(11), [1], Buffer.alloc(15), [1, 0, 1, 0, 2]),
    '2001:db8::1 1 to ::1 2',
  ],
  ['version 2 of a Unix socket', v2(0x21, 0x31, Buffer.alloc(216)), '- to -'],
  ['version 2 of nobody', v2(0x21, 0x00), '- to -'],
  ['version 2, local', v2(0x20, 0x00), '- to -'],
  ['version 2, local, with what is to be stepped over', v2(0x20, 0x11, [1, 2, 3]), '- to -'],
];

for (const [what, header, wanted] of HEADERS) {
  test(`${what} is read, in pieces of any size`, () => {
    for (const pieceBytes of [1, 2, 5, 17, 1000]) assert.equal(ends(read(header, pieceBytes)), wanted);
  });
}

test('the values of version 2 are read', () => {
  const tls = tlv(
    0x20,
    Buffer.concat([
      Buffer.from([0x07, 0, 0, 0, 0]),
      tlv(0x21, text('TLSv1.3')),
      tlv(0x22, text('client')),
      tlv(0x23, text('AES')),
    ]),
  );
  const values = [tlv(0x01, text('h2')), tlv(0x02, text('A.Example')), tlv(0x05, [1, 2, 255]), tlv(0x04, [0, 0]), tls];
  const got = read(v2(0x21, 0x11, V4_ENDS, ...values));
  assert.ok(typeof got === 'object');
  assert.deepEqual([got.alpn, got.authority, got.uniqueId], ['h2', 'a.example', '0102ff']);
  assert.deepEqual(got.tls, {
    version: 'TLSv1.3',
    cipher: 'AES',
    commonName: 'client',
    hasClientCertificate: true,
    isVerified: true,
  });
});

test('a client certificate that the proxy did not find good is not verified', () => {
  const got = read(v2(0x21, 0x11, V4_ENDS, tlv(0x20, [0x03, 0, 0, 0, 1])));
  assert.ok(typeof got === 'object');
  assert.equal(got.tls?.isVerified, false);
  assert.equal(got.tls?.hasClientCertificate, true);
});

test('a checksum is held against the header', () => {
  // Of the nine digits, the value that every description of CRC32c gives, is 0xe3069283; here the header itself is summed up.
  const header = v2(0x21, 0x11, V4_ENDS, tlv(0x03, [0, 0, 0, 0]));
  let crc = 0xffffffff;
  for (const octet of header) {
    crc ^= octet;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? 0x82f63b78 ^ (crc >>> 1) : crc >>> 1;
  }
  header.writeUInt32BE((crc ^ 0xffffffff) >>> 0, header.length - 4);
  assert.equal(ends(read(header)), '192.0.2.1 12345 to 198.51.100.7 443');
  header[16] = 10;
  assert.equal(read(header), NO_PROXY_HEADER);
});

for (const [what, header] of [
  ['HTTP', text('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
  ['a method that begins alike', text('PROPFIND / HTTP/1.1\r\n')],
  ['a line without an end', text(`PROXY TCP4 ${'1'.repeat(120)}`)],
  ['a line that ends in LF alone', text('PROXY TCP4 192.0.2.1 198.51.100.7 1 2\n')],
  ['a line with two blanks', text('PROXY TCP4  192.0.2.1 198.51.100.7 1 2\r\n')],
  ['a line with a port too high', text('PROXY TCP4 192.0.2.1 198.51.100.7 1 65536\r\n')],
  ['a line with a port of zeros', text('PROXY TCP4 192.0.2.1 198.51.100.7 01 2\r\n')],
  ['a line of IPv4 with IPv6', text('PROXY TCP4 ::1 ::2 1 2\r\n')],
  ['a line of IPv6 with IPv4', text('PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n')],
  ['a line of another family', text('PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n')],
  ['a line with a name', text('PROXY TCP4 localhost 192.0.2.2 1 2\r\n')],
  ['another signature', Buffer.concat([text('\r\n\r\n\0\r\nQUIX\n'), Buffer.from([0x21, 0x11, 0, 0])])],
  ['version 3', v2(0x31, 0x11, V4_ENDS)],
  ['an unknown command', v2(0x22, 0x11, V4_ENDS)],
  ['an unknown family', v2(0x21, 0x41, V4_ENDS)],
  ['addresses that are cut off', v2(0x21, 0x11, V4_ENDS.slice(0, 8))],
  ['a length over the limit', v2(0x21, 0x11, V4_ENDS, Buffer.alloc(MOST_PROXY_BYTES))],
  ['a value that is cut off', v2(0x21, 0x11, V4_ENDS, [0x02, 0, 9, 0x61])],
  ['a value without a length', v2(0x21, 0x11, V4_ENDS, [0x02, 0])],
  ['two values of a kind', v2(0x21, 0x11, V4_ENDS, tlv(2, text('a')), tlv(2, text('b')))],
  ['a name with a line end', v2(0x21, 0x11, V4_ENDS, tlv(2, text('a\r\nb')))],
  [
    'a common name with a line end',
    v2(0x21, 0x11, V4_ENDS, tlv(0x20, Buffer.concat([Buffer.from([1, 0, 0, 0, 0]), tlv(0x22, text('a\r\nb'))]))),
  ],
  ['a wrong checksum', v2(0x21, 0x11, V4_ENDS, tlv(3, [1, 2, 3, 4]))],
  ['an id over the limit', v2(0x21, 0x11, V4_ENDS, tlv(5, Buffer.alloc(129)))],
] as [string, Buffer][]) {
  test(`${what} is no header, in pieces of any size`, () => {
    for (const pieceBytes of [1, 1000]) assert.equal(read(header, pieceBytes), NO_PROXY_HEADER);
  });
}

test('no bytes do more than be refused', () => {
  const whole = v2(
    0x21,
    0x11,
    V4_ENDS,
    tlv(1, text('h2')),
    tlv(0x20, Buffer.concat([Buffer.from([7, 0, 0, 0, 0]), tlv(0x22, text('c'))])),
  );
  const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 5 });
  fc.assert(
    fc.property(changes, fc.integer({ min: 1, max: 40 }), (changed, pieceBytes) => {
      const bytes = Buffer.from(whole);
      for (const [at, octet] of changed) bytes[at] = octet;
      const reader = new ProxyReader();
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        if (reader.read(bytes.subarray(at, at + pieceBytes)) !== PROXY_NEEDS_MORE) return;
      }
    }),
    { numRuns: 3000 },
  );
});
