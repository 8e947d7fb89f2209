import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import { OutcomeCounts, type OutcomePolicy } from '../../../src/shared/tables/outcome-counts.ts';

const IN_A_ROW: OutcomePolicy = { failures: 3, errorShare: 0, requests: 20, windowMs: 10_000 };
const RATE: OutcomePolicy = { failures: 0, errorShare: 0.5, requests: 4, windowMs: 10_000 };

let counts: OutcomeCounts;
beforeEach(() => {
  counts = new OutcomeCounts(createSharedMemory({ threads: 1 }));
});

test('the limit of consecutive failures is detected, and a success resets the count', () => {
  assert.equal(counts.failed(7, IN_A_ROW, 0), null);
  assert.equal(counts.failed(7, IN_A_ROW, 0), null);
  counts.succeeded(7, IN_A_ROW, 0);
  assert.equal(counts.failed(7, IN_A_ROW, 0), null);
  assert.equal(counts.failed(8, IN_A_ROW, 0), null, 'every place counts for itself');
  assert.equal(counts.failed(7, IN_A_ROW, 0), null);
  assert.equal(counts.failed(7, IN_A_ROW, 0), '3 failures in a row');
});

test('more than the share of enough recent requests is too much', () => {
  counts.succeeded(1, RATE, 0);
  counts.succeeded(1, RATE, 0);
  assert.equal(counts.failed(1, RATE, 0), null);
  assert.equal(counts.failed(1, RATE, 0), null, 'half is not more than half');
  assert.equal(counts.failed(1, RATE, 0), '3 of 5 requests failed within 10 s');
});

test('too few requests decide nothing', () => {
  for (let at = 0; at < 3; at++) assert.equal(counts.failed(1, RATE, 0), null);
  assert.equal(counts.failed(1, RATE, 0), '4 of 4 requests failed within 10 s');
});

test('old outcomes do not count', () => {
  for (let at = 0; at < 3; at++) counts.failed(1, RATE, 1000);
  assert.equal(counts.failed(1, RATE, 13_000), null);
  for (let at = 0; at < 100; at++) counts.succeeded(1, RATE, 14_000);
  assert.equal(counts.failed(1, RATE, 15_000), null);
  for (let at = 0; at < 3; at++) counts.failed(1, RATE, 60_000);
  assert.equal(counts.failed(1, RATE, 60_000), '4 of 4 requests failed within 10 s');
});

test('a part of the window that has passed is counted from nothing', () => {
  for (let turn = 0; turn < 50; turn++) {
    const at = turn * 2000;
    counts.failed(1, RATE, at);
    counts.succeeded(1, RATE, at);
  }
  assert.equal(counts.failed(1, RATE, 49 * 2000), '6 of 11 requests failed within 10 s');
});

test('only one thread reports a server, until it is reset', () => {
  counts.failed(1, IN_A_ROW, 0);
  assert.equal(counts.claimReport(1), true);
  assert.equal(counts.claimReport(1), false);
  counts.reset(1);
  assert.equal(counts.failed(1, IN_A_ROW, 0), null);
  assert.equal(counts.claimReport(1), true);
});
