import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createSharedMemory } from '../../src/shared/memory.ts';
import { SharedStickTable } from '../../src/shared/shared-stick-table.ts';
import type { HammerTask } from './hammer.ts';

const HOUR = 3_600_000;

function tableOf(stickEntries?: number): SharedStickTable {
  const memory = createSharedMemory({ threads: 2, ...(stickEntries === undefined ? {} : { stickEntries }) });
  return new SharedStickTable(memory, 0);
}

test('a key is found again under its own scope only', () => {
  const table = tableOf();
  table.set('app', 'alice', 7, HOUR);
  table.set('api', 'alice', 8, HOUR);
  assert.equal(table.get('app', 'alice', HOUR), 7);
  assert.equal(table.get('api', 'alice', HOUR), 8);
  assert.equal(table.get('app', 'bob', HOUR), -1);
  assert.equal(table.get('appa', 'lice', HOUR), -1);
  table.set('app', 'alice', 0, HOUR);
  assert.equal(table.get('app', 'alice', HOUR), 0);
});

test('an entry goes when its ttl is over, not before, and a look at it starts the ttl anew', () => {
  const table = tableOf();
  table.setClock(1_000_900);
  table.set('app', 'a', 1, 10_000);
  table.set('app', 'b', 2, 10_000);
  table.setClock(1_010_800);
  assert.equal(table.get('app', 'a', 10_000), 1);
  table.setClock(1_012_000);
  assert.equal(table.get('app', 'b', 10_000), -1);
  assert.equal(table.get('app', 'a', 10_000), 1);
  assert.equal(table.size(), 1);
  table.setClock(5);
  assert.equal(table.get('app', 'b', 10_000), -1, 'time does not go back');
});

test('in a full set the entry unused for longest gives way', () => {
  const table = tableOf(8);
  for (let key = 0; key < 8; key++) table.set('app', `${key}`, key, HOUR);
  assert.equal(table.get('app', '0', HOUR), 0);
  table.set('app', 'new', 100, HOUR);
  assert.equal(table.get('app', '1', HOUR), -1);
  for (const key of [0, 2, 3, 4, 5, 6, 7]) assert.equal(table.get('app', `${key}`, HOUR), key);
  assert.equal(table.get('app', 'new', HOUR), 100);
});

test('an expired entry gives way before one in use', () => {
  const table = tableOf(8);
  table.setClock(1_000_000);
  table.set('app', 'short', 50, 1000);
  for (let key = 0; key < 7; key++) table.set('app', `${key}`, key, HOUR);
  assert.equal(table.get('app', 'short', 1000), 50);
  table.setClock(1_005_000);
  table.set('app', 'new', 100, HOUR);
  for (let key = 0; key < 7; key++) assert.equal(table.get('app', `${key}`, HOUR), key);
});

test('a server’s entries go with it', () => {
  const table = tableOf();
  for (let key = 0; key < 100; key++) table.set('app', `${key}`, key % 2, HOUR);
  table.forgetServer(1);
  for (let key = 0; key < 100; key++) assert.equal(table.get('app', `${key}`, HOUR), key % 2 === 0 ? 0 : -1);
});

test('a set that a lost thread was writing is freed, and usable', () => {
  const memory = createSharedMemory({ threads: 2, stickEntries: 8 });
  const table = new SharedStickTable(memory, 0);
  table.set('app', 'before', 1, HOUR);
  // As a thread leaves it that is killed between lock and unlock: locked by thread 1, sequence odd.
  const words = new Int32Array(memory.sticks);
  words[16] = 2;
  words[17] = words[17]! + 1;
  table.forget(1);
  assert.equal(table.get('app', 'before', HOUR), -1);
  table.set('app', 'after', 2, HOUR);
  assert.equal(table.get('app', 'after', HOUR), 2);
});

test('many keys spread over the sets: three quarters of a full table are kept', () => {
  const table = tableOf(65_536);
  const keys = 49_152;
  for (let key = 0; key < keys; key++) table.set('app', `session-${key}`, key % 16_000, HOUR);
  let lost = 0;
  for (let key = 0; key < keys; key++) {
    const slot = table.get('app', `session-${key}`, HOUR);
    if (slot === -1) lost++;
    else assert.equal(slot, key % 16_000);
  }
  // A perfect hash loses about 6 % here (Poisson with mean 6, cut at 8).
  assert.ok(lost / keys < 0.09, `${lost} of ${keys} keys were lost`);
});

async function hammer(tasks: readonly HammerTask[]): Promise<void> {
  const workers = tasks.map((workerData) => new Worker(new URL('./hammer.ts', import.meta.url), { workerData }));
  await Promise.all(
    workers.map(async (worker) => {
      const [problem] = await once(worker, 'message');
      await worker.terminate();
      assert.equal(problem, '');
    }),
  );
}

test('four threads in one set: a reader never sees half an entry', async () => {
  const memory = createSharedMemory({ threads: 4, stickEntries: 8 });
  const keys = Array.from({ length: 16 }, (_, key) => key);
  await hammer([0, 1, 2, 3].map((thread) => ({ memory, thread, writes: keys, reads: keys, rounds: 3000 })));
});

test('four threads write their own keys: none is lost', async () => {
  const memory = createSharedMemory({ threads: 4 });
  const own = (thread: number): number[] => Array.from({ length: 500 }, (_, index) => thread * 500 + index);
  await hammer(
    [0, 1, 2, 3].map((thread) => ({ memory, thread, writes: own(thread), reads: own(3 - thread), rounds: 40 })),
  );
  const table = new SharedStickTable(memory, 0);
  for (let key = 0; key < 2000; key++) assert.equal(table.get('app', `key-${key}`, HOUR), key + 1000);
});
