/**
 * Http2Outcome: what a case of conformance wants to see after its frames, from whichever end. Test code.
 */
import assert from 'node:assert/strict';
import { ERROR, FLAG, FRAME, type Http2Wire } from './http2-wire.ts';

export interface Outcome {
  (wire: Http2Wire): Promise<unknown>;
  /** A stream, or the connection, is to come to a bad end. */
  readonly isError?: boolean;
}

const failing = (outcome: Outcome): Outcome => Object.assign(outcome, { isError: true });

/** Http2Case is one row of a table: `act` sends the frames, once both ends have exchanged their settings. */
export interface Http2Case {
  readonly what: string;
  readonly act: (wire: Http2Wire) => unknown;
  readonly wanted: Outcome;
}

let pings = 0;

/** alive: the connection is none the worse, as a ping comes back with what it carried. */
export async function alive(wire: Http2Wire): Promise<void> {
  const carried = Buffer.from(String(++pings).padStart(8, '.'));
  wire.frame(FRAME.PING, 0, 0, carried);
  const pong = await wire.until(({ type }) => type === FRAME.PING || type === FRAME.GOAWAY);
  assert.equal(pong.type, FRAME.PING, `the connection ended with error ${pong.payload.toString('hex')}`);
  assert.equal(pong.flags & FLAG.ACK, FLAG.ACK);
  assert.deepEqual(pong.payload, carried);
}

/** gone: GOAWAY with that error, and nothing more. */
export const gone = (error: keyof typeof ERROR): Outcome =>
  failing(async (wire) => assert.equal(await wire.goneWith(), ERROR[error]));

/** reset: that stream alone is reset. */
export const reset = (error: keyof typeof ERROR, stream = 1): Outcome =>
  failing(async (wire) => {
    const frame = await wire.until(({ type }) => type === FRAME.RST_STREAM || type === FRAME.GOAWAY);
    assert.equal(frame.type, FRAME.RST_STREAM, `GOAWAY ${frame.payload.toString('hex')}`);
    assert.deepEqual([frame.stream, frame.payload.readUInt32BE(0)], [stream, ERROR[error]]);
    await alive(wire);
  });

/** answered: that stream gets an answer with that status, and its end. */
export const answered =
  (status = 200, stream = 1): Outcome =>
  async (wire) => {
    assert.equal(await wire.status(stream), status);
    await ended(wire, stream);
    await alive(wire);
  };

/** malformed: a request is told 400, then its stream is reset. */
export const malformed: Outcome = async (wire) => {
  assert.equal(await wire.status(1), 400);
  await reset('PROTOCOL_ERROR')(wire);
};

/** ended waits for the end of a stream's answer. */
export async function ended(wire: Http2Wire, stream = 1): Promise<void> {
  await wire.until((frame) => frame.stream === stream && frame.type <= FRAME.HEADERS && (frame.flags & 1) === 1);
}
