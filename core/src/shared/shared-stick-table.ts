/**
 * SharedStickTable: the stick table of all threads in shared memory. Hot path; both planes.
 *
 * Set-associative: a key's hash chooses one of many small sets of 8 entries. A reader takes no lock: each set has a
 * sequence number that is odd while a writer is at work, and a reader that saw it odd or changed looks again. Writers take
 * the set's lock word, which holds their thread's number, so that what a lost thread held can be freed (`forget`).
 *
 * Time is in coarse seconds of a clock word in the same memory, set by every thread's beat; an entry lives for its ttl and
 * at most a second longer. Within a set the entry unused for longest gives way. Keys are hashed to 64 bits, with a seed
 * that outsiders cannot know, and never stored.
 */
import { randomBytes } from 'node:crypto';
import type { StickTable } from '../plugin/stick-table.ts';
import { KeyHash } from './key-hash.ts';
import type { SharedMemory } from './memory.ts';

/** Entries of a table unless said otherwise. */
export const DEFAULT_STICK_ENTRIES = 65536;

const HEADER = 16;
const SEED1 = 0;
const SEED2 = 1;
const CLOCK = 2;
const SETS = 3;

const WAYS = 8;
/** Words of a set: three cache lines. */
const STRIDE = 48;
const LOCK = 0;
const SEQUENCE = 1;
const USES = 2;
const HASH1 = 8;
const HASH2 = 16;
/** The server's slot + 1; 0: the entry is empty. */
const SLOT = 24;
/** The last second in which the entry counts. */
const EXPIRY = 32;
/** The set's number of uses when the entry was used last. */
const USED = 40;

const SPINS = 256;
/** How long to wait, in all, for a set whose writer does not come back: only a lost thread takes so long. */
const PATIENCE_MS = 100;

export class SharedStickTable implements StickTable {
  readonly #words: Int32Array;
  readonly #owner: number;
  readonly #mask: number;
  readonly #keys: KeyHash;

  /** allocate makes the memory of a table; the number of entries is rounded up to a power of two, at least 8. */
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

  constructor(memory: SharedMemory, thread: number) {
    this.#words = new Int32Array(memory.sticks);
    this.#owner = thread + 1;
    this.#mask = this.#words[SETS]! - 1;
    this.#keys = new KeyHash(this.#words[SEED1]!, this.#words[SEED2]!);
  }

