/**
 * LatencyHistogram: how long answers took, per thread and backend, in shared memory. Hot path; both planes.
 *
 * Log-linear buckets in microseconds: exact below 8 µs, then 8 buckets for every power of two, so a quantile is off by at
 * most an eighth. Everything over 2^32 µs (71 min) counts in the last bucket. Each thread writes only its own block.
 */
import { BACKEND_CAPACITY } from './counters.ts';
import type { SharedMemory } from './shared-memory.ts';

const SUB_BITS = 3;
const SUB = 1 << SUB_BITS;
const TOP_BITS = 32;
/** Buckets of one histogram. */
export const LATENCY_BUCKETS = SUB + (TOP_BITS - SUB_BITS) * SUB;
const BLOCK = BACKEND_CAPACITY * LATENCY_BUCKETS;

/** latencyBucket is the bucket of a number of microseconds. */
export function latencyBucket(micros: number): number {
  if (micros >= 4294967296) return LATENCY_BUCKETS - 1;
  const value = micros > 0 ? micros >>> 0 : 0;
  if (value < SUB) return value;
  const shift = 31 - Math.clz32(value) - SUB_BITS;
  return (shift + 1) * SUB + ((value >>> shift) & (SUB - 1));
}

/** latencyBucketStart is the smallest number of microseconds in a bucket. */
export function latencyBucketStart(bucket: number): number {
  if (bucket < SUB) return bucket;
  const shift = Math.floor(bucket / SUB) - 1;
  return (SUB + (bucket % SUB)) * 2 ** shift;
}

/** LatencyHistogram records for one thread. */
export class LatencyHistogram {
  readonly #own: Float64Array;

  /** bytes is the size of the memory for so many threads (at least 1). */
  static bytes(threads: number): number {
    return 8 * BLOCK * threads;
  }

  constructor(memory: SharedMemory, thread: number) {
    this.#own = new Float64Array(memory.latency, 8 * BLOCK * thread, BLOCK);
  }

  /** record counts one answer of a backend that took so many microseconds. */
  record(slot: number, micros: number): void {
    const at = slot * LATENCY_BUCKETS + latencyBucket(micros);
    this.#own[at] = this.#own[at]! + 1;
  }
}

/** Latency is one backend's times over all threads, in µs. Control plane. */
export class Latency {
  readonly count: number;
  readonly buckets: Float64Array;

  constructor(buckets: Float64Array) {
    this.buckets = buckets;
    let count = 0;
    for (const bucket of buckets) count += bucket;
    this.count = count;
  }

  /** under counts the answers that took less than so many µs, a power of two: the edges of buckets are exact. */
  under(micros: number): number {
    const end = latencyBucket(micros);
    let count = 0;
    for (let bucket = 0; bucket < end; bucket++) count += this.buckets[bucket]!;
    return count;
  }

  /** sum is about how long all answers took together, in µs: each counts as the middle of its bucket. */
  sum(): number {
    let sum = 0;
    for (let bucket = 0; bucket < this.buckets.length; bucket++) {
      const here = this.buckets[bucket]!;
      if (here > 0) sum += (here * (latencyBucketStart(bucket) + latencyBucketStart(bucket + 1) - 1)) / 2;
    }
    return sum;
  }

  /** quantile is the time, in µs, that a share (0 to 1) of the answers did not exceed; NaN when there are none. */
  quantile(share: number): number {
    if (this.count === 0) return Number.NaN;
    const rank = Math.min(this.count, Math.max(1, Math.ceil(share * this.count)));
    let seen = 0;
    for (let bucket = 0; bucket < this.buckets.length; bucket++) {
      const here = this.buckets[bucket]!;
      if (seen + here < rank) {
        seen += here;
        continue;
      }
      const start = latencyBucketStart(bucket);
      const width = latencyBucketStart(bucket + 1) - start;
      return start + (width - 1) * ((rank - seen) / here);
    }
    return latencyBucketStart(LATENCY_BUCKETS - 1);
  }
}

/** LatencySums merges the threads' histograms. Control plane. */
export class LatencySums {
  readonly #all: Float64Array;
  readonly #threads: number;

  constructor(memory: SharedMemory) {
    this.#all = new Float64Array(memory.latency);
    this.#threads = memory.threads;
  }

  /** backend is what all threads recorded for a backend slot. */
  backend(slot: number): Latency {
    const sums = new Float64Array(LATENCY_BUCKETS);
    for (let thread = 0; thread < this.#threads; thread++) {
      const at = thread * BLOCK + slot * LATENCY_BUCKETS;
      for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) sums[bucket] = sums[bucket]! + this.#all[at + bucket]!;
    }
    return new Latency(sums);
  }

  /** reset clears a freed backend slot, in all threads. */
  reset(slot: number): void {
    for (let thread = 0; thread < this.#threads; thread++) {
      const at = thread * BLOCK + slot * LATENCY_BUCKETS;
      this.#all.fill(0, at, at + LATENCY_BUCKETS);
    }
  }
}
