/** Writes and reads a stick table as fast as it can; says what went wrong, or nothing. Runs in a worker of the tests. */
import { parentPort, workerData } from 'node:worker_threads';
import { SharedStickTable } from '../../../src/shared/tables/shared-stick-table.ts';
import { StickClock } from '../../../src/shared/tables/stick-clock.ts';

/** A key's slot is always the key + 1000, whoever writes it. */
export interface HammerTask {
  readonly memory: SharedArrayBuffer;
  readonly clock: SharedArrayBuffer;
  readonly thread: number;
  readonly writes: readonly number[];
  readonly reads: readonly number[];
  readonly rounds: number;
}

const HOUR = 3_600_000;
const { memory, clock, thread, writes, reads, rounds } = workerData as HammerTask;
const table = new SharedStickTable(memory, new StickClock(clock), thread);
let problem = '';
for (let round = 0; round < rounds && problem === ''; round++) {
  // Different ttls, so that reads write too.
  const ttlMs = HOUR + 1000 * (round % 7);
  for (const key of writes) table.set('app', `key-${key}`, key + 1000, ttlMs);
  for (const key of reads) {
    const slot = table.get('app', `key-${key}`, ttlMs);
    if (slot !== -1 && slot !== key + 1000) problem = `key ${key} was found at ${slot}`;
  }
}
parentPort!.postMessage(problem);
