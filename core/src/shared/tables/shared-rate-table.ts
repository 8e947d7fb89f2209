/**
 * SharedRateTable: the rates of all threads in shared memory. Hot path; both planes.
 *
 * The generic cell rate algorithm (ITU-T I.371): of each key only the time is kept at which it will have its whole burst
 * again, so that one number is both the count and the clock, and a key that rested is the same as one never seen.
 *
 * Set-associative as the stick table is: a key's hash chooses one of many small sets of 8. Whoever asks takes the set's lock
 * word for a few steps; it holds the thread's number, so that what a lost thread held can be freed (`forget`).
 */
import { randomBytes } from 'node:crypto';
import type { Steps } from '@sluice/dsl/match';
import type { RateTable } from '../../plugin/rate-table.ts';
import { KeyHash } from './key-hash.ts';
import type { SharedMemory } from './shared-memory.ts';

/** Keys of a table unless said otherwise. */
export const DEFAULT_RATE_ENTRIES = 131_072;

const HEADER = 16;
const SEED1 = 0;
const SEED2 = 1;
const SETS = 2;

const WAYS = 8;
/** Words of a set. */
const STRIDE = 40;
const LOCK = 0;
const HASH1 = 8;
const HASH2 = 16;
/** Milliseconds of the clock at which the key has its whole burst again: 8 numbers of two words each. */
const FULL_AT = 24;

/** Sets that are walked through in one step. */
const SETS_A_STEP = 1024;
const SPINS = 256;
/** How long to wait, in all, for a set whose holder does not come back: only a lost thread takes so long. */
const PATIENCE_MS = 100;
/** Share of an interval by which sums of intervals may be off, so that a burst is not one short of itself. */
const ROUNDING = 1e-6;

export class SharedRateTable implements RateTable {
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  readonly #owner: number;
  readonly #mask: number;
  readonly #keys: KeyHash;
  readonly #now: () => number;

  /** allocate makes the memory of a table; the number of keys is rounded up to a power of two, at least 8. */
  static allocate(entries: number, seed?: readonly [number, number]): SharedArrayBuffer {
    let sets = 1;
    while (sets * WAYS < entries) sets *= 2;
    const memory = new SharedArrayBuffer(4 * (HEADER + sets * STRIDE));
    const words = new Int32Array(memory, 0, HEADER);
    const random = randomBytes(8);
    words[SEED1] = seed === undefined ? random.readInt32LE(0) : seed[0];
    words[SEED2] = seed === undefined ? random.readInt32LE(4) : seed[1];
    words[SETS] = sets;
    return memory;
  }

  /** `now` gives milliseconds, 0 or more, of one clock for all threads. */
  constructor(memory: Pick<SharedMemory, 'rates'>, thread: number, now: () => number) {
    this.#words = new Int32Array(memory.rates);
    this.#times = new Float64Array(memory.rates);
    this.#owner = thread + 1;
    this.#mask = this.#words[SETS]! - 1;
    this.#keys = new KeyHash(this.#words[SEED1]!, this.#words[SEED2]!);
    this.#now = now;
  }

  take(scope: string, key: string, intervalMs: number, burst: number): number {
    return this.#ask(scope, key, intervalMs, burst, true);
  }

  /** peek is what `take` would return, and takes nothing. For explain. */
  peek(scope: string, key: string, intervalMs: number, burst: number): number {
    return this.#ask(scope, key, intervalMs, burst, false);
  }

