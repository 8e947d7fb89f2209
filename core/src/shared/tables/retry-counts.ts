/**
 * RetryCounts: how many requests each backend got lately, and how many of them were sent again, over all threads. Hot path;
 * both planes.
 *
 * A sliding window of ten seconds, kept in five parts that are used again in turn. Nothing locks: two threads that begin a new
 * part in the same instant may lose a request or two of it.
 */
import { BACKEND_CAPACITY } from './counters.ts';
import type { SharedMemory } from './shared-memory.ts';

export const RETRY_WINDOW_MS = 10_000;

const PARTS = 5;
/** Of a part: which one it is, its requests, its retries. */
const EPOCH = 0;
const REQUESTS = 1;
const RETRIES = 2;
const PART = 3;
const STRIDE = 16;

export class RetryCounts {
  readonly #words: Int32Array;

  static bytes(): number {
    return 4 * STRIDE * BACKEND_CAPACITY;
  }

  constructor(memory: Pick<SharedMemory, 'retries'>) {
    this.#words = new Int32Array(memory.retries);
  }

  /** requested counts requests that were sent for the first time. */
  requested(slot: number, count: number, nowMs: number): void {
    Atomics.add(this.#words, this.#part(slot, nowMs) + REQUESTS, count);
  }

  /**
   * tryRetry counts one more retry, unless that makes more than `share` (0 to 1) of the window's requests and more than `least`
   * in the window. That is never exceeded, however many threads try at once.
   */
  tryRetry(slot: number, share: number, least: number, nowMs: number): boolean {
    const at = this.#part(slot, nowMs) + RETRIES;
    Atomics.add(this.#words, at, 1);
    const most = Math.max(least, share * this.#sum(slot, nowMs, REQUESTS));
    if (this.#sum(slot, nowMs, RETRIES) <= most) return true;
    Atomics.sub(this.#words, at, 1);
    return false;
  }

  /** reset forgets all of a slot. */
  reset(slot: number): void {
    for (let field = 0; field < STRIDE; field++) Atomics.store(this.#words, slot * STRIDE + field, 0);
  }

  /** part is where the part of this moment stands, started again if it is that of an earlier round. */
  #part(slot: number, nowMs: number): number {
    const epoch = epochOf(nowMs);
    const part = slot * STRIDE + (epoch % PARTS) * PART;
    const before = Atomics.load(this.#words, part + EPOCH);
    if (before !== epoch && Atomics.compareExchange(this.#words, part + EPOCH, before, epoch) === before) {
      Atomics.store(this.#words, part + REQUESTS, 0);
      Atomics.store(this.#words, part + RETRIES, 0);
    }
    return part;
  }

  #sum(slot: number, nowMs: number, field: number): number {
    const epoch = epochOf(nowMs);
    let sum = 0;
    for (let part = slot * STRIDE; part < slot * STRIDE + PARTS * PART; part += PART) {
      if (epoch - this.#words[part + EPOCH]! < PARTS) sum += this.#words[part + field]!;
    }
    return sum;
  }
}

/** Never 0, which is an empty part's. */
function epochOf(nowMs: number): number {
  return (Math.floor((nowMs * PARTS) / RETRY_WINDOW_MS) % 0x3fffffff) + PARTS;
}
