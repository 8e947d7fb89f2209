import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { finish } from '@sluice/dsl/match';
import { SharedStickTable, STICK_COUNTERS, StickIndex } from '../../../src/shared/tables/shared-stick-table.ts';
import { StickClock } from '../../../src/shared/tables/stick-clock.ts';
import type { HammerTask } from './hammer.ts';

const HOUR = 3_600_000;

/** stage makes a table for so many clients; 4 make just one set of 8 places. */
function stage(clients = 65_536) {
  const clock = new StickClock(StickClock.allocate({ seeds: [1, 2] }));
  const memory = SharedStickTable.allocate(clients, 2);
  return { clock, memory, table: new SharedStickTable(memory, clock, 0) };
}

const tableOf = (clients?: number): SharedStickTable => stage(clients).table;

test('counters and their numbers belong together', () => {
  assert.deepEqual(Object.keys(StickIndex), [...STICK_COUNTERS]);
  assert.deepEqual(Object.values(StickIndex), [...STICK_COUNTERS.keys()]);
});

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

test('an entry expires exactly after its TTL, which each lookup restarts', () => {
  const { table, clock } = stage();
  clock.set(1_000_900);
  table.set('app', 'a', 1, 10_000);
  table.set('app', 'b', 2, 10_000);
  clock.set(1_010_800);
  assert.equal(table.get('app', 'a', 10_000), 1);
  clock.set(1_012_000);
  assert.equal(table.get('app', 'b', 10_000), -1);
  assert.equal(table.get('app', 'a', 10_000), 1);
  assert.equal(table.entries(), 1);
  clock.set(5);
  assert.equal(table.get('app', 'b', 10_000), -1, 'time does not go back');
});

test('in a full set the entry unused for longest gives way', () => {
  const table = tableOf(4);
  for (let key = 0; key < 8; key++) table.set('app', `${key}`, key, HOUR);
  assert.equal(table.get('app', '0', HOUR), 0);
  table.set('app', 'new', 100, HOUR);
  assert.equal(table.get('app', '1', HOUR), -1);
  for (const key of [0, 2, 3, 4, 5, 6, 7]) assert.equal(table.get('app', `${key}`, HOUR), key);
  assert.equal(table.get('app', 'new', HOUR), 100);
});

test('an expired entry gives way before one in use', () => {
  const { table, clock } = stage(4);
  clock.set(1_000_000);
  table.set('app', 'short', 50, 1000);
  for (let key = 0; key < 7; key++) table.set('app', `${key}`, key, HOUR);
  assert.equal(table.get('app', 'short', 1000), 50);
  clock.set(1_005_000);
  table.set('app', 'new', 100, HOUR);
  for (let key = 0; key < 7; key++) assert.equal(table.get('app', `${key}`, HOUR), key);
});

test('a server’s entries go with it', () => {
  const table = tableOf();
  for (let key = 0; key < 100; key++) table.set('app', `${key}`, key % 2, HOUR);
  table.forgetServers(new Set([1]));
  for (let key = 0; key < 100; key++) assert.equal(table.get('app', `${key}`, HOUR), key % 2 === 0 ? 0 : -1);
});

test('a set that a lost thread was writing is freed, and usable', () => {
  const { memory, table } = stage(4);
  table.set('app', 'before', 1, HOUR);
  // As a thread leaves it that is killed between lock and unlock: locked by thread 1, sequence odd.
  const words = new Int32Array(memory);
  const set = words.length - 48;
  words[set] = 2;
  words[set + 1] = words[set + 1]! + 1;
  table.forget(1);
  assert.equal(table.get('app', 'before', HOUR), -1);
  table.set('app', 'after', 2, HOUR);
  assert.equal(table.get('app', 'after', HOUR), 2);
});

test('of as many clients as the size allows, fewer than one in a hundred is forgotten early', () => {
  const clients = 50_000;
  const table = tableOf(clients);
  for (let key = 0; key < clients; key++) table.set('app', `session-${key}`, key % 16_000, HOUR);
  let lost = 0;
  for (let key = 0; key < clients; key++) {
    const slot = table.get('app', `session-${key}`, HOUR);
    if (slot === -1) lost++;
    else assert.equal(slot, key % 16_000);
  }
  assert.ok(lost / clients < 0.01, `${lost} of ${clients} clients were forgotten`);
  assert.equal(table.counts().evictions, lost);
  assert.equal(table.counts().stored, clients);
});

test('a flood of clients leaves those that come again, and takes no more memory', () => {
  const { table, memory } = stage(1000);
  const bytes = memory.byteLength;
  for (let key = 0; key < 100; key++) table.set('app', `regular-${key}`, key, HOUR);
  let stayed = 0;
  for (let flood = 0; flood < 100_000; flood++) {
    table.set('app', `flood-${flood}`, 500, HOUR);
    // Every regular comes again once in 500 requests, half of the size that the table was made for.
    if (flood % 5 === 0 && table.get('app', `regular-${(flood / 5) % 100}`, HOUR) !== -1) stayed++;
    else if (flood % 5 === 0) table.set('app', `regular-${(flood / 5) % 100}`, (flood / 5) % 100, HOUR);
  }
  assert.ok(stayed / 20_000 > 0.99, `${stayed} of 20000 visits were of a client that was known`);
  assert.equal(memory.byteLength, bytes);
  assert.ok(table.entries() <= 2000);
});

