/**
 * When a certificate is renewed, and how long a failure is waited for.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextAllowedMs, renewalMs, waitMs } from '../src/schedule.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test('a certificate is renewed after two thirds of its life, and not all at the same moment', () => {
  assert.equal(renewalMs(0, 90 * DAY, 0), 60 * DAY);
  assert.equal(renewalMs(0, 90 * DAY, 0.999_999) < 63 * DAY, true);
  assert.equal(renewalMs(0, 6 * DAY, 0), 4 * DAY);
});

test('waits double from five minutes to twelve hours, a fifth more or less', () => {
  assert.equal(waitMs(1, 0.5), 5 * MINUTE);
  assert.equal(waitMs(2, 0.5), 10 * MINUTE);
  assert.equal(waitMs(9, 0.5), 12 * HOUR);
  assert.equal(waitMs(1e9, 0.5), 12 * HOUR);
  assert.equal(waitMs(1, 0), 4 * MINUTE);
  assert.ok(waitMs(1, 0.999) < 6 * MINUTE);
});

test('in the first hour there are no more than four attempts, as authorities take five', () => {
  let atMs = 0;
  let attempts = 0;
  while (atMs < HOUR) atMs += waitMs(++attempts, 0);
  assert.equal(attempts, 4);
});

test('an authority that cannot be reached has counted nothing, and is tried again sooner', () => {
  assert.equal(waitMs(1, 0.5, { isUnreachable: true }), 15_000);
  assert.equal(waitMs(20, 0.5, { isUnreachable: true }), 12 * HOUR);
});

test('the delay requested by the authority is respected, up to a week', () => {
  assert.equal(waitMs(1, 0.5, { retryAfterMs: DAY }), DAY);
  assert.equal(waitMs(1, 0.5, { retryAfterMs: 1000 * DAY }), 7 * DAY);
  assert.equal(waitMs(1, 0.5, { retryAfterMs: 1 }), 5 * MINUTE);
});

test('four certificates of the same names come in any week', () => {
  const now = 100 * DAY;
  const daysAgo = (...days: number[]): number[] => days.map((each) => now - each * DAY);
  assert.equal(nextAllowedMs(daysAgo(1, 2, 3), now), 0);
  assert.equal(nextAllowedMs(daysAgo(1, 2, 3, 8), now), 0);
  assert.equal(nextAllowedMs(daysAgo(1, 2, 3, 4), now), now + 3 * DAY);
  assert.equal(nextAllowedMs(daysAgo(1, 2, 3, 4, 5), now), now + 3 * DAY);
  assert.equal(nextAllowedMs([now + DAY, now + DAY, now + DAY, now + DAY], now), 0, 'a clock that was ahead');
});
