/**
 * What is remembered of streams that are no longer open.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClosedStreams, ENDED, RESET_BY_PEER, RESET_HERE } from '../../../src/data/http2/closed-streams.ts';

test('a stream that was not reset has ended', () => {
  assert.equal(new ClosedStreams().how(1), ENDED);
});

test('the first reset of a stream counts', () => {
  const closed = new ClosedStreams();
  closed.wasReset(1, RESET_HERE);
  closed.wasReset(1, RESET_BY_PEER);
  closed.wasReset(3, RESET_BY_PEER);
  assert.equal(closed.how(1), RESET_HERE);
  assert.equal(closed.how(3), RESET_BY_PEER);
  assert.equal(closed.how(5), ENDED);
});

test('of resets that are forgotten, and of all streams below, the benefit of the doubt is given', () => {
  const closed = new ClosedStreams();
  for (let stream = 1; stream < 2000; stream += 2) closed.wasReset(stream, RESET_BY_PEER);
  assert.equal(closed.how(1999), RESET_BY_PEER);
  assert.equal(closed.how(1), RESET_HERE);
  assert.equal(closed.how(2001), ENDED);
});

test('streams that were passed over were never opened, and others were', () => {
  const closed = new ClosedStreams();
  let before = 0;
  for (const stream of [1, 3, 9, 11, 13, 21]) {
    closed.opens(stream, before);
    before = stream;
  }
  const skipped = Array.from({ length: 11 }, (_, at) => 2 * at + 1).filter((stream) => closed.wasSkipped(stream));
  assert.deepEqual(skipped, [5, 7, 15, 17, 19]);
});

test('a first stream above 1 passes over those below', () => {
  const closed = new ClosedStreams();
  closed.opens(5, 0);
  assert.deepEqual(
    [1, 3, 5].map((stream) => closed.wasSkipped(stream)),
    [true, true, false],
  );
});

test('a client that leaves a gap before every stream does not grow what is remembered', () => {
  const closed = new ClosedStreams();
  for (let stream = 5; stream < 4000; stream += 4) closed.opens(stream, stream - 4);
  assert.equal(closed.wasSkipped(3995), true);
  assert.equal(closed.wasSkipped(3), false);
});
