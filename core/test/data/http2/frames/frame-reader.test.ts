import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  DATA,
  FRAME_SIZE_ERROR,
  HEADERS,
  NO_ERROR,
  PADDED,
  PING,
  PROTOCOL_ERROR,
  uint31,
  uint32,
  writeFrameHead,
} from '../../../../src/data/http2/frames/frame.ts';
import { type FrameHandler, FrameReader } from '../../../../src/data/http2/frames/frame-reader.ts';

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

function encode({ type, flags, stream, payload }: Frame): Buffer {
  const head = Buffer.alloc(9);
  writeFrameHead(head, 0, payload.length, type, flags, stream);
  return Buffer.concat([head, payload]);
}

/** Puts frames together again from what the reader says. */
class Recorder implements FrameHandler {
  readonly frames: Frame[] = [];
  #content: Buffer[] = [];
  #begun = { type: 0, flags: 0, stream: 0, length: 0 };

  onFrameStart(type: number, flags: number, stream: number, length: number): number {
    this.#begun = { type, flags, stream, length };
    this.#content = [];
    return NO_ERROR;
  }
  onContent(bytes: Buffer, from: number, to: number): number {
    this.#content.push(Buffer.from(bytes.subarray(from, to)));
    return NO_ERROR;
  }
  onContentEnd(): number {
    const { type, flags, stream } = this.#begun;
    this.frames.push({ type, flags, stream, payload: Buffer.concat(this.#content) });
    return NO_ERROR;
  }
  onPayload(type: number, flags: number, stream: number, bytes: Buffer, from: number, to: number): number {
    this.frames.push({ type, flags, stream, payload: Buffer.from(bytes.subarray(from, to)) });
    return NO_ERROR;
  }
}

/** Reads in pieces that are overwritten afterwards, as lent memory is. */
function readIn(pieces: readonly Buffer[]): { frames: Frame[]; error: number } {
  const recorder = new Recorder();
  const reader = new FrameReader(recorder);
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    const error = reader.read(lent, 0, lent.length);
    lent.fill(0xee);
    if (error !== NO_ERROR) return { frames: recorder.frames, error };
  }
  return { frames: recorder.frames, error: NO_ERROR };
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return [...pieces, bytes.subarray(at)];
}

const frames = fc.array(
  fc.record<Frame>(
    {
      type: fc.constantFrom(DATA, HEADERS, PING, 4, 9, 200),
      flags: fc.constantFrom(0, 1, 4),
      stream: fc.integer({ min: 0, max: 0x7fffffff }),
      payload: fc.uint8Array({ maxLength: 300 }).map((octets) => Buffer.from(octets)),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 6 },
);

test('frames come out as they went in, wherever the pieces are cut', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }), (sent, sizes) => {
      const { frames: got, error } = readIn(cut(Buffer.concat(sent.map(encode)), sizes));
      assert.equal(error, NO_ERROR);
      assert.deepEqual(got, sent);
    }),
    { numRuns: 500 },
  );
});

test('padding is left out of content, and an empty frame has none', () => {
  const padded = { type: DATA, flags: PADDED, stream: 1 };
  const bytes = Buffer.concat([
    encode({ ...padded, payload: Buffer.from('\x03abc\0\0\0', 'latin1') }),
    encode({ ...padded, payload: Buffer.from('\x02\0\0', 'latin1') }),
    encode({ ...padded, payload: Buffer.from('\0', 'latin1') }),
    encode({ type: DATA, flags: 0, stream: 1, payload: Buffer.alloc(0) }),
  ]);
  for (const pieces of [[bytes], [...bytes].map((octet) => Buffer.from([octet]))]) {
    const { frames: got, error } = readIn(pieces);
    assert.equal(error, NO_ERROR);
    assert.deepEqual(
      got.map(({ payload }) => payload.toString('latin1')),
      ['abc', '', '', ''],
    );
  }
});

test('padding longer than its frame, and padding without a length, are errors', () => {
  const padded = { type: DATA, flags: PADDED, stream: 1 };
  assert.equal(readIn([encode({ ...padded, payload: Buffer.from([4, 0, 0]) })]).error, PROTOCOL_ERROR);
  assert.equal(readIn([encode({ ...padded, payload: Buffer.alloc(0) })]).error, FRAME_SIZE_ERROR);
});

test('a frame over the limit is refused by its head, before any of it is held', () => {
  const head = Buffer.alloc(9);
  writeFrameHead(head, 0, 16385, HEADERS, 0, 1);
  assert.equal(readIn([head]).error, FRAME_SIZE_ERROR);
});

test('the reserved bit of a stream identifier is ignored', () => {
  assert.equal(uint31(Buffer.from([0x80, 0, 0, 5]), 0), 5);
  assert.equal(uint32(Buffer.from([0x80, 0, 0, 5]), 0), 0x80000005);
});
