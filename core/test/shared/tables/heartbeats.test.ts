import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import { BEAT_INTERVAL_MS, Heartbeats, HeartbeatWatch } from '../../../src/shared/tables/heartbeats.ts';

test('the watchdog sees how long a thread has been silent and which word it is executing', () => {
  const memory = createSharedMemory({ threads: 2 });
  const heartbeats = new Heartbeats(memory, 1);
  const watch = new HeartbeatWatch(memory);
  heartbeats.start(1000);
  heartbeats.beat(1100);
  heartbeats.enter(42);
  assert.equal(watch.silentMs(1, 1600), 500);
  assert.equal(watch.pulse(1).wordId, 42);
  assert.equal(watch.pulse(0).wordId, 0);
  heartbeats.leave();
  assert.equal(watch.pulse(1).wordId, 0);
});

test('beats are counted by how late they come', () => {
  const memory = createSharedMemory({ threads: 1 });
  const heartbeats = new Heartbeats(memory, 0);
  heartbeats.start(0);
  let now = 0;
  for (const lateMs of [0, 0.5, 3, 300, 60_000]) {
    now += BEAT_INTERVAL_MS + lateMs;
    heartbeats.beat(now);
  }
  const { beats, lateness } = new HeartbeatWatch(memory).pulse(0);
  assert.equal(beats, 5);
  assert.deepEqual(lateness, [2, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
});
