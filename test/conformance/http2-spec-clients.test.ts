/**
 * HTTP/2 frames and streams by section, towards clients: what each frame out of place does to its stream or its connection (RFC 9113 sections 3 to 6), and what every
 * server has to take. Each case is a connection of its own, written frame by frame.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  acked,
  afterEnd,
  alive,
  answered,
  connectTo,
  ERROR,
  ended,
  FLAG,
  FRAME,
  fieldBlock,
  frame,
  GET,
  GET_BLOCK,
  gone,
  type Http2Case,
  type Http2Wire,
  POST,
  priority,
  reset,
  row,
  setting,
  slow,
  testCases,
  uint32,
  upload,
  WHOLE,
} from '../kit/index.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const INITIAL_WINDOW = 4;

const settings = (wire: Http2Wire, ...payload: Buffer[]) =>
  wire.frame(FRAME.SETTINGS, 0, 0, Buffer.concat([Buffer.alloc(0), ...payload]));

/** data waits for the next DATA with content, and tells how much it has. */
async function data(wire: Http2Wire): Promise<number> {
  const { payload } = await wire.until(({ type, payload }) => type === FRAME.DATA && payload.length > 0);
  return payload.length;
}

/** selfish asks with a priority that names the stream itself. */
function selfish(wire: Http2Wire): Http2Wire {
  return wire.frame(FRAME.HEADERS, WHOLE | FLAG.PRIORITY, 1, Buffer.concat([priority(1, 255), GET_BLOCK]));
}

/** pieces asks with a field block in so many frames. */
function pieces(wire: Http2Wire, count: number): Http2Wire {
  const size = Math.ceil(GET_BLOCK.length / count);
  for (let at = 0; at < count; at++) {
    const flags = (at === 0 ? FLAG.END_STREAM : 0) | (at === count - 1 ? FLAG.END_HEADERS : 0);
    wire.frame(at === 0 ? FRAME.HEADERS : FRAME.CONTINUATION, flags, 1, GET_BLOCK.subarray(at * size, (at + 1) * size));
  }
  return wire;
}

