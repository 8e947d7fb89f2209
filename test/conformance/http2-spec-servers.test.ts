/**
 * HTTP/2 by section, towards servers: what each frame out of place does to its stream or its connection (RFC 9113), and what every client has to take. Each case is
 * a connection of its own, whose server writes it frame by frame.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { createServer } from 'node:tls';
import { certify, makeKey } from '@sluice/plugin-kit/tls';
import {
  acked,
  alive,
  connectTo,
  FLAG,
  FRAME,
  fieldBlock,
  gone,
  type Http2Case,
  Http2Wire,
  plainRules,
  priority,
  RawServer,
  reset,
  row,
  setting,
  startGateway,
  uint32,
  WHOLE,
  Wire,
} from '../kit/index.ts';

const OK = fieldBlock([
  [':status', '200'],
  ['content-type', 'text/plain'],
]);

/** The head of an answer whose body is to come. */
const begin = (wire: Http2Wire) => wire.frame(FRAME.HEADERS, FLAG.END_HEADERS, 1, OK);
const whole = (wire: Http2Wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, OK);
const settings = (wire: Http2Wire, payload: Buffer) => wire.frame(FRAME.SETTINGS, 0, 0, payload);

const CASES: Readonly<Record<string, readonly Http2Case[]>> = {
  '3.4 preface': [row('settings with nothing in them are enough', () => {}, alive)],
  '4.1 frame format': [
    row('a type that nobody knows is passed over', (wire) => wire.frame(0x16, 0, 0, Buffer.alloc(8)), alive),
    row(
      'flags that mean nothing are passed over',
      (wire) => wire.frame(FRAME.PING, 0x16, 0, Buffer.from('12345678')),
      (wire) => wire.until(({ type, payload }) => type === FRAME.PING && payload.toString() === '12345678'),
    ),
    row(
      'the reserved bit is passed over',
      (wire) => wire.frame(FRAME.PING, 0, 0x80000000, Buffer.from('12345678')),
      (wire) => wire.until(({ type, payload }) => type === FRAME.PING && payload.toString() === '12345678'),
    ),
  ],
  '4.2 frame size': [
    row('DATA of 16,384 bytes is taken', (wire) => begin(wire).frame(FRAME.DATA, 1, 1, Buffer.alloc(16_384)), alive),
    row('larger DATA', (wire) => begin(wire).frame(FRAME.DATA, 1, 1, Buffer.alloc(16_385)), gone('FRAME_SIZE_ERROR')),
    row(
      'larger HEADERS',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, Buffer.concat([OK, Buffer.alloc(16_385)])),
      gone('FRAME_SIZE_ERROR'),
    ),
  ],
  '4.3 field blocks': [
    row('a block that is cut off', (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, [0x40]), gone('COMPRESSION_ERROR')),
    row(
      'an index behind the table',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, [0x88, 0xc6]),
      gone('COMPRESSION_ERROR'),
    ),
  ],
  '5.1 idle streams': [
    row('DATA', (wire) => wire.frame(FRAME.DATA, 1, 2, 'test'), gone('PROTOCOL_ERROR')),
    row('RST_STREAM', (wire) => wire.frame(FRAME.RST_STREAM, 0, 2, uint32(8)), gone('PROTOCOL_ERROR')),
    row('WINDOW_UPDATE', (wire) => wire.frame(FRAME.WINDOW_UPDATE, 0, 2, uint32(100)), gone('PROTOCOL_ERROR')),
    row('CONTINUATION', (wire) => wire.frame(FRAME.CONTINUATION, 4, 2, OK), gone('PROTOCOL_ERROR')),
    row('DATA on a stream of ours', (wire) => wire.frame(FRAME.DATA, 1, 3, 'test'), gone('PROTOCOL_ERROR')),
    row(
      'RST_STREAM on a stream of ours',
      (wire) => wire.frame(FRAME.RST_STREAM, 0, 3, uint32(8)),
      gone('PROTOCOL_ERROR'),
    ),
    row(
      'WINDOW_UPDATE on a stream of ours',
      (wire) => wire.frame(FRAME.WINDOW_UPDATE, 0, 3, uint32(1)),
      gone('PROTOCOL_ERROR'),
    ),
  ],
  '5.1 streams that the server reset': [
    row(
      'DATA',
      (wire) => begin(wire).frame(FRAME.RST_STREAM, 0, 1, uint32(8)).frame(FRAME.DATA, 1, 1, 'test'),
      reset('STREAM_CLOSED'),
    ),
    row(
      'HEADERS',
      (wire) => begin(wire).frame(FRAME.RST_STREAM, 0, 1, uint32(8)).frame(FRAME.HEADERS, WHOLE, 1, OK),
      reset('STREAM_CLOSED'),
    ),
    row(
      'CONTINUATION',
      (wire) => begin(wire).frame(FRAME.RST_STREAM, 0, 1, uint32(8)).frame(FRAME.CONTINUATION, 4, 1, OK),
      gone('PROTOCOL_ERROR'),
    ),
  ],
  '5.1 streams that have ended': [
    row('DATA', (wire) => whole(wire).frame(FRAME.DATA, 1, 1, 'test'), gone('STREAM_CLOSED')),
    row('HEADERS', (wire) => whole(whole(wire)), gone('STREAM_CLOSED')),
    row('CONTINUATION', (wire) => whole(wire).frame(FRAME.CONTINUATION, 4, 1, OK), gone('PROTOCOL_ERROR')),
    row(
      'WINDOW_UPDATE, RST_STREAM and PRIORITY may be late',
      (wire) =>
        whole(wire)
          .frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(1))
          .frame(FRAME.RST_STREAM, 0, 1, uint32(0))
          .frame(FRAME.PRIORITY, 0, 1, priority(0)),
      alive,
    ),
  ],
  '5.1.1 numbers of streams': [
    row('one that was never opened', (wire) => wire.frame(FRAME.HEADERS, WHOLE, 101, OK), gone('PROTOCOL_ERROR')),
    row('an even one', (wire) => wire.frame(FRAME.HEADERS, WHOLE, 2, OK), gone('PROTOCOL_ERROR')),
  ],
  '5.4.1 errors of the connection': [
    row(
      'a ping of another length ends it',
      (wire) => wire.frame(FRAME.PING, 0, 0, Buffer.alloc(6)),
      gone('FRAME_SIZE_ERROR'),
    ),
    row('with GOAWAY', (wire) => wire.frame(FRAME.PING, 0, 3, Buffer.alloc(8)), gone('PROTOCOL_ERROR')),
  ],
  '5.5 extensions': [row('a frame that nobody knows', (wire) => wire.frame(0xff, 0xff, 1, 'anything'), alive)],
  '6.1 DATA': [
    row('on stream 0', (wire) => wire.frame(FRAME.DATA, 1, 0, 'test'), gone('PROTOCOL_ERROR')),
    row(
      'on a stream that the server has ended',
      (wire) => whole(wire).frame(FRAME.DATA, 1, 1, 'test'),
      gone('STREAM_CLOSED'),
    ),
    row(
      'with more padding than bytes',
      (wire) => begin(wire).frame(FRAME.DATA, FLAG.PADDED | 1, 1, [6, 0, 0, 0, 0]),
      gone('PROTOCOL_ERROR'),
    ),
    row('before the head of an answer', (wire) => wire.frame(FRAME.DATA, 1, 1, 'test'), reset('PROTOCOL_ERROR')),
  ],
  '6.2 HEADERS': [
    row(
      'without their end, and then PRIORITY',
      (wire) => wire.frame(FRAME.HEADERS, 0, 1, OK).frame(FRAME.PRIORITY, 0, 1, priority(0)),
      gone('PROTOCOL_ERROR'),
    ),
    row('on stream 0', (wire) => wire.frame(FRAME.HEADERS, WHOLE, 0, OK), gone('PROTOCOL_ERROR')),
    row(
      'with more padding than bytes',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE | FLAG.PADDED, 1, Buffer.concat([Buffer.from([OK.length + 1]), OK])),
      gone('PROTOCOL_ERROR'),
    ),
  ],
  '6.3 PRIORITY': [
    row('on stream 0', (wire) => wire.frame(FRAME.PRIORITY, 0, 0, priority(1)), gone('PROTOCOL_ERROR')),
    row(
      'of another length',
      (wire) => begin(wire).frame(FRAME.PRIORITY, 0, 1, Buffer.alloc(4)),
      gone('FRAME_SIZE_ERROR'),
    ),
  ],
  '6.4 RST_STREAM': [
    row('on stream 0', (wire) => wire.frame(FRAME.RST_STREAM, 0, 0, uint32(8)), gone('PROTOCOL_ERROR')),
    row('on an idle stream', (wire) => wire.frame(FRAME.RST_STREAM, 0, 2, uint32(8)), gone('PROTOCOL_ERROR')),
    row(
      'of another length',
      (wire) => begin(wire).frame(FRAME.RST_STREAM, 0, 1, Buffer.alloc(3)),
      gone('FRAME_SIZE_ERROR'),
    ),
  ],
  '6.5 SETTINGS': [
    row(
      'an acknowledgement with a payload',
      (wire) => wire.frame(FRAME.SETTINGS, FLAG.ACK, 0, [0]),
      gone('FRAME_SIZE_ERROR'),
    ),
    row('on a stream', (wire) => wire.frame(FRAME.SETTINGS, 0, 1, setting(3, 100)), gone('PROTOCOL_ERROR')),
    row('of another length', (wire) => wire.frame(FRAME.SETTINGS, 0, 0, [0, 3, 0]), gone('FRAME_SIZE_ERROR')),
    row('ENABLE_PUSH of 2', (wire) => settings(wire, setting(2, 2)), gone('PROTOCOL_ERROR')),
    row('INITIAL_WINDOW_SIZE of 2^31', (wire) => settings(wire, setting(4, 0x80000000)), gone('FLOW_CONTROL_ERROR')),
    row('MAX_FRAME_SIZE of 16,383', (wire) => settings(wire, setting(5, 16_383)), gone('PROTOCOL_ERROR')),
    row('MAX_FRAME_SIZE of 2^24', (wire) => settings(wire, setting(5, 2 ** 24)), gone('PROTOCOL_ERROR')),
    row('a setting that nobody knows', (wire) => settings(wire, setting(0xff, 1)), alive),
    row('are acknowledged', (wire) => settings(wire, setting(3, 100)), acked),
  ],
  '6.6 PUSH_PROMISE': [
    row(
      'was not asked for',
      (wire) => wire.frame(FRAME.PUSH_PROMISE, FLAG.END_HEADERS, 1, Buffer.concat([uint32(2), OK])),
      gone('PROTOCOL_ERROR'),
    ),
  ],
  '6.7 PING': [
    row('comes back', () => {}, alive),
    row('that came back does not come back', (wire) => wire.frame(FRAME.PING, FLAG.ACK, 0, 'invalid!'), alive),
    row('on a stream', (wire) => wire.frame(FRAME.PING, 0, 1, Buffer.alloc(8)), gone('PROTOCOL_ERROR')),
    row('of another length', (wire) => wire.frame(FRAME.PING, 0, 0, Buffer.alloc(9)), gone('FRAME_SIZE_ERROR')),
  ],
  '6.8 GOAWAY': [
    row('on a stream', (wire) => wire.frame(FRAME.GOAWAY, 0, 1, Buffer.alloc(8)), gone('PROTOCOL_ERROR')),
    row('too short', (wire) => wire.frame(FRAME.GOAWAY, 0, 0, Buffer.alloc(7)), gone('FRAME_SIZE_ERROR')),
  ],
  '6.9 WINDOW_UPDATE': [
    row('of nothing', (wire) => wire.frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0)), gone('PROTOCOL_ERROR')),
    row(
      'of nothing on a stream',
      (wire) => begin(wire).frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(0)),
      reset('PROTOCOL_ERROR'),
    ),
    row('of another length', (wire) => wire.frame(FRAME.WINDOW_UPDATE, 0, 0, [0, 0, 1]), gone('FRAME_SIZE_ERROR')),
    row(
      'over 2^31-1 on the connection',
      (wire) => wire.frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0x7fffffff)),
      gone('FLOW_CONTROL_ERROR'),
    ),
    row(
      'over 2^31-1 on a stream',
      (wire) => begin(wire).frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(0x7fffffff)),
      reset('FLOW_CONTROL_ERROR'),
    ),
  ],
  '6.10 CONTINUATION': [
    row(
      'several',
      (wire) =>
        wire
          .frame(FRAME.HEADERS, FLAG.END_STREAM, 1, OK.subarray(0, 5))
          .frame(FRAME.CONTINUATION, 0, 1, OK.subarray(5, 9))
          .frame(FRAME.CONTINUATION, FLAG.END_HEADERS, 1, OK.subarray(9)),
      alive,
    ),
    row(
      'followed by another frame before the end',
      (wire) => wire.frame(FRAME.HEADERS, 0, 1, OK).frame(FRAME.CONTINUATION, 0, 1).frame(FRAME.DATA, 1, 1, 'test'),
      gone('PROTOCOL_ERROR'),
    ),
    row(
      'on stream 0',
      (wire) => wire.frame(FRAME.HEADERS, 0, 1, OK).frame(FRAME.CONTINUATION, 4, 0),
      gone('PROTOCOL_ERROR'),
    ),
    row(
      'behind HEADERS that have ended',
      (wire) => begin(wire).frame(FRAME.CONTINUATION, 4, 1),
      gone('PROTOCOL_ERROR'),
    ),
    row(
      'behind one that has ended',
      (wire) => wire.frame(FRAME.HEADERS, 0, 1, OK).frame(FRAME.CONTINUATION, 4, 1).frame(FRAME.CONTINUATION, 4, 1),
      gone('PROTOCOL_ERROR'),
    ),
    row(
      'behind DATA',
      (wire) => begin(wire).frame(FRAME.DATA, 0, 1, 'test').frame(FRAME.CONTINUATION, 4, 1),
      gone('PROTOCOL_ERROR'),
    ),
  ],
  '8.1 and 8.3 answers': [
    row(
      'no status',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, fieldBlock([['x-a', 'b']])),
      reset('PROTOCOL_ERROR'),
    ),
    row(
      'two statuses',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, Buffer.concat([fieldBlock([[':status', '200']]), OK])),
      reset('PROTOCOL_ERROR'),
    ),
    row(
      'a pseudo-field of requests',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, Buffer.concat([OK, fieldBlock([[':path', '/']])])),
      reset('PROTOCOL_ERROR'),
    ),
    row(
      'a field of HTTP/1 connections',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, Buffer.concat([OK, fieldBlock([['connection', 'close']])])),
      reset('PROTOCOL_ERROR'),
    ),
    row('second HEADERS that do not end the stream', (wire) => begin(begin(wire)), reset('PROTOCOL_ERROR')),
  ],
};

