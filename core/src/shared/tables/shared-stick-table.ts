/**
 * SharedStickTable: the stick table of one backend, in memory that all threads share. Hot path; both planes.
 *
 * Set-associative: a key's hash chooses one of many small sets of 8 entries. A reader takes no lock: each set has a
 * sequence number that is odd while a writer is at work, and a reader that saw it odd or changed looks again. Writers take
 * the set's lock word, which holds their thread's number, so that what a lost thread held can be freed (`forget`).
 *
 * There are twice as many places as the table's size says, as sets fill unevenly: of as many clients as the size allows
 * fewer than one in a hundred is forgotten early. Time is StickClock's coarse seconds; an entry lives for its ttl and at
 * most a second longer. Within a set the entry unused for longest gives way. Keys are hashed to 64 bits, with a seed that
 * outsiders cannot know, and never stored.
 */
import type { Steps } from '@sluice/dsl/match';
import type { KeyHash } from './key-hash.ts';
import type { StickClock } from './stick-clock.ts';

/** Clients that a table is made for unless said otherwise. */
export const DEFAULT_STICK_SIZE = 65536;

/** What threads count, each in a block of its own. */
export const STICK_COUNTERS = ['hits', 'moves', 'misses', 'stored', 'evictions', 'refused'] as const;
export type StickCounter = (typeof STICK_COUNTERS)[number];

/** StickIndex has the number of each counter. A test ties it to the names. */
export const StickIndex = {
  hits: 0,
  moves: 1,
  misses: 2,
  stored: 3,
  evictions: 4,
  refused: 5,
} as const satisfies Record<StickCounter, number>;

/** StickEntry is what a table knows of one client. */
export interface StickEntry {
  readonly slot: number;
  /** Until it is forgotten, if it is not used meanwhile. */
  readonly expiresInS: number;
  /** For how long it has belonged to this server. */
  readonly sinceS: number;
}

/** ListedEntry is an entry among others. */
export interface ListedEntry extends StickEntry {
  /** 16 hexadecimal digits: the hash of its key, from which nobody can tell the key. */
  readonly id: string;
}

const HEADER = 16;
const SETS = 0;
const SIZE = 1;
const THREADS = 2;
/** Doubles of a thread's counters: one cache line. */
const COUNTERS = 8;

const WAYS = 8;
const PLACES_PER_CLIENT = 2;
/** Words of a set. */
const STRIDE = 56;
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
/** The second since which the client belongs to this server. */
const SINCE = 48;

/** Sets that are carried over in one step. */
const SETS_A_STEP = 1024;
const SPINS = 256;
/** How long to wait, in all, for a set whose writer does not come back: only a lost thread takes so long. */
const PATIENCE_MS = 100;

export class SharedStickTable {
  /** How many clients it was made for. */
  readonly clients: number;
  readonly #words: Int32Array;
  readonly #counters: Float64Array;
  readonly #ownCounters: number;
  readonly #threads: number;
  readonly #firstSet: number;
  readonly #sets: number;
  /** Turns 32 bits of hash into a set's number. */
  readonly #scale: number;
  readonly #owner: number;
  readonly #clock: StickClock;
  readonly #keys: KeyHash;

  /** allocate makes the memory of a table for so many clients (at least 1): some 60 bytes each. */
  static allocate(clients: number, threads: number): SharedArrayBuffer {
    const sets = Math.max(1, Math.ceil((clients * PLACES_PER_CLIENT) / WAYS));
    const memory = new SharedArrayBuffer(4 * (HEADER + 2 * COUNTERS * threads + sets * STRIDE));
    const words = new Int32Array(memory, 0, HEADER);
    words[SETS] = sets;
    words[SIZE] = clients;
    words[THREADS] = threads;
    return memory;
  }

  /** `thread`: who reads and writes; the control plane is the number behind the last thread's. */
  constructor(memory: SharedArrayBuffer, clock: StickClock, thread: number) {
    const words = new Int32Array(memory);
    this.#words = words;
    this.#threads = words[THREADS]!;
    this.#counters = new Float64Array(memory, 4 * HEADER, COUNTERS * this.#threads);
    this.#ownCounters = thread * COUNTERS;
    this.#firstSet = HEADER + 2 * COUNTERS * this.#threads;
    this.#sets = words[SETS]!;
    this.#scale = this.#sets / 0x1_0000_0000;
    this.clients = words[SIZE]!;
    this.#owner = thread + 1;
    this.#clock = clock;
    this.#keys = clock.hash();
  }