  /** entryOf is a key's name in this table, of 16 hexadecimal digits, which does not give the key away. */
  entryOf(scope: string, key: string): string {
    this.#keys.of(scope, key);
    return hex(this.#keys.hash1) + hex(this.#keys.hash2);
  }

  /** clear gives the key of an entry its whole burst again; false: the table does not know it. */
  clear(entry: string): boolean {
    this.#keys.hash1 = Number.parseInt(entry.slice(0, 8), 16) | 0;
    this.#keys.hash2 = Number.parseInt(entry.slice(8), 16) | 0;
    const set = this.#set();
    if (!this.#lock(set)) return false;
    const found = this.#find(set);
    const at = (set + FULL_AT) / 2 + found;
    const isUsed = found !== -1 && this.#times[at]! > this.#now();
    if (isUsed) this.#times[at] = 0;
    Atomics.store(this.#words, set + LOCK, 0);
    return isUsed;
  }

  /** clearAll gives all keys their whole burst again, in steps, and returns how many had not. */
  *clearAll(): Steps<number> {
    const words = this.#words;
    let sets = 0;
    let cleared = 0;
    for (let set = HEADER; set < words.length; set += STRIDE) {
      if (++sets % SETS_A_STEP === 0) yield;
      if (!this.#lock(set)) continue;
      for (let way = 0; way < WAYS; way++) {
        const at = (set + FULL_AT) / 2 + way;
        if (this.#times[at]! > this.#now()) cleared++;
        this.#times[at] = 0;
      }
      Atomics.store(words, set + LOCK, 0);
    }
    return cleared;
  }

  /** seeds are what keys are hashed with. */
  get seeds(): readonly [number, number] {
    return [this.#words[SEED1]!, this.#words[SEED2]!];
  }

  /**
   * each hands out the keys that have not their whole burst again, and in how many ms they will; in steps. A set that somebody holds
   * this very moment is left out. Control plane.
   */
  *each(visit: (hash1: number, hash2: number, fullInMs: number) => void): Steps<void> {
    const words = this.#words;
    let sets = 0;
    for (let set = HEADER; set < words.length; set += STRIDE) {
      if (++sets % SETS_A_STEP === 0) yield;
      const now = this.#now();
      for (let way = 0; way < WAYS; way++) {
        const at = (set + FULL_AT) / 2 + way;
        const fullAt = this.#times[at]!;
        if (fullAt <= now || Atomics.load(words, set + LOCK) !== 0) continue;
        const hash1 = words[set + HASH1 + way]!;
        const hash2 = words[set + HASH2 + way]!;
        // A key that has just got the place would be given the time of the one before.
        if (Atomics.load(words, set + LOCK) !== 0 || this.#times[at] !== fullAt) continue;
        visit(hash1, hash2, fullAt - now);
      }
    }
  }

  /** put adds a key that `each` of another table with the same seeds handed out; where all places are taken, the one that is full first gives way. */
  put(hash1: number, hash2: number, fullInMs: number): void {
    this.#keys.hash1 = hash1;
    this.#keys.hash2 = hash2;
    const set = this.#set();
    if (!this.#lock(set)) return;
    const found = this.#find(set);
    const at = (set + FULL_AT) / 2 + (found === -1 ? this.#replace(set) : found);
    this.#times[at] = this.#now() + fullInMs;
    Atomics.store(this.#words, set + LOCK, 0);
  }

  /** forget frees the sets that a lost thread held. Control plane. */
  forget(thread: number): void {
    const words = this.#words;
    for (let set = HEADER; set < words.length; set += STRIDE) {
      Atomics.compareExchange(words, set + LOCK, thread + 1, 0);
    }
  }

  #ask(scope: string, key: string, intervalMs: number, burst: number, isTaken: boolean): number {
    this.#keys.of(scope, key);
    const set = this.#set();
    // A set that cannot be had belongs to a thread that is gone: better one request too many than none at all.
    if (!this.#lock(set)) return 0;
    const times = this.#times;
    const first = (set + FULL_AT) / 2;
    const found = this.#find(set);
    const now = this.#now();
    const fullAt = found === -1 ? 0 : times[first + found]!;
    const next = Math.max(fullAt, now) + intervalMs;
    const waitMs = next - now - burst * intervalMs;
    const isFree = waitMs <= intervalMs * ROUNDING;
    if (isFree && isTaken) times[first + (found === -1 ? this.#replace(set) : found)] = next;
    Atomics.store(this.#words, set + LOCK, 0);
    return isFree ? 0 : waitMs;
  }

  /** The set of the key that was hashed last. */
  #set(): number {
    return HEADER + (this.#keys.hash1 & this.#mask) * STRIDE;
  }

  #find(set: number): number {
    const words = this.#words;
    const { hash1, hash2 } = this.#keys;
    for (let way = 0; way < WAYS; way++) {
      if (words[set + HASH1 + way] === hash1 && words[set + HASH2 + way] === hash2) return way;
    }
    return -1;
  }

  /** replace gives the key the place of the one that has, or will first have, its whole burst again. */
  #replace(set: number): number {
    const first = (set + FULL_AT) / 2;
    let least = 0;
    for (let way = 1; way < WAYS; way++) {
      if (this.#times[first + way]! < this.#times[first + least]!) least = way;
    }
    this.#words[set + HASH1 + least] = this.#keys.hash1;
    this.#words[set + HASH2 + least] = this.#keys.hash2;
    return least;
  }

  #lock(set: number): boolean {
    const words = this.#words;
    let tries = 0;
    for (;;) {
      const holder = Atomics.compareExchange(words, set + LOCK, 0, this.#owner);
      if (holder === 0) return true;
      if (++tries <= SPINS) continue;
      if (tries > SPINS + PATIENCE_MS) return false;
      // The holder may have been put aside by the system.
      Atomics.wait(words, set + LOCK, holder, 1);
    }
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