const CASES: Readonly<Record<string, readonly Http2Case[]>> = {
  'RFC 9113 3.4 preface': [
    row('settings with nothing in them are enough', () => {}, alive),
    row('a request right behind is answered', (wire) => wire.ask(1), answered()),
  ],
  'RFC 9113 4.1 frame format': [
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
  'RFC 9113 4.2 frame size': [
    row(
      'DATA of 16,384 bytes is taken',
      (wire) => upload(wire).frame(FRAME.DATA, FLAG.END_STREAM, 1, Buffer.alloc(16_384, 'a')),
      answered(),
    ),
    row(
      'larger DATA ends the connection',
      (wire) => upload(wire).frame(FRAME.DATA, FLAG.END_STREAM, 1, Buffer.alloc(16_385, 'a')),
      gone('FRAME_SIZE_ERROR'),
    ),
    row(
      'larger HEADERS end the connection',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, fieldBlock([...GET, ['x-a', 'a'.repeat(16_384)]])),
      gone('FRAME_SIZE_ERROR'),
    ),
  ],
  'RFC 9113 4.3 field blocks': [
    row('a block that is cut off', (wire) => wire.frame(FRAME.HEADERS, WHOLE, 1, [0x40]), gone('COMPRESSION_ERROR')),
    row(
      'PRIORITY within a block',
      (wire) => wire.frame(FRAME.HEADERS, FLAG.END_STREAM, 1, GET_BLOCK).frame(FRAME.PRIORITY, 0, 1, priority(0)),
      gone('PROTOCOL_ERROR'),
    ),
    row(
      'HEADERS of another stream within a block',
      (wire) => wire.frame(FRAME.HEADERS, FLAG.END_STREAM, 1, GET_BLOCK).ask(3),
      gone('PROTOCOL_ERROR'),
    ),
  ],
  'RFC 9113 5.1 idle streams': [
    row('DATA', (wire) => wire.frame(FRAME.DATA, FLAG.END_STREAM, 1, 'test'), gone('PROTOCOL_ERROR')),
    row('RST_STREAM', (wire) => wire.frame(FRAME.RST_STREAM, 0, 1, uint32(8)), gone('PROTOCOL_ERROR')),
    row('WINDOW_UPDATE', (wire) => wire.frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(100)), gone('PROTOCOL_ERROR')),
    row('CONTINUATION', (wire) => wire.frame(FRAME.CONTINUATION, 4, 1, GET_BLOCK), gone('PROTOCOL_ERROR')),
    row('PRIORITY is fine', (wire) => wire.frame(FRAME.PRIORITY, 0, 1, priority(0, 255)), alive),
    ...[FRAME.DATA, FRAME.RST_STREAM, FRAME.WINDOW_UPDATE].map((type) =>
      row(
        `frame ${type} on an even stream below one that is open`,
        (wire) => slow(wire, 5).frame(type, 0, 2, uint32(8)),
        gone('PROTOCOL_ERROR'),
      ),
    ),
  ],
  'RFC 9113 5.1 half-closed (remote) streams': [
    row('DATA', (wire) => slow(wire).frame(FRAME.DATA, FLAG.END_STREAM, 1, 'test'), reset('STREAM_CLOSED')),
    row('HEADERS', (wire) => slow(slow(wire)), reset('STREAM_CLOSED')),
    row('CONTINUATION', (wire) => slow(wire).frame(FRAME.CONTINUATION, 4, 1, GET_BLOCK), gone('PROTOCOL_ERROR')),
    row(
      'WINDOW_UPDATE opens the window',
      (wire) => settings(wire, setting(INITIAL_WINDOW, 0)).ask(1).frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(1)),
      async (wire) => assert.equal(await data(wire), 1),
    ),
    row('PRIORITY is fine', (wire) => slow(wire).frame(FRAME.PRIORITY, 0, 1, priority(0)).ask(3), answered(200, 3)),
    row('RST_STREAM is fine', (wire) => slow(wire).frame(FRAME.RST_STREAM, 0, 1, uint32(8)), alive),
  ],
  'RFC 9113 5.1 streams that were reset by the client': [
    row(
      'DATA',
      (wire) => upload(wire).frame(FRAME.RST_STREAM, 0, 1, uint32(8)).frame(FRAME.DATA, 1, 1, 'test'),
      reset('STREAM_CLOSED'),
    ),
    row('HEADERS', (wire) => upload(wire).frame(FRAME.RST_STREAM, 0, 1, uint32(8)).ask(1), reset('STREAM_CLOSED')),
    row(
      'CONTINUATION',
      (wire) => upload(wire).frame(FRAME.RST_STREAM, 0, 1, uint32(8)).frame(FRAME.CONTINUATION, 4, 1, GET_BLOCK),
      gone('PROTOCOL_ERROR'),
    ),
    row(
      'WINDOW_UPDATE, RST_STREAM and PRIORITY may be late',
      (wire) => {
        upload(wire).frame(FRAME.RST_STREAM, 0, 1, uint32(8)).frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(8));
        wire.frame(FRAME.RST_STREAM, 0, 1, uint32(8)).frame(FRAME.PRIORITY, 0, 1, priority(0));
      },
      alive,
    ),
  ],
  'RFC 9113 5.1 streams that have ended': [
    row('DATA', (wire) => afterEnd(wire, () => wire.frame(FRAME.DATA, 1, 1, 'test')), gone('STREAM_CLOSED')),
    row('HEADERS', (wire) => afterEnd(wire, () => wire.ask(1)), gone('STREAM_CLOSED')),
    row(
      'CONTINUATION',
      (wire) => afterEnd(wire, () => wire.frame(FRAME.CONTINUATION, 4, 1, GET_BLOCK)),
      gone('PROTOCOL_ERROR'),
    ),
    row(
      'WINDOW_UPDATE, RST_STREAM and PRIORITY may be late',
      (wire) => {
        return afterEnd(wire, () => {
          wire.frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(8)).frame(FRAME.RST_STREAM, 0, 1, uint32(8));
          wire.frame(FRAME.PRIORITY, 0, 1, priority(0));
        });
      },
      alive,
    ),
  ],
  'RFC 9113 5.1 streams that the gateway reset': [
    row(
      'what was on its way is thrown away, and counts for the window',
      (wire) => {
        // Answered before its body has come, so it is reset with NO_ERROR.
        wire.ask(1, [...POST.filter(([name]) => name !== ':path'), [':path', '/gone']], false);
        for (let at = 0; at < 40; at++) wire.frame(FRAME.DATA, 0, 1, Buffer.alloc(16_384));
        wire.frame(FRAME.HEADERS, WHOLE, 1, fieldBlock([['x-after', 'yes']]));
      },
      async (wire) => {
        await wire.until((each) => each.type === FRAME.WINDOW_UPDATE && each.stream === 0);
        await alive(wire);
      },
    ),
  ],
  'RFC 9113 5.1.1 numbers of streams': [
    row('an even one', (wire) => wire.ask(2), gone('PROTOCOL_ERROR')),
    row('a lower one than the last', (wire) => slow(wire, 5).ask(3), gone('PROTOCOL_ERROR')),
    row(
      'one that was passed over, once the higher one has ended',
      (wire) => afterEnd(wire, () => wire.ask(5), 7),
      gone('PROTOCOL_ERROR'),
    ),
    ...[FRAME.DATA, FRAME.RST_STREAM, FRAME.WINDOW_UPDATE].map((type) =>
      row(
        `frame ${type} on one that was passed over`,
        (wire) => slow(wire, 5).frame(type, 0, 1, uint32(8)),
        gone('PROTOCOL_ERROR'),
      ),
    ),
    row('some may be passed over', (wire) => slow(wire, 1).ask(101), answered(200, 101)),
  ],
  'RFC 9113 5.1.2 concurrent streams': [
    row(
      'one more than there may be is refused',
      (wire) => {
        for (let stream = 1; stream <= 2 * 128 + 1; stream += 2) slow(wire, stream);
      },
      reset('REFUSED_STREAM', 257),
    ),
  ],
  'RFC 9113 5.3 priorities': [
    row('HEADERS that depend on themselves', (wire) => selfish(wire), reset('PROTOCOL_ERROR')),
    row(
      'PRIORITY of an open stream on itself',
      (wire) => slow(wire).frame(FRAME.PRIORITY, 0, 1, priority(1)),
      reset('PROTOCOL_ERROR'),
    ),
    row(
      'PRIORITY of an idle stream on itself',
      (wire) => wire.frame(FRAME.PRIORITY, 0, 1, priority(1)),
      gone('PROTOCOL_ERROR'),
    ),
    ...[
      ['the least weight', 1, priority(0, 0)],
      ['the greatest weight', 1, priority(0, 255)],
      ['a dependency', 3, priority(1)],
      ['an exclusive dependency', 1, priority(0x80000000)],
      ['a higher stream before a lower one is opened', 3, priority(0)],
    ].map(([what, stream, payload]) =>
      row(
        `${what as string} is passed over`,
        (wire) => wire.frame(FRAME.PRIORITY, 0, stream as number, payload as Buffer).ask(1),
        answered(),
      ),
    ),
  ],
  'RFC 9113 5.4.1 errors of the connection': [
    row('end it with GOAWAY', (wire) => wire.frame(FRAME.PING, 0, 3, Buffer.alloc(8)), gone('PROTOCOL_ERROR')),
    row(
      'GOAWAY names the last stream',
      (wire) => slow(slow(wire, 1), 7).frame(FRAME.PING, 0, 3, Buffer.alloc(8)),
      async (wire) => {
        const { payload } = await wire.until(({ type }) => type === FRAME.GOAWAY);
        assert.equal(payload.readUInt32BE(0), 7);
        await wire.wire.closed();
      },
    ),
  ],
  'RFC 9113 5.5 extensions': [
    row('a frame that nobody knows is passed over', (wire) => wire.frame(0xff, 0xff, 1, 'anything').ask(1), answered()),
    row(
      'one within a field block ends the connection',
      (wire) => wire.frame(FRAME.HEADERS, FLAG.END_STREAM, 1, GET_BLOCK).frame(0xff, 0, 0, 'x'),
      gone('PROTOCOL_ERROR'),
    ),
  ],
  'RFC 9113 6.1 DATA': [
    row('in one frame', (wire) => upload(wire).frame(FRAME.DATA, 1, 1, 'test'), answered()),
    row(
      'in several frames',
      (wire) => upload(wire).frame(FRAME.DATA, 0, 1, 'te').frame(FRAME.DATA, 1, 1, 'st'),
      answered(),
    ),
    row(
      'with padding',
      (wire) => upload(wire).frame(FRAME.DATA, FLAG.PADDED | 1, 1, [4, 0x74, 0x65, 0x73, 0x74, 0, 0, 0, 0]),
      answered(),
    ),
    row('on stream 0', (wire) => wire.frame(FRAME.DATA, 1, 0, 'test'), gone('PROTOCOL_ERROR')),
    row(
      'on a stream that the client has ended',
      (wire) => slow(wire).frame(FRAME.DATA, 1, 1, 'test'),
      reset('STREAM_CLOSED'),
    ),
    row(
      'with more padding than bytes',
      (wire) => upload(wire).frame(FRAME.DATA, FLAG.PADDED | 1, 1, [6, 0, 0, 0, 0]),
      gone('PROTOCOL_ERROR'),
    ),
  ],
  'RFC 9113 6.2 HEADERS': [
    row('of a request', (wire) => wire.ask(1), answered()),
    row(
      'with padding',
      (wire) =>
        wire.frame(
          FRAME.HEADERS,
          WHOLE | FLAG.PADDED,
          1,
          Buffer.concat([Buffer.from([8]), GET_BLOCK, Buffer.alloc(8)]),
        ),
      answered(),
    ),
    row(
      'with a priority',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE | FLAG.PRIORITY, 1, Buffer.concat([priority(0, 255), GET_BLOCK])),
      answered(),
    ),
    row('on stream 0', (wire) => wire.frame(FRAME.HEADERS, WHOLE, 0, GET_BLOCK), gone('PROTOCOL_ERROR')),
    row(
      'with more padding than bytes',
      (wire) =>
        wire.frame(
          FRAME.HEADERS,
          WHOLE | FLAG.PADDED,
          1,
          Buffer.concat([Buffer.from([GET_BLOCK.length + 1]), GET_BLOCK]),
        ),
      gone('PROTOCOL_ERROR'),
    ),
    row(
      'padded without a length',
      (wire) => wire.frame(FRAME.HEADERS, WHOLE | FLAG.PADDED, 1),
      gone('FRAME_SIZE_ERROR'),
    ),
    row(
      'without their end, and then PRIORITY',
      (wire) => wire.frame(FRAME.HEADERS, 0, 1, GET_BLOCK).frame(FRAME.PRIORITY, 0, 1, priority(0)),
      gone('PROTOCOL_ERROR'),
    ),
    row(
      'without their end, and then others',
      (wire) => wire.frame(FRAME.HEADERS, 0, 1, GET_BLOCK).ask(3),
      gone('PROTOCOL_ERROR'),
    ),
  ],
  'RFC 9113 6.3 PRIORITY': [
    row('on stream 0', (wire) => wire.frame(FRAME.PRIORITY, 0, 0, priority(1)), gone('PROTOCOL_ERROR')),
    row(
      'of another length',
      (wire) => slow(wire).frame(FRAME.PRIORITY, 0, 1, Buffer.alloc(4)),
      gone('FRAME_SIZE_ERROR'),
    ),
    row(
      'on a stream that has ended is fine',
      (wire) => afterEnd(wire, () => wire.frame(FRAME.PRIORITY, 0, 1, priority(0))),
      alive,
    ),
  ],
  'RFC 9113 6.4 RST_STREAM': [
    row('ends a stream', (wire) => slow(wire).frame(FRAME.RST_STREAM, 0, 1, uint32(8)), alive),
    row('on stream 0', (wire) => wire.frame(FRAME.RST_STREAM, 0, 0, uint32(8)), gone('PROTOCOL_ERROR')),
    row('on an idle stream', (wire) => wire.frame(FRAME.RST_STREAM, 0, 1, uint32(8)), gone('PROTOCOL_ERROR')),
    row(
      'of another length',
      (wire) => slow(wire).frame(FRAME.RST_STREAM, 0, 1, Buffer.alloc(3)),
      gone('FRAME_SIZE_ERROR'),
    ),
  ],
  'RFC 9113 6.5 SETTINGS': [
    row('are acknowledged', (wire) => settings(wire, setting(3, 0)), acked),
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
    row(
      'are taken in their order',
      (wire) => settings(wire, setting(INITIAL_WINDOW, 100), setting(INITIAL_WINDOW, 1)).ask(1),
      async (wire) => assert.equal(await data(wire), 1),
    ),
  ],
  'RFC 9113 6.7 PING': [
    row('comes back', (wire) => wire, alive),
    row('that came back does not come back', (wire) => wire.frame(FRAME.PING, FLAG.ACK, 0, 'invalid!'), alive),
    row('on a stream', (wire) => wire.frame(FRAME.PING, 0, 1, Buffer.alloc(8)), gone('PROTOCOL_ERROR')),
    row('of another length', (wire) => wire.frame(FRAME.PING, 0, 0, Buffer.alloc(6)), gone('FRAME_SIZE_ERROR')),
  ],
  'RFC 9113 6.8 GOAWAY': [
    row(
      'has what is open answered, and the connection ended',
      (wire) => wire.ask(1).frame(FRAME.GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(0), Buffer.from('bye')])),
      async (wire) => {
        assert.equal(await wire.status(1), 200);
        await ended(wire);
        assert.equal(await wire.goneWith(), ERROR.NO_ERROR);
      },
    ),
    row('on a stream', (wire) => wire.frame(FRAME.GOAWAY, 0, 1, Buffer.alloc(8)), gone('PROTOCOL_ERROR')),
    row('too short', (wire) => wire.frame(FRAME.GOAWAY, 0, 0, Buffer.alloc(7)), gone('FRAME_SIZE_ERROR')),
  ],
  'RFC 9113 6.9 WINDOW_UPDATE': [
    row('on stream 0', (wire) => wire.frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(1)), alive),
    row('on a stream', (wire) => wire.ask(1).frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(1)), answered()),
    row('of nothing', (wire) => wire.frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0)), gone('PROTOCOL_ERROR')),
    row(
      'of nothing on a stream',
      (wire) => slow(wire).frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(0)),
      reset('PROTOCOL_ERROR'),
    ),
    row('of another length', (wire) => wire.frame(FRAME.WINDOW_UPDATE, 0, 0, [0, 0, 1]), gone('FRAME_SIZE_ERROR')),
    row(
      'a window of one byte lets one byte through',
      (wire) => settings(wire, setting(INITIAL_WINDOW, 1)).ask(1),
      async (wire) => assert.equal(await data(wire), 1),
    ),
    row(
      'over 2^31-1 on the connection',
      (wire) =>
        wire.frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0x7fffffff)).frame(FRAME.WINDOW_UPDATE, 0, 0, uint32(0x7fffffff)),
      gone('FLOW_CONTROL_ERROR'),
    ),
    row(
      'over 2^31-1 on a stream',
      (wire) => slow(wire).frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(0x7fffffff)),
      reset('FLOW_CONTROL_ERROR'),
    ),
    row(
      'a window that settings open on the way',
      (wire) => settings(settings(wire, setting(INITIAL_WINDOW, 0)).ask(1), setting(INITIAL_WINDOW, 1)),
      async (wire) => assert.equal(await data(wire), 1),
    ),
    row(
      'a window that settings take below nothing opens when it is above again',
      async (wire) => {
        settings(wire, setting(INITIAL_WINDOW, 3)).ask(1);
        assert.equal(await data(wire), 3);
        // 3 sent of 2: one below nothing.
        settings(wire, setting(INITIAL_WINDOW, 2));
        await acked(wire);
        wire.frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(2));
      },
      async (wire) => assert.equal(await data(wire), 1),
    ),
    row(
      'windows over 2^31-1 by settings',
      (wire) =>
        settings(slow(wire).frame(FRAME.WINDOW_UPDATE, 0, 1, uint32(0x7fff0000)), setting(INITIAL_WINDOW, 0x7fffffff)),
      gone('FLOW_CONTROL_ERROR'),
    ),
  ],
  'RFC 9113 6.10 CONTINUATION': [
    row('one', (wire) => pieces(wire, 2), answered()),
    row('several', (wire) => pieces(wire, 5), answered()),
    row(
      'followed by another frame before the end',
      (wire) =>
        wire.frame(FRAME.HEADERS, 0, 1, GET_BLOCK).frame(FRAME.CONTINUATION, 0, 1).frame(FRAME.DATA, 1, 1, 'test'),
      gone('PROTOCOL_ERROR'),
    ),
    row(
      'on stream 0',
      (wire) => wire.frame(FRAME.HEADERS, 0, 1, GET_BLOCK).frame(FRAME.CONTINUATION, 4, 0),
      gone('PROTOCOL_ERROR'),
    ),
    row('behind HEADERS that have ended', (wire) => slow(wire).frame(FRAME.CONTINUATION, 4, 1), gone('PROTOCOL_ERROR')),
    row(
      'behind one that has ended',
      (wire) =>
        wire.frame(FRAME.HEADERS, 1, 1, GET_BLOCK).frame(FRAME.CONTINUATION, 4, 1).frame(FRAME.CONTINUATION, 4, 1),
      gone('PROTOCOL_ERROR'),
    ),
    row(
      'behind DATA',
      (wire) => upload(wire).frame(FRAME.DATA, 0, 1, 'test').frame(FRAME.CONTINUATION, 4, 1),
      gone('PROTOCOL_ERROR'),
    ),
  ],
};

const stage = testCases(CASES);

describe('RFC 9113 3.4 prefaces that are none', () => {
  for (const [what, sent] of [
    ['another text', 'INVALID CONNECTION PREFACE\r\n\r\n'],
    ['a frame before the settings', Buffer.concat([Buffer.from(PREFACE), frame(FRAME.PING, 0, 0, Buffer.alloc(8))])],
  ] as const) {
    test(`${what} ends the connection`, async () => {
      const wire = await connectTo(stage.address);
      await wire.send(sent).closed();
      assert.doesNotMatch(wire.received.toString('latin1'), /HTTP\/1/);
    });
  }
});
