import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import {
  LATENCY_BUCKETS,
  LatencyHistogram,
  LatencySums,
  latencyBucket,
  latencyBucketStart,
} from '../../../src/shared/tables/latency-histogram.ts';

test('buckets lie side by side, and each holds its first value and not the next one’s', () => {
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    assert.equal(latencyBucket(latencyBucketStart(bucket)), bucket);
    if (bucket > 0) assert.equal(latencyBucket(latencyBucketStart(bucket) - 1), bucket - 1);
  }
});

test('times out of range count in the first and the last bucket', () => {
  for (const micros of [-5, 0, 0.9]) assert.equal(latencyBucket(micros), 0);
  for (const micros of [2 ** 32, 1e15, Number.POSITIVE_INFINITY])
    assert.equal(latencyBucket(micros), LATENCY_BUCKETS - 1);
});

test('quantiles over all threads are within an eighth of the true ones', () => {
  const memory = createSharedMemory({ threads: 2 });
  const histograms = [new LatencyHistogram(memory, 0), new LatencyHistogram(memory, 1)];
  for (let micros = 1; micros <= 20_000; micros++) histograms[micros % 2]!.record(7, micros);
  const latency = new LatencySums(memory).backend(7);
  assert.equal(latency.count, 20_000);
  for (const share of [0.01, 0.5, 0.9, 0.99, 0.999, 1]) {
    const truth = 20_000 * share;
    const found = latency.quantile(share);
    assert.ok(Math.abs(found - truth) <= truth / 8, `quantile ${share} is ${found}, not ${truth}`);
  }
});

test('a backend that answered nothing has no quantile, and a reset one forgets', () => {
  const memory = createSharedMemory({ threads: 1 });
  const sums = new LatencySums(memory);
  assert.ok(Number.isNaN(sums.backend(0).quantile(0.5)));
  new LatencyHistogram(memory, 0).record(0, 10);
  new LatencyHistogram(memory, 0).record(1, 10);
  sums.reset(0);
  assert.deepEqual([sums.backend(0).count, sums.backend(1).count], [0, 1]);
});
