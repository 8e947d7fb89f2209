/**
 * Heartbeats: is each thread's event loop turning, and whose code is it in? In shared memory. Hot path; both planes.
 *
 * A data thread beats ten times a second and says which word it enters and leaves; the control plane replaces a thread
 * that has stopped and names the word. Ids come from `PrepareOrder.wordIds`; 0 is the gateway's own code.
 */
import type { SharedMemory } from './shared-memory.ts';

/** How often a data thread beats. */
export const BEAT_INTERVAL_MS = 100;

/** Upper edges of the lateness buckets, in ms; the last bucket has none. */
export const LATENESS_EDGES_MS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096] as const;

const LATENESS_BUCKETS = LATENESS_EDGES_MS.length + 1;
const LAST_BEAT = 0;
const BEATS = 1;
const LATENESS = 2;
/** Numbers of one thread: whole cache lines, so that threads do not slow each other down. */
const STRIDE = 24;
/** Words of one thread, also whole lines. */
const WORDS = 16;

/** Heartbeats is one thread's own part. */
export class Heartbeats {
  readonly thread: number;
  readonly #numbers: Float64Array;
  readonly #words: Int32Array;

  /** bytes is the size of the memory for so many threads (at least 1). */
  static bytes(threads: number): number {
    return threads * (8 * STRIDE + 4 * WORDS);
  }

  constructor(memory: SharedMemory, thread: number) {
    this.thread = thread;
    this.#numbers = new Float64Array(memory.heartbeats, 8 * STRIDE * thread, STRIDE);
    this.#words = new Int32Array(memory.heartbeats, 8 * STRIDE * memory.threads + 4 * WORDS * thread, WORDS);
  }

  /** start says that the thread lives, without counting a beat. */
  start(nowMs: number): void {
    this.#words[0] = 0;
    this.#numbers[LAST_BEAT] = nowMs;
  }

  /** beat is called every BEAT_INTERVAL_MS with the shared monotonic clock. */
  beat(nowMs: number): void {
    const lateMs = nowMs - this.#numbers[LAST_BEAT]! - BEAT_INTERVAL_MS;
    let bucket = 0;
    while (bucket < LATENESS_BUCKETS - 1 && lateMs > LATENESS_EDGES_MS[bucket]!) bucket++;
    this.#numbers[LATENESS + bucket] = this.#numbers[LATENESS + bucket]! + 1;
    this.#numbers[BEATS] = this.#numbers[BEATS]! + 1;
    this.#numbers[LAST_BEAT] = nowMs;
  }

  /** enter says that a plugin's function is about to run. One plain write. */
  enter(wordId: number): void {
    this.#words[0] = wordId;
  }

  /** leave says that the gateway's own code runs again. One plain write. */
  leave(): void {
    this.#words[0] = 0;
  }
}

/** ThreadPulse is what the control plane reads of one thread. */
export interface ThreadPulse {
  /** 0: never yet. */
  readonly lastBeatMs: number;
  readonly beats: number;
  /** The word it is in; 0: the gateway's own code. */
  readonly wordId: number;
  /** Beats by how late they were; edges in LATENESS_EDGES_MS. */
  readonly lateness: readonly number[];
}

/** HeartbeatWatch reads all threads' parts. Control plane. */
export class HeartbeatWatch {
  readonly #numbers: Float64Array;
  readonly #words: Int32Array;

  constructor(memory: SharedMemory) {
    this.#numbers = new Float64Array(memory.heartbeats, 0, STRIDE * memory.threads);
    this.#words = new Int32Array(memory.heartbeats, 8 * STRIDE * memory.threads, WORDS * memory.threads);
  }

  pulse(thread: number): ThreadPulse {
    const at = thread * STRIDE;
    return {
      lastBeatMs: this.#numbers[at + LAST_BEAT]!,
      beats: this.#numbers[at + BEATS]!,
      wordId: this.#words[thread * WORDS]!,
      lateness: [...this.#numbers.subarray(at + LATENESS, at + LATENESS + LATENESS_BUCKETS)],
    };
  }

  /** silentMs is how long ago a thread beat last. */
  silentMs(thread: number, nowMs: number): number {
    return nowMs - this.#numbers[thread * STRIDE + LAST_BEAT]!;
  }
}