  /** setClock moves the table's time; every thread's beat does. Time never goes back. */
  setClock(nowMs: number): void {
    const now = Math.floor(nowMs / 1000);
    if (now > this.#words[CLOCK]!) Atomics.store(this.#words, CLOCK, now);
  }

  get(scope: string, key: string, ttlMs: number): number {
    this.#keys.of(scope, key);
    const words = this.#words;
    const set = HEADER + (this.#keys.hash1 & this.#mask) * STRIDE;
    let tries = 0;
    let slot = 0;
    let way = 0;
    let expiry = 0;
    for (;;) {
      const before = Atomics.load(words, set + SEQUENCE);
      if ((before & 1) === 0) {
        way = this.#find(set);
        if (way === -1) slot = 0;
        else {
          slot = Atomics.load(words, set + SLOT + way);
          expiry = Atomics.load(words, set + EXPIRY + way);
        }
        if (Atomics.load(words, set + SEQUENCE) === before) break;
      }
      if (++tries > SPINS && !this.#wait(set, tries - SPINS)) return -1;
    }
    if (slot === 0) return -1;
    const now = words[CLOCK]!;
    if (expiry < now) return -1;
    // A stale write here would only blur which entry is the oldest.
    const uses = words[set + USES]!;
    if (words[set + USED + way] !== uses) {
      words[set + USES] = (uses + 1) | 0;
      words[set + USED + way] = (uses + 1) | 0;
    }
    const fresh = now + Math.ceil(ttlMs / 1000);
    if (expiry !== fresh) this.#refresh(set, fresh);
    return slot - 1;
  }

  set(scope: string, key: string, slot: number, ttlMs: number): void {
    this.#keys.of(scope, key);
    const words = this.#words;
    const set = HEADER + (this.#keys.hash1 & this.#mask) * STRIDE;
    if (!this.#lock(set)) return;
    const now = words[CLOCK]!;
    let way = this.#find(set);
    if (way === -1) way = this.#oldest(set, now);
    const uses = (words[set + USES]! + 1) | 0;
    words[set + USES] = uses;
    Atomics.store(words, set + HASH1 + way, this.#keys.hash1);
    Atomics.store(words, set + HASH2 + way, this.#keys.hash2);
    Atomics.store(words, set + SLOT + way, slot + 1);
    Atomics.store(words, set + EXPIRY + way, now + Math.ceil(ttlMs / 1000));
    words[set + USED + way] = uses;
    this.#unlock(set);
  }

  /** forget frees the sets that a lost thread was writing; their entries are dropped. Control plane. */
  forget(thread: number): void {
    const words = this.#words;
    for (let set = HEADER; set < words.length; set += STRIDE) {
      if (Atomics.load(words, set + LOCK) !== thread + 1) continue;
      if ((words[set + SEQUENCE]! & 1) === 0) Atomics.add(words, set + SEQUENCE, 1);
      for (let way = 0; way < WAYS; way++) Atomics.store(words, set + SLOT + way, 0);
      Atomics.add(words, set + SEQUENCE, 1);
      Atomics.store(words, set + LOCK, 0);
    }
  }

  /** forgetServer drops every entry of a server slot, before the slot gets another server. Control plane. */
  forgetServer(slot: number): void {
    const words = this.#words;
    for (let set = HEADER; set < words.length; set += STRIDE) {
      for (let way = 0; way < WAYS; way++) {
        if (words[set + SLOT + way] !== slot + 1 || !this.#lock(set)) continue;
        if (words[set + SLOT + way] === slot + 1) Atomics.store(words, set + SLOT + way, 0);
        this.#unlock(set);
      }
    }
  }

  /** size counts the entries whose time is not over. Control plane. */
  size(): number {
    const words = this.#words;
    const now = words[CLOCK]!;
    let size = 0;
    for (let set = HEADER; set < words.length; set += STRIDE) {
      for (let way = 0; way < WAYS; way++) {
        if (words[set + SLOT + way] !== 0 && words[set + EXPIRY + way]! >= now) size++;
      }
    }
    return size;
  }

  /** countOf counts the entries of a server's slot whose time is not over: clients that may come back to it. Control plane. */
  countOf(slot: number): number {
    const words = this.#words;
    const now = words[CLOCK]!;
    let count = 0;
    for (let set = HEADER; set < words.length; set += STRIDE) {
      for (let way = 0; way < WAYS; way++) {
        if (words[set + SLOT + way] === slot + 1 && words[set + EXPIRY + way]! >= now) count++;
      }
    }
    return count;
  }

  #find(set: number): number {
    const words = this.#words;
    const hash1 = this.#keys.hash1;
    const hash2 = this.#keys.hash2;
    for (let way = 0; way < WAYS; way++) {
      if (
        Atomics.load(words, set + HASH1 + way) === hash1 &&
        Atomics.load(words, set + HASH2 + way) === hash2 &&
        Atomics.load(words, set + SLOT + way) !== 0
      ) {
        return way;
      }
    }
    return -1;
  }

  /** The first empty or expired entry, or else the one unused for longest. */
  #oldest(set: number, now: number): number {
    const words = this.#words;
    const uses = words[set + USES]!;
    let oldest = 0;
    let oldestAge = -1;
    for (let way = 0; way < WAYS; way++) {
      if (words[set + SLOT + way] === 0 || words[set + EXPIRY + way]! < now) return way;
      const age = (uses - words[set + USED + way]!) >>> 0;
      if (age > oldestAge) {
        oldestAge = age;
        oldest = way;
      }
    }
    return oldest;
  }

  #refresh(set: number, expiry: number): void {
    if (!this.#lock(set)) return;
    const way = this.#find(set);
    if (way !== -1) Atomics.store(this.#words, set + EXPIRY + way, expiry);
    this.#unlock(set);
  }

  #lock(set: number): boolean {
    const words = this.#words;
    let tries = 0;
    while (Atomics.compareExchange(words, set + LOCK, 0, this.#owner) !== 0) {
      if (++tries > SPINS && !this.#wait(set, tries - SPINS)) return false;
    }
    Atomics.add(words, set + SEQUENCE, 1);
    return true;
  }

  #unlock(set: number): void {
    Atomics.add(this.#words, set + SEQUENCE, 1);
    Atomics.store(this.#words, set + LOCK, 0);
  }

  /** Sleeps a millisecond while a set is locked, since its writer may have been put aside by the system. */
  #wait(set: number, tries: number): boolean {
    if (tries > PATIENCE_MS) return false;
    const holder = Atomics.load(this.#words, set + LOCK);
    if (holder !== 0) Atomics.wait(this.#words, set + LOCK, holder, 1);
    return true;
  }
}
