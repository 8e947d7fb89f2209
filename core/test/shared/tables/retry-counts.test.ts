import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { RetryBudget } from '../../../src/data/backend/retry-budget.ts';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import { RetryCounts } from '../../../src/shared/tables/retry-counts.ts';
import type { SharedMemory } from '../../../src/shared/tables/shared-memory.ts';

let memory: SharedMemory;
let counts: RetryCounts;
beforeEach(() => {
  memory = createSharedMemory({ threads: 2 });
  counts = new RetryCounts(memory);
});

/** retries asks until there are no more, at most 1000 times. */
function retries(slot: number, share: number, least: number, nowMs: number): number {
  for (let count = 0; count < 1000; count++) if (!counts.tryRetry(slot, share, least, nowMs)) return count;
  return 1000;
}

test('retries are limited to a share of recent requests, separately in each slot', () => {
  counts.requested(3, 100, 1000);
  counts.requested(4, 10, 1000);
  assert.equal(retries(3, 0.2, 0, 1000), 20);
  assert.equal(retries(4, 0.2, 0, 1000), 2);
  assert.equal(retries(5, 0.2, 0, 1000), 0, 'no requests, no retries');
  counts.requested(3, 50, 2000);
  assert.equal(retries(3, 0.2, 0, 2000), 10, 'more requests, more retries');
});

test('so many are allowed however few requests there are', () => {
  counts.requested(0, 10, 0);
  assert.equal(retries(0, 0.2, 7, 0), 7);
});

test('requests and retries are forgotten after ten seconds', () => {
  counts.requested(0, 100, 0);
  assert.equal(retries(0, 0.2, 0, 0), 20);
  assert.equal(retries(0, 0.2, 0, 7999), 0);
  assert.equal(retries(0, 0.2, 0, 10_000), 0, 'the requests are forgotten too');
  counts.requested(0, 100, 10_000);
  assert.equal(retries(0, 0.2, 0, 10_000), 20);
  assert.equal(retries(0, 0.2, 5, 60_000), 5);
});

test('a reset slot begins with nothing', () => {
  counts.requested(9, 100, 0);
  counts.tryRetry(9, 0.2, 0, 0);
  counts.reset(9);
  assert.equal(retries(9, 0.2, 0, 0), 0);
});

test('a budget is one for all threads', () => {
  const nowMs = 5000;
  const policy = { times: 2, on: [], isAnotherServer: false, share: 0.1, perSecond: 0.2 } as const;
  const [one, two] = [0, 1].map(() => new RetryBudget(1, policy, new RetryCounts(memory), () => nowMs));
  assert.deepEqual([one!.take(), two!.take(), one!.take(), two!.take()], [true, true, false, false]);
  for (let at = 0; at < 32; at++) one!.requested();
  assert.equal(two!.take(), true, '3 of 32');
  assert.equal(two!.take(), false);
  for (let at = 0; at < 8; at++) two!.requested();
  assert.equal(one!.take(), false, 'what few requests the other thread counted it has not told yet');
  assert.equal(two!.take(), true, '4 of 40');
});
