/**
 * HPACK against the library behind node:http2, both ways, and against what nobody honest sends.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ACK,
  END_HEADERS,
  END_STREAM,
  HEADERS,
  NO_ERROR,
  PREFACE,
  SETTINGS,
  writeFrameHead,
} from '../../../../src/data/http2/frames/frame.ts';
import { type FrameHandler, FrameReader } from '../../../../src/data/http2/frames/frame-reader.ts';
import { type Field, MALFORMED } from '../../../../src/data/http2/hpack/field.ts';
import { HpackDecoder } from '../../../../src/data/http2/hpack/hpack-decoder.ts';
import { HpackEncoder } from '../../../../src/data/http2/hpack/hpack-encoder.ts';
import { BAD_HUFFMAN, decodeHuffman, encodeHuffman, huffmanBytes } from '../../../../src/data/http2/hpack/huffman.ts';

class Collector {
  fields: Field[] = [];
  field(field: Field): void {
    this.fields.push(field);
  }
}

function decodeAll(decoder: HpackDecoder, block: Buffer): [string, string][] | null {
  const collector = new Collector();
  if (!decoder.decode(block, 0, block.length, collector)) return null;
  return collector.fields.map(({ name, value }) => [name, value]);
}

const hex = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  writeFrameHead(head, 0, payload.length, type, flags, stream);
  return Buffer.concat([head, payload]);
}

/** Hands every HEADERS payload to a function. */
class Headers implements FrameHandler {
  readonly #found: (stream: number, block: Buffer) => void;
  constructor(found: (stream: number, block: Buffer) => void) {
    this.#found = found;
  }
  onFrameStart(): number {
    return NO_ERROR;
  }
  onContent(): number {
    return NO_ERROR;
  }
  onContentEnd(): number {
    return NO_ERROR;
  }
  onPayload(type: number, flags: number, stream: number, bytes: Buffer, from: number, to: number): number {
    // node:http2 sends priorities with every request: five bytes.
    const skipped = (flags & 0x20) === 0 ? 0 : 5;
    if (type === HEADERS) this.#found(stream, Buffer.from(bytes.subarray(from + skipped, to)));
    return NO_ERROR;
  }
}

test('the examples of RFC 7541 appendix C decode', () => {
  const first: [string, string][] = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
  ];
  const plain = new HpackDecoder();
  assert.deepEqual(decodeAll(plain, hex('828684410f7777772e6578616d706c652e636f6d')), first);
  assert.deepEqual(decodeAll(plain, hex('828684be58086e6f2d6361636865')), [...first, ['cache-control', 'no-cache']]);
  const huffman = new HpackDecoder();
  assert.deepEqual(decodeAll(huffman, hex('828684418cf1e3c2e5f23a6ba0ab90f4ff')), first);
  assert.deepEqual(decodeAll(huffman, hex('828684be5886a8eb10649cbf')), [...first, ['cache-control', 'no-cache']]);
  assert.deepEqual(decodeAll(huffman, hex('828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf')), [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/index.html'],
    [':authority', 'www.example.com'],
    ['custom-key', 'custom-value'],
  ]);
});

test('the oldest entries of a full table go first (RFC 7541 appendix C.5)', () => {
  const decoder = new HpackDecoder(256);
  const blocks = [
    '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d',
    '4803333037c1c0bf',
    '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
  ];
  decodeAll(decoder, hex(blocks[0]!));
  assert.deepEqual(decodeAll(decoder, hex(blocks[1]!)), [
    [':status', '307'],
    ['cache-control', 'private'],
    ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['location', 'https://www.example.com'],
  ]);
  assert.deepEqual(decodeAll(decoder, hex(blocks[2]!)), [
    [':status', '200'],
    ['cache-control', 'private'],
    ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
    ['location', 'https://www.example.com'],
    ['content-encoding', 'gzip'],
    ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
  ]);
});

test('every text survives Huffman encoding and decoding', () => {
  const latin1 = fc.array(fc.integer({ min: 0, max: 255 })).map((octets) => String.fromCharCode(...octets));
  fc.assert(
    fc.property(latin1, (text) => {
      const coded = Buffer.alloc(huffmanBytes(text));
      assert.equal(encodeHuffman(text, coded, 0), coded.length);
      const out = Buffer.alloc(text.length);
      assert.equal(decodeHuffman(coded, 0, coded.length, out, 0), text.length);
      assert.equal(out.toString('latin1'), text);
    }),
  );
});

test('a Huffman code with a spelt-out end, long padding, or padding of zeros is refused', () => {
  const out = Buffer.alloc(64);
  for (const code of ['ffffffff', 'f1e3c2e5f23a6ba0ab90f4ffff', '00', '1800', 'fffffffffc']) {
    const bytes = hex(code);
    assert.equal(decodeHuffman(bytes, 0, bytes.length, out, 0), BAD_HUFFMAN, code);
  }
});

for (const [what, block] of [
  ['index 0', '80'],
  ['an index behind the table', 'ff20'],
  ['a name index behind the table', '7f2003616263'],
  ['an integer without an end', 'ffffffffffffffffff'],
  ['an integer that is cut off', 'ff'],
  ['a string longer than the block', '0005616263'],
  ['a literal without a value', '00036162 63'],
  ['a table larger than our settings allow', '3fe21f'],
  ['a new table size behind a field', '8220'],
  ['a Huffman code that is none', '0083ffffff0161'],
] as const) {
  test(`a block with ${what} is refused`, () => {
    assert.equal(decodeAll(new HpackDecoder(), hex(block)), null);
  });
}

