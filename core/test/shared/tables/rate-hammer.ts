/** Takes from one key as fast as it can while all threads move one clock; says how often it passed. Runs in a worker of the tests. */
import { parentPort, workerData } from 'node:worker_threads';
import type { SharedMemory } from '../../../src/shared/tables/shared-memory.ts';
import { SharedRateTable } from '../../../src/shared/tables/shared-rate-table.ts';

export interface RateTask {
  readonly memory: SharedMemory;
  /** Word 0 is the time in milliseconds; word 1 counts the threads that are ready. */
  readonly clock: SharedArrayBuffer;
  readonly thread: number;
  readonly intervalMs: number;
  readonly burst: number;
  /** By how much each thread moves the clock, in steps of one. */
  readonly ticks: number;
}

const { memory, clock, thread, intervalMs, burst, ticks } = workerData as RateTask;
const times = new Int32Array(clock);
const table = new SharedRateTable(memory, thread, () => Atomics.load(times, 0));
let passed = 0;
// All begin together, so that they do meet.
if (Atomics.add(times, 1, 1) === memory.threads - 1) Atomics.notify(times, 1);
for (let ready = Atomics.load(times, 1); ready < memory.threads; ready = Atomics.load(times, 1)) {
  Atomics.wait(times, 1, ready);
}
for (let tick = 0; tick < ticks; tick++) {
  for (let ask = 0; ask < 20; ask++) if (table.take('limit', 'one', intervalMs, burst) === 0) passed++;
  Atomics.add(times, 0, 1);
}
parentPort!.postMessage(passed);
