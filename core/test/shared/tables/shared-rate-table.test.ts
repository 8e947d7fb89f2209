import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import { SharedRateTable } from '../../../src/shared/tables/shared-rate-table.ts';
import type { RateTask } from './rate-hammer.ts';

/** A table on a clock that the test sets. */
function tableOf(rateEntries = 1024) {
  const clock = { nowMs: 1_000_000 };
  const memory = createSharedMemory({ threads: 2, rateEntries });
  return { clock, memory, table: new SharedRateTable(memory, 0, () => clock.nowMs) };
}

test('a whole burst passes at once, then one in each interval', () => {
  const { clock, table } = tableOf();
  const take = () => table.take('login', 'alice', 50, 4);
  assert.deepEqual([take(), take(), take(), take()], [0, 0, 0, 0]);
  assert.equal(take(), 50);
  clock.nowMs += 20;
  assert.equal(take(), 30);
  clock.nowMs += 30;
  assert.deepEqual([take(), take()], [0, 50]);
  clock.nowMs += 1000;
  assert.deepEqual([take(), take(), take(), take(), take()], [0, 0, 0, 0, 50]);
});

test('a key whose entry is cleared has its whole burst again, and no other key has', () => {
  const { table } = tableOf();
  for (const key of ['a', 'b']) for (let at = 0; at < 3; at++) table.take('login', key, 100, 2);
  assert.equal(table.clear(table.entryOf('login', 'a')), true);
  assert.equal(table.clear(table.entryOf('login', 'a')), false);
  assert.equal(table.clear(table.entryOf('login', 'never seen')), false);
  assert.deepEqual([table.take('login', 'a', 100, 2), table.take('login', 'b', 100, 2)], [0, 100]);
});

test('clearing all gives every key its whole burst again', () => {
  const { table } = tableOf();
  for (let key = 0; key < 100; key++) table.take('login', `key ${key}`, 100, 1);
  const steps = table.clearAll();
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  assert.equal(step.value, 100);
  for (let key = 0; key < 100; key++) assert.equal(table.take('login', `key ${key}`, 100, 1), 0);
});

test('who is refused loses nothing by asking', () => {
  const { clock, table } = tableOf();
  table.take('a', 'k', 100, 1);
  for (let at = 0; at < 50; at++) assert.ok(table.take('a', 'k', 100, 1) > 0);
  clock.nowMs += 100;
  assert.equal(table.take('a', 'k', 100, 1), 0);
});

test('scopes and keys are counted apart', () => {
  const { table } = tableOf();
  assert.equal(table.take('a', 'k', 100, 1), 0);
  assert.equal(table.take('b', 'k', 100, 1), 0);
  assert.equal(table.take('a', 'l', 100, 1), 0);
  assert.equal(table.take('ak', '', 100, 1), 0);
  assert.equal(table.take('a', 'k', 100, 1), 100);
});

test('a look takes nothing', () => {
  const { table } = tableOf();
  for (let at = 0; at < 5; at++) assert.equal(table.peek('a', 'k', 100, 1), 0);
  assert.equal(table.take('a', 'k', 100, 1), 0);
  assert.equal(table.peek('a', 'k', 100, 1), 100);
});

test('in a full set the key that has most of its burst gives way', () => {
  const { clock, table } = tableOf(8);
  for (let key = 0; key < 8; key++) {
    table.take('a', `${key}`, 1000, 1);
    clock.nowMs += 1;
  }
  assert.equal(table.take('a', 'new', 1000, 1), 0);
  assert.equal(table.peek('a', '0', 1000, 1), 0, 'the first is forgotten');
  for (let key = 1; key < 8; key++) assert.ok(table.peek('a', `${key}`, 1000, 1) > 0);
});

test('a set that a lost thread held is freed', () => {
  const { memory, table } = tableOf(8);
  table.take('a', 'k', 100, 1);
  new Int32Array(memory.rates)[16] = 2;
  table.forget(1);
  assert.equal(table.take('a', 'k', 100, 1), 100);
});

test('in any stretch of time at most burst + rate × time pass', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 20 }),
      (waits, perSecond, burst) => {
        const { clock, table } = tableOf(8);
        const intervalMs = 1000 / perSecond;
        const passed: number[] = [];
        for (const waitMs of waits) {
          clock.nowMs += waitMs / 10;
          if (table.take('a', 'k', intervalMs, burst) === 0) passed.push(clock.nowMs);
        }
        for (let from = 0; from < passed.length; from++) {
          for (let to = from; to < passed.length; to++) {
            assert.ok(to - from + 1 <= burst + (passed[to]! - passed[from]!) / intervalMs + 1e-3);
          }
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('four threads at once: one key gets its burst and its rate, and no more', async () => {
  const memory = createSharedMemory({ threads: 4, rateEntries: 8 });
  const clock = new SharedArrayBuffer(8);
  const times = new Int32Array(clock);
  const burst = 100;
  const intervalMs = 2;
  const ticks = 500;
  times[0] = 1_000_000;
  const workers = [0, 1, 2, 3].map((thread) => {
    const workerData: RateTask = { memory, clock, thread, intervalMs, burst, ticks };
    return new Worker(new URL('./rate-hammer.ts', import.meta.url), { workerData });
  });
  const passed = await Promise.all(
    workers.map(async (worker) => {
      const [count] = await once(worker, 'message');
      await worker.terminate();
      return count as number;
    }),
  );
  const ran = times[0]! - 1_000_000;
  const sum = passed.reduce((all, each) => all + each, 0);
  assert.ok(ran >= ticks);
  assert.ok(sum <= burst + ran / intervalMs, `${sum} passed in ${ran} ms`);
  assert.ok(sum >= burst, `only ${sum} passed: not even the burst`);
  assert.ok(passed.filter((each) => each > 0).length > 1, 'more than one thread had a share');
});