test('names and values that could change a head are malformed', () => {
  const encoder = new HpackEncoder();
  for (const [name, value] of [
    ['x-a', 'b\r\nx-c: d'],
    ['x-a', 'b\0'],
    ['x-a', ' b'],
    ['x-a', 'b\t'],
    ['X-A', 'b'],
    ['x a', 'b'],
    ['x-a:', 'b'],
    ['', 'b'],
    ['x-a\r\nx-c', 'b'],
    [':unknown', 'b'],
    ['connection', 'close'],
    ['transfer-encoding', 'chunked'],
    ['upgrade', 'h2c'],
    ['te', 'gzip'],
  ] as const) {
    encoder.start();
    encoder.field(name, value);
    const collector = new Collector();
    assert.ok(new HpackDecoder().decode(encoder.bytes, 0, encoder.end, collector));
    assert.equal(collector.fields[0]!.kind, MALFORMED, JSON.stringify([name, value]));
  }
});

test('no bytes make a field that is well formed and holds a line end', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
      const decoder = new HpackDecoder();
      for (const block of blocks) {
        const collector = new Collector();
        decoder.decode(Buffer.from(block), 0, block.length, collector);
        for (const { kind, name, value } of collector.fields) {
          if (kind !== MALFORMED) assert.doesNotMatch(name + value, /[\r\n\0]/);
        }
      }
    }),
    { numRuns: 3000 },
  );
});

/** Every octet that a value may have, each in a text that is shorter in Huffman's code than without. */
const OCTETS = Array.from({ length: 256 }, (_, octet) => octet).filter((octet) => octet > 0x20 && octet !== 0x7f);

const SENT: readonly Record<string, string | string[]>[] = [
  { ':path': '/', accept: '*/*' },
  { ':path': '/a/long/path?with=query&and=more', 'user-agent': 'test', cookie: ['a=1', 'b=2'] },
  { ':path': '/a/long/path?with=query&and=more', 'user-agent': 'test', 'x-two': 'v'.repeat(3000) },
  { ':path': '/', ':method': 'POST', 'x-empty': '', authorization: 'Basic abc' },
  ...Array.from({ length: 80 }, (_, at) => ({ ':path': `/${at % 7}`, [`x-${at % 11}`]: 'w'.repeat(at * 3) })),
  ...OCTETS.map((octet) => ({ ':path': '/', 'x-octet': `${'a'.repeat(60)}${String.fromCharCode(octet)}` })),
];

test('what a real client sends is decoded, tables and all', async () => {
  const decoder = new HpackDecoder();
  const got: Record<string, string[]>[] = [];
  const all = Promise.withResolvers<void>();
  const server = createServer((socket: Socket) => {
    let isBegun = false;
    const reader = new FrameReader(
      new Headers((_stream, block) => {
        const fields: Record<string, string[]> = {};
        for (const [name, value] of decodeAll(decoder, block) ?? []) {
          fields[name] ??= [];
          fields[name].push(value);
        }
        got.push(fields);
        if (got.length === SENT.length) all.resolve();
      }),
    );
    socket.on('error', () => {});
    socket.write(Buffer.concat([frame(SETTINGS, 0, 0, Buffer.alloc(0)), frame(SETTINGS, ACK, 0, Buffer.alloc(0))]));
    socket.on('data', (bytes: Buffer) => {
      const from = isBegun ? 0 : PREFACE.length;
      isBegun = true;
      assert.equal(reader.read(bytes, from, bytes.length), NO_ERROR);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  session.on('error', () => {});
  await once(session, 'connect');
  for (const fields of SENT) session.request(fields).on('error', () => {});
  await all.promise;
  session.destroy();
  server.close();
  SENT.forEach((fields, at) => {
    for (const [name, value] of Object.entries(fields))
      assert.deepEqual(got[at]![name], [value].flat(), `${at} ${name}`);
  });
});

test('what is encoded is read by a real server', async () => {
  const server = createHttp2Server();
  const seen = Promise.withResolvers<Record<string, unknown>>();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    seen.resolve(headers);
    stream.respond({ ':status': 200 }, { endStream: true });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = dial((server.address() as AddressInfo).port, '127.0.0.1');
  const encoder = new HpackEncoder();
  encoder.start();
  encoder.tableSize(0);
  encoder.pseudo(':method', 'GET');
  encoder.pseudo(':scheme', 'http');
  encoder.pseudo(':path', '/somewhere');
  encoder.pseudo(':authority', 'example.com');
  encoder.field('user-agent', 'a'.repeat(5000));
  encoder.field('x-own', 'b'.repeat(126));
  encoder.field('authorization', 'Basic abc');
  const block = Buffer.from(encoder.bytes.subarray(0, encoder.end));
  socket.write(
    Buffer.concat([
      PREFACE,
      frame(SETTINGS, 0, 0, Buffer.alloc(0)),
      frame(HEADERS, END_HEADERS | END_STREAM, 1, block),
    ]),
  );
  const headers = await seen.promise;
  socket.destroy();
  server.close();
  assert.equal(headers[':path'], '/somewhere');
  assert.equal(headers[':authority'], 'example.com');
  assert.equal(headers['user-agent'], 'a'.repeat(5000));
  assert.equal(headers['x-own'], 'b'.repeat(126));
  assert.equal(headers.authorization, 'Basic abc');
});

test('a status is one byte where the table has it', () => {
  for (const status of [100, 200, 204, 206, 304, 400, 404, 418, 500, 503, 599]) {
    const encoder = new HpackEncoder();
    encoder.start();
    encoder.status(status);
    const block = Buffer.from(encoder.bytes.subarray(0, encoder.end));
    assert.deepEqual(decodeAll(new HpackDecoder(), block), [[':status', String(status)]]);
  }
});
