/**
 * TurnLog: how long the turns of data threads' event loops are, by the clock and in processor time. Benchmark code.
 *
 * A timer of one millisecond in each thread notes what has passed since it ran last. What is waited for does not count as
 * processor time, so a busy machine does not lengthen that.
 */
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

const NAME = 'sluice bench turns';
const THREADS = 64;
/** Half milliseconds; the last bucket holds all longer ones. */
const BUCKETS = 400;
const STRIDE = 2 * (BUCKETS + 1);

/** Turns of all threads together, in half milliseconds and as the longest of them in milliseconds. */
export interface Turns {
  readonly wall: readonly number[];
  readonly cpu: readonly number[];
  readonly longestWallMs: number;
  readonly longestCpuMs: number;
}

/** openTurnLog makes the log; threads that begin later find it. Main thread. */
export function openTurnLog(): { take(): Turns } {
  const memory = new SharedArrayBuffer(8 * (1 + THREADS * STRIDE));
  setEnvironmentData(NAME, memory);
  const numbers = new Float64Array(memory);
  return {
    take() {
      const kinds = [0, 1].map((kind) => {
        const buckets = Array<number>(BUCKETS).fill(0);
        let longest = 0;
        for (let thread = 0; thread < THREADS; thread++) {
          const from = 1 + thread * STRIDE + kind * (BUCKETS + 1);
          for (let bucket = 0; bucket < BUCKETS; bucket++) buckets[bucket]! += numbers[from + bucket]!;
          longest = Math.max(longest, numbers[from + BUCKETS]!);
        }
        return { buckets, longest };
      });
      numbers.fill(0, 1);
      return {
        wall: kinds[0]!.buckets,
        longestWallMs: kinds[0]!.longest,
        cpu: kinds[1]!.buckets,
        longestCpuMs: kinds[1]!.longest,
      };
    },
  };
}

/** logTurns begins to note the turns of the thread that calls it. Data threads. */
export function logTurns(): void {
  const memory = getEnvironmentData(NAME);
  if (isMainThread || !(memory instanceof SharedArrayBuffer)) return;
  const slot = Atomics.add(new Int32Array(memory), 0, 1) % THREADS;
  const numbers = new Float64Array(memory, 8 * (1 + slot * STRIDE), STRIDE);
  const note = (kind: number, ms: number): void => {
    const from = kind * (BUCKETS + 1);
    const bucket = Math.min(BUCKETS - 1, Math.floor(2 * ms));
    numbers[from + bucket]! += 1;
    if (ms > numbers[from + BUCKETS]!) numbers[from + BUCKETS] = ms;
  };
  let before = performance.now();
  let spent = process.threadCpuUsage();
  setInterval(() => {
    const now = performance.now();
    const used = process.threadCpuUsage();
    note(0, now - before - 1);
    note(1, (used.user + used.system - spent.user - spent.system) / 1000);
    before = now;
    spent = used;
  }, 1).unref();
}
