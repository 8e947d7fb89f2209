import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import {
  ServerLatency,
  ServerLatencySums,
  serverLatencyBucket,
  serverLatencyBucketStart,
} from '../../../src/shared/tables/server-latency.ts';

const LAST = serverLatencyBucket(Number.POSITIVE_INFINITY);

test('buckets lie side by side, and each holds its first value and not the next one’s', () => {
  for (let bucket = 1; bucket <= LAST; bucket++) {
    const start = serverLatencyBucketStart(bucket);
    assert.equal(serverLatencyBucket(start), bucket);
    assert.equal(serverLatencyBucket(start - 1), bucket - 1);
  }
  for (const micros of [-5, 0, 0.4, 127.9]) assert.equal(serverLatencyBucket(micros), 0);
});

test('the threads’ times of a server count together, and quantiles are within a half of the true ones', () => {
  const memory = createSharedMemory({ threads: 2 });
  const own = [new ServerLatency(memory, 0), new ServerLatency(memory, 1)];
  for (let micros = 1; micros <= 20_000; micros++) own[micros % 2]!.record(7, micros);
  const times = new ServerLatencySums(memory).server(7);
  assert.equal(times.count, 20_000);
  assert.equal(times.sumMicros, (20_000 * 20_001) / 2);
  assert.equal(times.under(1024), 1023);
  for (const share of [0.1, 0.5, 0.9, 0.99, 1]) {
    const found = times.quantile(share)!;
    assert.ok(Math.abs(found - 20_000 * share) <= 10_000 * share, `quantile ${share} is ${found}`);
  }
  assert.equal(new ServerLatencySums(memory).server(6).count, 0, 'its neighbours know nothing of it');
});

test('a server that answered nothing has no quantile, and a reset one forgets', () => {
  const memory = createSharedMemory({ threads: 1 });
  const sums = new ServerLatencySums(memory);
  assert.equal(sums.server(3).quantile(0.5), null);
  new ServerLatency(memory, 0).record(3, 1000);
  assert.equal(sums.server(3).count, 1);
  sums.reset(3);
  assert.deepEqual([sums.server(3).count, sums.server(3).sumMicros], [0, 0]);
});
