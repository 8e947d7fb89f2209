import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CounterSums,
  LISTENER_COUNTERS,
  ListenerIndex,
  SERVER_COUNTERS,
  ServerIndex,
  ThreadCounters,
} from '../../../src/shared/tables/counters.ts';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';

test('every counter has the number of its place in the list of names', () => {
  assert.deepEqual(
    Object.entries(ListenerIndex),
    Object.entries(LISTENER_COUNTERS).map(([at, name]) => [name, Number(at)]),
  );
  assert.deepEqual(
    Object.entries(ServerIndex),
    Object.entries(SERVER_COUNTERS).map(([at, name]) => [name, Number(at)]),
  );
});

test('the sums add all threads up, and keep listeners, servers and slots apart', () => {
  const memory = createSharedMemory({ threads: 3 });
  for (let thread = 0; thread < 3; thread++) {
    const counters = new ThreadCounters(memory, thread);
    counters.listener(0, ListenerIndex.requests);
    counters.listener(1023, ListenerIndex.bytesOut, 1e12);
    counters.server(0, ServerIndex.requests, 5);
    counters.server(16_383, ServerIndex.answers5xx);
  }
  const sums = new CounterSums(memory);
  assert.equal(sums.listener(0).requests, 3);
  assert.equal(sums.listener(0).bytesOut, 0);
  assert.equal(sums.listener(1023).bytesOut, 3e12);
  assert.equal(sums.server(0).requests, 15);
  assert.equal(sums.server(16_383).answers5xx, 3);
  assert.equal(sums.server(1).requests, 0);
});

test('a lost thread has no connections open, and its totals stay', () => {
  const memory = createSharedMemory({ threads: 2 });
  const lost = new ThreadCounters(memory, 0);
  const living = new ThreadCounters(memory, 1);
  for (const counters of [lost, living]) {
    counters.listener(4, ListenerIndex.connections, 10);
    counters.listener(4, ListenerIndex.connectionsClosed, 3);
  }
  assert.equal(living.openConnections(4), 14);
  new CounterSums(memory).forget(0);
  assert.equal(living.openConnections(4), 7);
  assert.equal(new CounterSums(memory).listener(4).connections, 20);
});

test('a reset slot counts from 0 in every thread', () => {
  const memory = createSharedMemory({ threads: 2 });
  const sums = new CounterSums(memory);
  for (const thread of [0, 1]) {
    const counters = new ThreadCounters(memory, thread);
    for (const slot of [1, 2]) {
      counters.listener(slot, ListenerIndex.requests);
      counters.server(slot, ServerIndex.requests);
    }
  }
  sums.resetListener(1);
  sums.resetServer(2);
  assert.deepEqual([sums.listener(1).requests, sums.listener(2).requests], [0, 2]);
  assert.deepEqual([sums.server(1).requests, sums.server(2).requests], [2, 0]);
});
