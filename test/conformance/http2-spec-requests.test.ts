/**
 * Requests in HTTP/2, and their HPACK, by section, towards clients: which are answered, which are malformed, which blocks cannot be read (RFC 9113 sections 7 and 8, RFC 7541). Each
 * case is a connection of its own, written frame by frame.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  alive,
  answered,
  connectTo,
  eventually,
  FLAG,
  FRAME,
  fieldBlock,
  GET,
  GET_BLOCK,
  gone,
  type Http2Case,
  Http2Wire,
  malformed,
  type Pairs,
  POST,
  plainRules,
  RawServer,
  replaced,
  reset,
  row,
  setting,
  slow,
  startGateway,
  testCases,
  uint32,
  upload,
  WHOLE,
} from '../kit/index.ts';

const without = (name: string): Pairs => GET.filter((pair) => pair[0] !== name);
const bytes = (...parts: readonly (string | number)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part, 'hex'))));

/** The fields of a literal, as the server behind gets them. */
function literal(what: string, representation: Buffer, line: string): Http2Case {
  return row(
    `${what} is read`,
    (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, Buffer.concat([GET_BLOCK, representation])),
    async (wire) => {
      await answered()(wire);
      assert.ok(stage.received.includes(`\r\n${line}\r\n`), stage.received);
    },
  );
}

const undecodable = (what: string, representation: Buffer): Http2Case =>
  row(
    `${what} ends the connection`,
    (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, Buffer.concat([GET_BLOCK, representation])),
    gone('COMPRESSION_ERROR'),
  );

const refused = (what: string, fields: Pairs): Http2Case => row(what, (wire) => wire.ask(1, fields), malformed);