test('looking is no use of an entry', () => {
  const { table, clock } = stage();
  clock.set(1_000_000);
  table.set('app', 'a', 1, 10_000);
  clock.set(1_006_000);
  assert.deepEqual(table.peek('app', 'a'), { slot: 1, expiresInS: 4, sinceS: 6 });
  assert.equal(table.peek('app', 'b'), null);
  clock.set(1_011_000);
  assert.equal(table.peek('app', 'a'), null);
});

test('a larger table takes over every client, with the time that is left to it', () => {
  const { table, clock } = stage(1000);
  clock.set(1_000_000);
  for (let key = 0; key < 500; key++) table.set('app', `${key}`, key, 10_000);
  table.set('app', 'soon', 7, 2000);
  clock.set(1_004_000);
  const larger = new SharedStickTable(SharedStickTable.allocate(4000, 2), clock, 2);
  larger.set('app', '0', 900, 10_000);
  larger.takeCounts(table);
  finish(larger.carryOver(table));
  assert.equal(larger.peek('app', '0')?.slot, 900, 'what is newer stays');
  for (let key = 1; key < 500; key++)
    assert.deepEqual(larger.peek('app', `${key}`), { slot: key, expiresInS: 6, sinceS: 4 });
  assert.equal(larger.peek('app', 'soon'), null);
  assert.equal(larger.counts().stored, 501);
  finish(larger.carryOver(table));
  assert.equal(larger.entries(), 500);
});

test('a large table is carried over in steps', () => {
  const { table, clock } = stage(100_000);
  for (let key = 0; key < 30_000; key++) table.set('app', `${key}`, 1, HOUR);
  const other = new SharedStickTable(SharedStickTable.allocate(200_000, 2), clock, 2);
  let steps = 0;
  for (const _ of other.carryOver(table)) steps++;
  assert.ok(steps > 20, `${steps} steps`);
  assert.equal(other.entries(), table.entries());
});

test('an entry keeps the time since which its client has belonged to the server', () => {
  const { table, clock } = stage(100);
  clock.set(1_000_000);
  table.set('app', 'a', 3, HOUR);
  clock.set(1_060_000);
  table.get('app', 'a', HOUR);
  table.set('app', 'a', 3, HOUR);
  assert.equal(table.peek('app', 'a')?.sinceS, 60);
  table.set('app', 'a', 4, HOUR);
  assert.equal(table.peek('app', 'a')?.sinceS, 0, 'it has moved');
  clock.set(1_060_000 + HOUR + 5000);
  table.set('app', 'a', 4, HOUR);
  assert.equal(table.peek('app', 'a')?.sinceS, 0, 'it had been forgotten');
});

test('a smaller table takes over the clients that came last', () => {
  const { table, clock } = stage(64);
  for (let second = 0; second < 40; second++) {
    clock.set(1_000_000 + 1000 * second);
    table.set('app', `${second}`, second, HOUR);
  }
  const smaller = new SharedStickTable(SharedStickTable.allocate(4, 2), clock, 0);
  finish(smaller.carryOver(table));
  assert.equal(smaller.entries(), 8);
  for (let second = 32; second < 40; second++) assert.equal(smaller.peek('app', `${second}`)?.slot, second);
  smaller.set('app', 'new', 100, HOUR);
  assert.equal(smaller.peek('app', '32'), null, 'the oldest of them is still the first to go');
  for (let second = 33; second < 40; second++) assert.equal(smaller.peek('app', `${second}`)?.slot, second);
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
  const clock = StickClock.allocate();
  const memory = SharedStickTable.allocate(4, 4);
  const keys = Array.from({ length: 16 }, (_, key) => key);
  await hammer([0, 1, 2, 3].map((thread) => ({ memory, clock, thread, writes: keys, reads: keys, rounds: 3000 })));
});

test('four threads write their own keys: none is lost', async () => {
  const clock = StickClock.allocate();
  const memory = SharedStickTable.allocate(65_536, 4);
  const own = (thread: number): number[] => Array.from({ length: 500 }, (_, index) => thread * 500 + index);
  await hammer(
    [0, 1, 2, 3].map((thread) => ({ memory, clock, thread, writes: own(thread), reads: own(3 - thread), rounds: 40 })),
  );
  const table = new SharedStickTable(memory, new StickClock(clock), 0);
  for (let key = 0; key < 2000; key++) assert.equal(table.get('app', `key-${key}`, HOUR), key + 1000);
});
