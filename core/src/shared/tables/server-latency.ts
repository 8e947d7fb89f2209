/**
 * ServerLatency: how long servers took to the first byte of an answer, per thread and server, in shared memory. Hot path; both planes.
 *
 * Two buckets for every power of two from 128 µs to 67 s, so a quantile is off by at most a half, and the sum of all times. That
 * is 320 bytes for a server and thread, of memory that costs nothing before the first answer: ten thousand servers on four threads
 * take 13 MB. Each thread writes only its own block.
 */
import { SERVER_CAPACITY } from './server-table.ts';
import type { SharedMemory } from './shared-memory.ts';

const FIRST_BIT = 7;
const LAST_BIT = 26;
/** Below 2^FIRST_BIT, two for each power of two, and one for all above. */
const BUCKETS = 1 + (LAST_BIT - FIRST_BIT) * 2 + 1;
/** Buckets, then the sum in µs. */
const STRIDE = BUCKETS + 1;
const SUM = BUCKETS;
const BLOCK = SERVER_CAPACITY * STRIDE;

/** serverLatencyBucket is the bucket of a number of microseconds. */
export function serverLatencyBucket(micros: number): number {
  if (micros < 1 << FIRST_BIT) return 0;
  if (micros >= 1 << LAST_BIT) return BUCKETS - 1;
  const bit = 31 - Math.clz32(micros);
  return 1 + (bit - FIRST_BIT) * 2 + ((micros >>> (bit - 1)) & 1);
}

/** serverLatencyBucketStart is the smallest number of microseconds in a bucket. */
export function serverLatencyBucketStart(bucket: number): number {
  if (bucket === 0) return 0;
  const at = bucket - 1;
  const power = 2 ** (FIRST_BIT + (at >>> 1));
  return at % 2 === 0 ? power : power * 1.5;
}

/** ServerLatency records for one thread. */
export class ServerLatency {
  readonly #own: Float64Array;

  /** bytes is the size of the memory for so many threads (at least 1). */
  static bytes(threads: number): number {
    return 8 * BLOCK * threads;
  }

  constructor(memory: SharedMemory, thread: number) {
    this.#own = new Float64Array(memory.serverLatency, 8 * BLOCK * thread, BLOCK);
  }

  /** record counts one answer of a server that began after so many microseconds. */
  record(slot: number, micros: number): void {
    const own = this.#own;
    const start = slot * STRIDE;
    const at = start + serverLatencyBucket(micros);
    own[at] = own[at]! + 1;
    own[start + SUM] = own[start + SUM]! + micros;
  }
}

/** FirstByteTimes are one server's times over all threads, in µs. Control plane. */
export class FirstByteTimes {
  readonly count: number;
  readonly sumMicros: number;
  readonly #buckets: Float64Array;

  constructor(buckets: Float64Array, sumMicros: number) {
    this.#buckets = buckets;
    this.sumMicros = sumMicros;
    let count = 0;
    for (const bucket of buckets) count += bucket;
    this.count = count;
  }

  /** under counts the answers that began in less than so many µs: a power of two from 128 µs to 67 s. */
  under(micros: number): number {
    const end = serverLatencyBucket(micros);
    let count = 0;
    for (let bucket = 0; bucket < end; bucket++) count += this.#buckets[bucket]!;
    return count;
  }

  /** quantile is the time, in µs, that a share (0 to 1) of the answers did not exceed; null when there are none. */
  quantile(share: number): number | null {
    if (this.count === 0) return null;
    const rank = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS - 1; bucket++) {
      const here = this.#buckets[bucket]!;
      if (seen + here < rank) {
        seen += here;
        continue;
      }
      const start = serverLatencyBucketStart(bucket);
      return start + (serverLatencyBucketStart(bucket + 1) - start) * ((rank - seen) / here);
    }
    return serverLatencyBucketStart(BUCKETS - 1);
  }
}

/** ServerLatencySums merges the threads' histograms. Control plane. */
export class ServerLatencySums {
  readonly #all: Float64Array;
  readonly #threads: number;

  constructor(memory: SharedMemory) {
    this.#all = new Float64Array(memory.serverLatency);
    this.#threads = memory.threads;
  }

  /** server is what all threads recorded for a server slot. */
  server(slot: number): FirstByteTimes {
    const sums = new Float64Array(STRIDE);
    for (let thread = 0; thread < this.#threads; thread++) {
      const from = thread * BLOCK + slot * STRIDE;
      for (let at = 0; at < STRIDE; at++) sums[at] = sums[at]! + this.#all[from + at]!;
    }
    return new FirstByteTimes(sums.subarray(0, BUCKETS), sums[SUM]!);
  }

  /** reset clears a freed server slot, in all threads. Memory that was never written stays so. */
  reset(slot: number): void {
    for (let thread = 0; thread < this.#threads; thread++) {
      const at = thread * BLOCK + slot * STRIDE;
      this.#all.fill(0, at, at + STRIDE);
    }
  }
}