const CASES: Readonly<Record<string, readonly Http2Case[]>> = {
  'RFC 9113 7 error codes that nobody knows': [
    row('in RST_STREAM', (wire) => slow(wire).frame(FRAME.RST_STREAM, 0, 1, uint32(0xff)), alive),
    row(
      'in GOAWAY',
      (wire) => wire.ask(1).frame(FRAME.GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(0xff)])),
      async (wire) => assert.equal(await wire.status(1), 200),
    ),
  ],
  'RFC 9113 8.1 messages': [
    row('GET', (wire) => wire.ask(1), answered()),
    row(
      'HEAD, whose answer ends with its head',
      (wire) => wire.ask(1, replaced(':method', 'HEAD')),
      async (wire) => {
        const head = await wire.until(({ type }) => type === FRAME.HEADERS);
        assert.equal(head.flags & FLAG.END_STREAM, FLAG.END_STREAM);
        assert.equal(head.payload[0], 0x88);
        await alive(wire);
      },
    ),
    row('POST', (wire) => upload(wire).frame(FRAME.DATA, 1, 1, 'test'), answered()),
    row(
      'POST with trailers',
      (wire) =>
        upload(wire)
          .frame(FRAME.DATA, 0, 1, 'test')
          .frame(FRAME.HEADERS, WHOLE, 1, fieldBlock([['x-after', 'yes']])),
      async (wire) => {
        await answered()(wire);
        assert.match(stage.received, /\r\n0\r\nx-after: yes\r\n\r\n$/);
      },
    ),
    row(
      'second HEADERS that do not end the stream',
      (wire) =>
        upload(wire)
          .frame(FRAME.DATA, 0, 1, 'test')
          .frame(FRAME.HEADERS, 4, 1, fieldBlock([['x-after', 'yes']])),
      reset('PROTOCOL_ERROR'),
    ),
    row(
      'a length that is not that of the DATA',
      (wire) => wire.ask(1, [...POST, ['content-length', '1']], false).frame(FRAME.DATA, 1, 1, 'test'),
      malformed,
    ),
    row(
      'a length that is not the sum of the DATA',
      (wire) =>
        wire
          .ask(1, [...POST, ['content-length', '1']], false)
          .frame(FRAME.DATA, 0, 1, 'test')
          .frame(FRAME.DATA, 1, 1, 'test'),
      malformed,
    ),
    row(
      'a length over the sum of the DATA',
      (wire) =>
        wire
          .ask(1, [...POST, ['content-length', '10']], false)
          .frame(FRAME.DATA, 0, 1, 'test')
          .frame(FRAME.DATA, 1, 1, 'test'),
      malformed,
    ),
  ],
  'RFC 9113 8.2 fields': [
    refused('a name in capitals', [...GET, ['X-TEST', 'ok']]),
    refused('connection', [...GET, ['connection', 'keep-alive']]),
    refused('proxy-connection', [...GET, ['proxy-connection', 'keep-alive']]),
    refused('keep-alive', [...GET, ['keep-alive', 'timeout=5']]),
    refused('transfer-encoding', [...GET, ['transfer-encoding', 'chunked']]),
    refused('upgrade', [...GET, ['upgrade', 'h2c']]),
    refused('te that is not trailers', [...GET, ['te', 'trailers, deflate']]),
    row('te: trailers is fine', (wire) => wire.ask(1, [...GET, ['te', 'trailers']]), answered()),
  ],
  'RFC 9113 8.3 pseudo-fields': [
    refused('one that nobody knows', [[':test', 'ok'], ...GET]),
    refused('one of answers', [...GET, [':status', '200']]),
    refused('behind others', [['x-test', 'ok'], ...GET]),
    refused('an empty path', replaced(':path', '')),
    refused('no method', without(':method')),
    refused('no scheme', without(':scheme')),
    refused('no path', without(':path')),
    refused('two methods', [...GET, [':method', 'GET']]),
    refused('two schemes', [...GET, [':scheme', 'http']]),
    refused('two paths', [...GET, [':path', '/']]),
    refused('two authorities', [...GET, [':authority', 'a.test']]),
    row(
      'in trailers',
      (wire) =>
        upload(wire)
          .frame(FRAME.DATA, 0, 1, 'test')
          .frame(FRAME.HEADERS, WHOLE, 1, fieldBlock([[':method', 'GET']])),
      reset('PROTOCOL_ERROR'),
    ),
  ],
  'RFC 9113 8.4 promises': [
    row(
      'of a client',
      (wire) => slow(wire).frame(FRAME.PUSH_PROMISE, 4, 1, Buffer.concat([uint32(3), GET_BLOCK])),
      gone('PROTOCOL_ERROR'),
    ),
  ],
  'RFC 7541 2.3.3 and 6.1 indexes': [
    row(
      'of the static table',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, bytes('82868441', 6, Buffer.from('a.test').toString('hex'))),
      answered(),
    ),
    undecodable('0', bytes(0x80)),
    undecodable('behind the table', bytes(0xc6)),
    undecodable('of a name behind the table', bytes(0x7e, '0474657374')),
  ],
  'RFC 7541 6.2 literals': [
    // user-agent has index 58; the texts of RFC 7541 appendix C stand for their Huffman codes.
    literal('with indexing, a name of the table', bytes('7a046b657931'), 'user-agent: key1'),
    literal(
      'with indexing, a name of the table, a value in Huffman code',
      bytes('7a86a8eb10649cbf'),
      'user-agent: no-cache',
    ),
    literal('with indexing, a new name', bytes('4004782d66690474657374'), 'x-fi: test'),
    literal(
      'with indexing, a new name, in Huffman code',
      bytes('408825a849e95ba97d7f8925a849e95bb8e8b4bf'),
      'custom-key: custom-value',
    ),
    literal('without indexing, a name of the table', bytes('0f2b046b657931'), 'user-agent: key1'),
    literal(
      'without indexing, a name of the table, a value in Huffman code',
      bytes('0f2b86a8eb10649cbf'),
      'user-agent: no-cache',
    ),
    literal('without indexing, a new name', bytes('0004782d66690474657374'), 'x-fi: test'),
    literal(
      'without indexing, a new name, in Huffman code',
      bytes('008825a849e95ba97d7f8925a849e95bb8e8b4bf'),
      'custom-key: custom-value',
    ),
    literal('never indexed, a name of the table', bytes('1f2b046b657931'), 'user-agent: key1'),
    literal(
      'never indexed, a name of the table, a value in Huffman code',
      bytes('1f2b86a8eb10649cbf'),
      'user-agent: no-cache',
    ),
    literal('never indexed, a new name', bytes('1004782d66690474657374'), 'x-fi: test'),
    literal(
      'never indexed, a new name, in Huffman code',
      bytes('108825a849e95ba97d7f8925a849e95bb8e8b4bf'),
      'custom-key: custom-value',
    ),
  ],
  'RFC 7541 5.2 Huffman codes': [
    undecodable('padding of more than 7 bits', bytes('0085', '25a849e9ff', '0474657374')),
    undecodable('padding of zeros', bytes('0083', '25a800', '0474657374')),
    undecodable('the end of string', bytes('0084', 'ffffffff', '0474657374')),
  ],
  'RFC 7541 4.2 and 6.3 sizes of the table': [
    row(
      'one at the beginning of a block',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, Buffer.concat([bytes(0x20), GET_BLOCK])),
      answered(),
    ),
    row(
      'two at the beginning of a block',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, Buffer.concat([bytes('203fe11f'), GET_BLOCK])),
      answered(),
    ),
    undecodable('one at the end of a block', bytes(0x20)),
    row(
      'one over the limit',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, Buffer.concat([bytes('3fe21f'), GET_BLOCK])),
      gone('COMPRESSION_ERROR'),
    ),
  ],
};

const stage = testCases(CASES);

test('RFC 8441: a WebSocket that its server ends while the window is shut ends once it opens', async (t) => {
  const server = await RawServer.start(async (wire) => {
    const { fields } = await wire.request();
    const key = fields.find(([name]) => name.toLowerCase() === 'sec-websocket-key')![1];
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    const head = `HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
    wire.send(`${head}0123456789`);
    wire.end();
  });
  t.after(() => server.stop());
  const { address, stop } = await startGateway(plainRules([server.address]));
  t.after(stop);
  // Windows of four bytes.
  const wire = new Http2Wire(await connectTo(address)).greet(setting(4, 4));
  t.after(() => wire.wire.destroy());
  wire.ask(
    1,
    [[':method', 'CONNECT'], [':protocol', 'websocket'], ...GET.slice(1), ['sec-websocket-version', '13']],
    false,
  );
  const isData = ({ type }: { readonly type: number }) => type === FRAME.DATA;
  assert.equal((await wire.until(isData)).payload.toString(), '0123');
  // Both sides have ended, and the server has gone.
  wire.frame(FRAME.DATA, FLAG.END_STREAM, 1);
  await eventually('the server to be gone', () => server.wires[0]!.socket.destroyed);
  await alive(wire);
  wire.frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(100));
  const rest = await wire.until(isData);
  assert.equal(rest.payload.toString(), '456789');
  const last = (rest.flags & FLAG.END_STREAM) !== 0 ? rest : await wire.until(isData);
  assert.equal(last.flags & FLAG.END_STREAM, FLAG.END_STREAM);
});