/** answer answers everything on a connection: what failed on the one before may be asked again. */
async function answer(http2: Http2Wire): Promise<void> {
  for (;;) {
    const { stream } = await http2.until(({ type }) => type === FRAME.HEADERS);
    http2.frame(FRAME.HEADERS, WHOLE, stream, OK);
  }
}

for (const [section, cases] of Object.entries(CASES)) {
  describe(`RFC 9113 ${section}`, { concurrency: true }, () => {
    for (const { what, act, wanted } of cases) {
      test(what, async (t) => {
        const asked = Promise.withResolvers<Http2Wire>();
        const server = await RawServer.start(async (wire: Wire, index) => {
          const http2 = await new Http2Wire(wire).accept();
          if (index > 0) return answer(http2);
          await http2.until(({ type }) => type === FRAME.HEADERS);
          asked.resolve(http2);
        });
        t.after(() => server.stop());
        const { address, stop } = await startGateway(plainRules([server.address], '', 'protocol http2'));
        t.after(stop);
        const client = await connectTo(address);
        t.after(() => client.destroy());
        client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
        const http2 = await asked.promise;
        await act(http2);
        await wanted(http2);
        // Whatever the server did, the client is not left waiting for what will not come.
        if (wanted.isError === true) await client.answer().catch(() => client.closed());
      });
    }
  });
}

test('a server gets the reason for the end of its connection, also over TLS', async (t) => {
  const key = makeKey();
  const { cert } = certify('a.test', key);
  const asked = Promise.withResolvers<Http2Wire>();
  const server = createServer({ key, cert, ALPNProtocols: ['h2'] }, async (socket) => {
    const http2 = await new Http2Wire(new Wire(socket)).accept();
    await http2.until(({ type }) => type === FRAME.HEADERS);
    asked.resolve(http2);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const to = { host: '127.0.0.1', port: (server.address() as { port: number }).port };
  const { address, stop } = await startGateway(plainRules([to], '', 'protocol http2; tls bridge insecure'));
  t.after(stop);
  const client = await connectTo(address);
  t.after(() => client.destroy());
  client.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n');
  const http2 = await asked.promise;
  http2.frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0x7fffffff));
  await gone('FLOW_CONTROL_ERROR')(http2);
  assert.equal((await client.answer()).status, 502);
});
