import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inSlices } from '../../../src/shared/clock/slices.ts';

function* count(steps: number, done: number[]): Generator<void, string, void> {
  for (let step = 0; step < steps; step++) {
    done.push(step);
    yield;
  }
  return 'done';
}

test('long work yields to the event loop between slices', async () => {
  const done: number[] = [];
  let clock = 0;
  let turns = 0;
  let isOver = false;
  const turning = (async () => {
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
  })();
  // Each look at the clock takes a millisecond, so each slice holds a few steps.
  assert.equal(await inSlices(count(100, done), () => clock++), 'done');
  isOver = true;
  await turning;
  assert.equal(done.length, 100);
  assert.ok(turns >= 20, `${turns} turns`);
});

test('short work completes without yielding', async () => {
  const done: number[] = [];
  const pending = inSlices(count(3, done), () => 0);
  assert.equal(done.length, 3);
  assert.equal(await pending, 'done');
});

test('a failure comes through', async () => {
  function* failing(): Generator<void, never, void> {
    yield;
    throw new Error('no');
  }
  await assert.rejects(
    inSlices(failing(), () => 0),
    /no/,
  );
});