  /** get returns the server's slot, or -1, and restarts the entry's ttl. `scope` keeps kinds of keys apart. */
  get(scope: string, key: string, ttlMs: number): number {
    this.#keys.of(scope, key);
    const words = this.#words;
    const set = this.#setOf(this.#keys.hash1);
    const way = this.#read(set);
    if (way === -1) return -1;
    const now = this.#clock.now;
    if (seen.expiry < now) return -1;
    // A stale write here would only blur which entry is the oldest.
    const uses = words[set + USES]!;
    if (words[set + USED + way] !== uses) {
      words[set + USES] = (uses + 1) | 0;
      words[set + USED + way] = (uses + 1) | 0;
    }
    const { slot } = seen;
    const fresh = now + Math.ceil(ttlMs / 1000);
    if (seen.expiry !== fresh) this.#refresh(set, fresh);
    return slot - 1;
  }

  /** idOf is the id that a key's entry has, or would have. */
  idOf(scope: string, key: string): string {
    this.#keys.of(scope, key);
    return entryId(this.#keys.hash1, this.#keys.hash2);
  }

  /** peek looks without being a use of the entry. */
  peek(scope: string, key: string): StickEntry | null {
    this.#keys.of(scope, key);
    const set = this.#setOf(this.#keys.hash1);
    const way = this.#read(set);
    const now = this.#clock.now;
    if (way === -1 || seen.expiry < now) return null;
    const sinceS = Math.max(0, now - this.#words[set + SINCE + way]!);
    return { slot: seen.slot - 1, expiresInS: seen.expiry - now, sinceS };
  }

  set(scope: string, key: string, slot: number, ttlMs: number): void {
    this.#keys.of(scope, key);
    const { hash1, hash2 } = this.#keys;
    const words = this.#words;
    const set = this.#setOf(hash1);
    if (!this.#lock(set)) return;
    const now = this.#clock.now;
    let way = this.#find(set, hash1, hash2);
    const isKnown = way !== -1;
    if (!isKnown) {
      way = this.#oldest(set, now);
      if (words[set + SLOT + way] !== 0 && words[set + EXPIRY + way]! >= now) this.count(StickIndex.evictions);
    }
    const uses = (words[set + USES]! + 1) | 0;
    words[set + USES] = uses;
    // One that is known, and stays, has belonged there before.
    const stays = words[set + SLOT + way] === slot + 1 && words[set + EXPIRY + way]! >= now && isKnown;
    const since = stays ? words[set + SINCE + way]! : now;
    this.#write(set, way, hash1, hash2, slot + 1, now + Math.ceil(ttlMs / 1000), since);
    words[set + USED + way] = uses;
    this.#unlock(set);
    this.count(StickIndex.stored);
  }

  /** count adds one to a counter of this thread's. */
  count(counter: number): void {
    const at = this.#ownCounters + counter;
    if (at < this.#counters.length) this.#counters[at] = this.#counters[at]! + 1;
  }

  /** counts are the threads' counters, added up. Control plane. */
  counts(): Record<StickCounter, number> {
    const sums = {} as Record<StickCounter, number>;
    for (let index = 0; index < STICK_COUNTERS.length; index++) {
      let sum = 0;
      for (let thread = 0; thread < this.#threads; thread++) sum += this.#counters[thread * COUNTERS + index]!;
      sums[STICK_COUNTERS[index]!] = sum;
    }
    return sums;
  }

  /** takeCounts goes on counting where another table has come to. Control plane, before any thread writes here. */
  takeCounts(from: SharedStickTable): void {
    this.#counters.set(from.#counters.subarray(0, this.#counters.length));
  }

  /**
   * carryOver takes the entries of another table that this one does not have. When they
   * are too many for it the oldest stay behind. In steps, as a table may have millions. Control plane; writers may be at work on both.
   */
  *carryOver(from: SharedStickTable): Steps<void> {
    yield* from.each((hash1, hash2, slot, expiresInS, sinceS) => this.put(hash1, hash2, slot, expiresInS, sinceS));
  }

  /**
   * each hands out the entries whose time is not over, in steps. What a writer is changing this very moment is left out. Control plane; writers
   * may be at work.
   */
  *each(visit: (hash1: number, hash2: number, slot: number, expiresInS: number, sinceS: number) => void): Steps<void> {
    const words = this.#words;
    let sets = 0;
    for (let at = this.#firstSet; at < words.length; at += STRIDE) {
      if (++sets % SETS_A_STEP === 0) yield;
      const now = this.#clock.now;
      for (let way = 0; way < WAYS; way++) {
        const slot = Atomics.load(words, at + SLOT + way);
        if (slot === 0) continue;
        const before = Atomics.load(words, at + SEQUENCE);
        const hash1 = Atomics.load(words, at + HASH1 + way);
        const hash2 = Atomics.load(words, at + HASH2 + way);
        const expiry = Atomics.load(words, at + EXPIRY + way);
        const since = words[at + SINCE + way]!;
        if ((before & 1) === 1 || Atomics.load(words, at + SEQUENCE) !== before || expiry < now) continue;
        visit(hash1, hash2, slot - 1, expiry - now, now - since);
      }
    }
  }

  /**
   * put adds an entry that `each` of another table with the same seeds handed out, unless its key is here or everything in its set
   * expires later. Control plane.
   */
  put(hash1: number, hash2: number, slot: number, expiresInS: number, sinceS: number): void {
    const now = this.#clock.now;
    this.#take(hash1, hash2, slot + 1, now + expiresInS, now - sinceS, now);
  }

  /** forget frees the sets that a lost thread was writing; their entries are dropped. Control plane. */
  forget(thread: number): void {
    const words = this.#words;
    for (let set = this.#firstSet; set < words.length; set += STRIDE) {
      if (Atomics.load(words, set + LOCK) !== thread + 1) continue;
      if ((words[set + SEQUENCE]! & 1) === 0) Atomics.add(words, set + SEQUENCE, 1);
      for (let way = 0; way < WAYS; way++) Atomics.store(words, set + SLOT + way, 0);
      Atomics.add(words, set + SEQUENCE, 1);
      Atomics.store(words, set + LOCK, 0);
    }
  }

  /** forgetServers drops every entry of these slots, before they get other servers. One walk for all. Control plane. */
  forgetServers(slots: ReadonlySet<number>): void {
    const words = this.#words;
    for (let set = this.#firstSet; set < words.length; set += STRIDE) {
      for (let way = 0; way < WAYS; way++) {
        const slot = words[set + SLOT + way]!;
        if (slot === 0 || !slots.has(slot - 1) || !this.#lock(set)) continue;
        if (slots.has(words[set + SLOT + way]! - 1)) Atomics.store(words, set + SLOT + way, 0);
        this.#unlock(set);
      }
    }
  }

  /**
   * page lists entries whose time is not over: at most `most`, from the place `from` (0: the first), of one slot or of all (null). `next` is where the next page
   * begins; null: that was the last. Control plane.
   */
  page(
    from: number,
    most: number,
    slot: number | null,
  ): { readonly entries: ListedEntry[]; readonly next: number | null } {
    const words = this.#words;
    const now = this.#clock.now;
    const entries: ListedEntry[] = [];
    const places = this.#sets * WAYS;
    for (let place = from; place < places; place++) {
      const set = this.#firstSet + Math.trunc(place / WAYS) * STRIDE;
      const way = place % WAYS;
      const held = Atomics.load(words, set + SLOT + way);
      if (held === 0 || (slot !== null && held !== slot + 1)) continue;
      const before = Atomics.load(words, set + SEQUENCE);
      const id = entryId(Atomics.load(words, set + HASH1 + way), Atomics.load(words, set + HASH2 + way));
      const expiry = Atomics.load(words, set + EXPIRY + way);
      const sinceS = Math.max(0, now - words[set + SINCE + way]!);
      if ((before & 1) === 1 || Atomics.load(words, set + SEQUENCE) !== before || expiry < now) continue;
      if (entries.length === most) return { entries, next: place };
      entries.push({ id, slot: held - 1, expiresInS: expiry - now, sinceS });
    }
    return { entries, next: null };
  }

  /** drop forgets one entry. False: there is none with the id. Control plane. */
  drop(id: string): boolean {
    const [hash1, hash2] = [Number.parseInt(id.slice(0, 8), 16) | 0, Number.parseInt(id.slice(8), 16) | 0];
    const set = this.#setOf(hash1);
    if (!this.#lock(set)) return false;
    const way = this.#find(set, hash1, hash2);
    const isThere = way !== -1 && this.#words[set + EXPIRY + way]! >= this.#clock.now;
    if (way !== -1) Atomics.store(this.#words, set + SLOT + way, 0);
    this.#unlock(set);
    return isThere;
  }

  /** clear forgets the entries of one slot, or all (null), in steps, and says how many they were. Control plane; writers may be at work. */
  *clear(slot: number | null): Steps<number> {
    const words = this.#words;
    let [cleared, sets] = [0, 0];
    for (let set = this.#firstSet; set < words.length; set += STRIDE) {
      if (++sets % SETS_A_STEP === 0) yield;
      for (let way = 0; way < WAYS; way++) {
        const isMeant = (): boolean =>
          slot === null ? words[set + SLOT + way] !== 0 : words[set + SLOT + way] === slot + 1;
        if (!isMeant() || !this.#lock(set)) continue;
        if (isMeant()) {
          if (words[set + EXPIRY + way]! >= this.#clock.now) cleared++;
          Atomics.store(words, set + SLOT + way, 0);
        }
        this.#unlock(set);
      }
    }
    return cleared;
  }

  /** entries counts those whose time is not over, by walking through all: a few ms a million. Control plane. */
  entries(): number {
    const words = this.#words;
    const now = this.#clock.now;
    let entries = 0;
    for (let set = this.#firstSet; set < words.length; set += STRIDE) {
      for (let way = 0; way < WAYS; way++) {
        if (words[set + SLOT + way] !== 0 && words[set + EXPIRY + way]! >= now) entries++;
      }
    }
    return entries;
  }

  /** countOf counts the entries of a server's slot whose time is not over: clients that may come back to it. Control plane. */
  countOf(slot: number): number {
    const words = this.#words;
    const now = this.#clock.now;
    let count = 0;
    for (let set = this.#firstSet; set < words.length; set += STRIDE) {
      for (let way = 0; way < WAYS; way++) {
        if (words[set + SLOT + way] === slot + 1 && words[set + EXPIRY + way]! >= now) count++;
      }
    }
    return count;
  }

  #setOf(hash1: number): number {
    return this.#firstSet + Math.trunc((hash1 >>> 0) * this.#scale) * STRIDE;
  }

  /** Fills `seen` with one whole entry of the key that was hashed last; -1: there is none. */
  #read(set: number): number {
    const words = this.#words;
    const { hash1, hash2 } = this.#keys;
    for (let tries = 1; ; tries++) {
      const before = Atomics.load(words, set + SEQUENCE);
      if ((before & 1) === 0) {
        const way = this.#find(set, hash1, hash2);
        if (way !== -1) {
          seen.slot = Atomics.load(words, set + SLOT + way);
          seen.expiry = Atomics.load(words, set + EXPIRY + way);
        }
        if (Atomics.load(words, set + SEQUENCE) === before) return way !== -1 && seen.slot === 0 ? -1 : way;
      }
      if (tries > SPINS && !this.#wait(set, tries - SPINS)) return -1;
    }
  }

  #find(set: number, hash1: number, hash2: number): number {
    const words = this.#words;
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

  #write(set: number, way: number, hash1: number, hash2: number, slot: number, expiry: number, since: number): void {
    const words = this.#words;
    Atomics.store(words, set + HASH1 + way, hash1);
    Atomics.store(words, set + HASH2 + way, hash2);
    Atomics.store(words, set + SLOT + way, slot);
    Atomics.store(words, set + EXPIRY + way, expiry);
    words[set + SINCE + way] = since;
  }

  /** Takes an entry of another table, unless its key is here or everything here was used later. */
  #take(hash1: number, hash2: number, slot: number, expiry: number, since: number, now: number): void {
    const words = this.#words;
    const set = this.#setOf(hash1);
    if (this.#find(set, hash1, hash2) !== -1 || !this.#lock(set)) return;
    let way = 0;
    for (let at = 0; at < WAYS; at++) {
      const isFree = words[set + SLOT + at] === 0 || words[set + EXPIRY + at]! < now;
      if (isFree || words[set + EXPIRY + at]! < words[set + EXPIRY + way]!) way = at;
      if (isFree) break;
    }
    const isFull = words[set + SLOT + way] !== 0 && words[set + EXPIRY + way]! >= now;
    if (this.#find(set, hash1, hash2) === -1 && !(isFull && words[set + EXPIRY + way]! >= expiry)) {
      this.#write(set, way, hash1, hash2, slot, expiry, since);
      this.#rank(set);
    }
    this.#unlock(set);
  }

  /** What was used before, elsewhere, is known by when it expires. */
  #rank(set: number): void {
    const words = this.#words;
    for (let way = 0; way < WAYS; way++) {
      let earlier = 0;
      for (let other = 0; other < WAYS; other++) {
        if (words[set + EXPIRY + other]! < words[set + EXPIRY + way]!) earlier++;
      }
      words[set + USED + way] = earlier;
    }
    words[set + USES] = WAYS;
  }

  #refresh(set: number, expiry: number): void {
    const { hash1, hash2 } = this.#keys;
    if (!this.#lock(set)) return;
    const way = this.#find(set, hash1, hash2);
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

/** One a thread: what `#read` saw, taken at once. */
const seen = { slot: 0, expiry: 0 };

function entryId(hash1: number, hash2: number): string {
  return [hash1, hash2].map((hash) => (hash >>> 0).toString(16).padStart(8, '0')).join('');
}
