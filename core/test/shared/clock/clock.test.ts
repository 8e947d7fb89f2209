import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monotonicMs, offsetOf } from '../../../src/shared/clock/clock.ts';

test('a thread that is interrupted while it sets its clock reads the same time as the others', () => {
  let ms = 5_000;
  let looks = 0;
  const own = (): number => {
    if (looks++ % 3 !== 2) ms += 40;
    return ms - 2_000;
  };
  assert.equal(
    offsetOf(() => ms, own),
    2_000,
  );
});

test('the clock does not go back', () => {
  const first = monotonicMs();
  assert.ok(monotonicMs() >= first);
});
