import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@sluice/plugin-kit';
import { TimerGrid } from '../../../src/control/clock/timer-grid.ts';

test('timers due within 25 ms fire in one turn, with one system timer', async () => {
  const timers = new FakeClock();
  const grid = new TimerGrid(timers);
  const calls: number[] = [];
  for (let delay = 988; delay < 1012; delay++) grid.about(() => calls.push(timers.now()), delay);
  assert.equal(timers.size, 1);
  await timers.advance(1100);
  assert.deepEqual(calls, Array(24).fill(1000));
  assert.equal(timers.size, 0);
});

test('timers that must not be early fire up to one step late', async () => {
  const timers = new FakeClock();
  const grid = new TimerGrid(timers);
  const calls: number[] = [];
  for (const delay of [1000, 1000.5, 1001, 1024]) grid.notBefore(() => calls.push(timers.now()), delay);
  await timers.advance(1100);
  assert.deepEqual(calls, [1000, 1025, 1025, 1025]);
});

test('short waits are exact', async () => {
  const timers = new FakeClock();
  const grid = new TimerGrid(timers);
  const calls: number[] = [];
  for (const delay of [0, 3, 99]) grid.about(() => calls.push(timers.now()), delay);
  await timers.advance(200);
  assert.deepEqual(calls, [0, 3, 99]);
});

test('a wait that is repeated on the grid does not drift, though each begins a little later than it should', async () => {
  const timers = new FakeClock();
  const grid = new TimerGrid(timers);
  const calls: number[] = [];
  const again = (): void => {
    calls.push(timers.now());
    timers.set(() => grid.about(again, 200), 2);
  };
  grid.about(again, 200);
  await timers.advance(1050);
  assert.deepEqual(calls, [200, 400, 600, 800, 1000]);
});

test('with the last appointment of a moment its timer is cleared, so that nothing keeps a process running', async () => {
  const timers = new FakeClock();
  const grid = new TimerGrid(timers);
  const made = [grid.about(() => assert.fail(), 1000), grid.about(() => assert.fail(), 1001)];
  grid.clear(made[0]);
  grid.clear(made[0]);
  assert.equal(timers.size, 1);
  grid.clear(made[1]);
  assert.equal(timers.size, 0);
  const calls: number[] = [];
  const kept = grid.about(() => calls.push(timers.now()), 1000);
  await timers.advance(2000);
  grid.clear(kept);
  assert.deepEqual(calls, [1000]);
});

test('one call may clear another of the same moment', async () => {
  const timers = new FakeClock();
  const grid = new TimerGrid(timers);
  const calls: string[] = [];
  grid.about(() => {
    calls.push('first');
    grid.clear(second);
  }, 1000);
  const second = grid.about(() => calls.push('second'), 1000);
  grid.about(() => calls.push('third'), 1000);
  await timers.advance(1100);
  assert.deepEqual(calls, ['first', 'third']);
  assert.equal(timers.size, 0);
});

test('a call that throws takes no other with it', async () => {
  const timers = new FakeClock();
  const grid = new TimerGrid(timers);
  const calls: string[] = [];
  grid.about(() => {
    throw new Error('broken');
  }, 1000);
  grid.about(() => calls.push('second'), 1000);
  await assert.rejects(timers.advance(1100), /broken/);
  await timers.advance(1100);
  assert.deepEqual(calls, ['second']);
});
