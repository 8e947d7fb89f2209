import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../src/simulation/seeded-random.ts';
import { VirtualClock } from '../../src/simulation/virtual-clock.ts';

test('timers fire in order of time, and at the same time in the order in which they were set', () => {
  const clock = new VirtualClock();
  const random = new SeededRandom(7, 'order');
  const happened: { at: number; order: number }[] = [];
  for (let order = 0; order < 2000; order++) {
    const at = random.below(100);
    clock.set(() => happened.push({ at: clock.elapsedMs, order }), at);
  }
  clock.runUntil(100);
  const sorted = [...happened].sort((one, other) => one.at - other.at || one.order - other.order);
  assert.equal(happened.length, 2000);
  assert.deepEqual(happened, sorted);
});

test('time advances to the end of a run, and later timers wait', () => {
  const clock = new VirtualClock();
  const happened: string[] = [];
  clock.set(() => happened.push('early'), 10);
  clock.set(() => happened.push('late'), 10.5);
  clock.runUntil(10);
  assert.deepEqual([clock.elapsedMs, ...happened], [10, 'early']);
  clock.runUntil(11);
  assert.deepEqual([clock.elapsedMs, ...happened], [11, 'early', 'late']);
});

test('a cleared timer never happens, also when another clears it at the same moment', () => {
  const clock = new VirtualClock();
  const happened: string[] = [];
  clock.set(() => clock.clear(second), 5);
  const second = clock.set(() => happened.push('second'), 5);
  clock.clear(clock.set(() => happened.push('third'), 1));
  clock.runUntil(10);
  assert.deepEqual(happened, []);
});

test('what a timer sets for now happens within the same run', () => {
  const clock = new VirtualClock();
  const happened: number[] = [];
  clock.set(() => clock.set(() => happened.push(clock.elapsedMs), 0), 10);
  clock.runUntil(10);
  assert.deepEqual(happened, [10]);
});
