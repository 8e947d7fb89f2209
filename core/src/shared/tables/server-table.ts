/**
 * ServerTable: states, weights, open and waiting counts of all servers, in shared memory. Hot path; both planes.
 *
 * The control plane writes states; data threads count open requests. A slot belongs to one server (backend and name) for
 * as long as it is in any generation, so counts and histories survive reloads. Nothing here locks: every field is one
 * 32-bit word.
 */

/** Server states, as HAProxy and Scaleway name them. New requests go to `running` and `starting` (slow start) servers. */
export const SERVER_STATES = ['stopped', 'starting', 'running', 'stopping'] as const;
export type ServerState = (typeof SERVER_STATES)[number];
export const STOPPED = 0;
export const STARTING = 1;
export const RUNNING = 2;
export const STOPPING = 3;

/** Admin states, set by people, apart from what checks say. `drain` keeps sticky clients; `maint` takes nobody. */
export const ADMIN_STATES = ['ready', 'drain', 'maint'] as const;
export type AdminState = (typeof ADMIN_STATES)[number];
export const READY = 0;
export const DRAIN = 1;
export const MAINT = 2;

export const LAST_CHECKS = ['unknown', 'neutral', 'failed', 'passed', 'condpass'] as const;
export type LastCheck = (typeof LAST_CHECKS)[number];

const HEADER = 16;
const STRIDE = 16;
/** The number of changes so far: where the next one stands in the list of changes. */
const VERSION = 0;

const STATE = 0;
const ADMIN = 1;
const WEIGHT = 2;
const MAX = 3;
const OPEN = 4;
const LAST_CHECK = 5;
/** What slow start still holds back, in FULL_SHAREs. */
const MISSING = 6;
const WAITING = 7;
const MOST_WAITING = 8;
const NOTES = 9;
/** Numbers of a strategy's own that a server has room for. */
const NOTE_COUNT = 4;
/** How often the server has come back: what was sent to it before says nothing of it now. */
const SPELL = 13;
/** Times in a row that it has been passed over, and until when, in whole milliseconds that wrap at 32 bits. */
const REFUSALS = 14;
const AGAIN = 15;

/** The first time that a server is passed over for; each time in a row is twice as long. */
const FIRST_PASS_MS = 100;
/** The longest for one that refuses at once. It is short, so that servers which all come back share the work soon. */
const LONGEST_PASS_MS = 4000;
/** A connection that failed slowly keeps a client waiting: so many times as long as that took, however short the others are. */
const SLOW_TIMES = 10;
/** The longest of all. */
const MOST_PASS_MS = 60_000;

/** Most servers in one gateway, over all backends. */
export const SERVER_CAPACITY = 16384;
const SLOT_BITS = 14;

/** The share of a server that is not in slow start; one in slow start has 1 to 255 of it. */
export const FULL_SHARE = 256;

/** How many changes back the table knows which server it was. */
export const CHANGES_KEPT = 4096;
const CHANGE_BITS = 12;
const LAPS = (1 << (32 - SLOT_BITS)) - 1;

export class ServerTable {
  readonly memory: SharedArrayBuffer;
  readonly threads: number;
  readonly #words: Int32Array;
  readonly #notes: Float32Array;
  readonly #changes: Int32Array;
  readonly #openByThread: Int32Array;
  readonly #waitingByThread: Int32Array;
  #heard: (slot: number) => void = () => {};

  /** bytes is the size of the memory for so many threads (at least 1). */
  static bytes(threads: number): number {
    return 4 * (HEADER + SERVER_CAPACITY * STRIDE + CHANGES_KEPT + 2 * threads * SERVER_CAPACITY);
  }

  constructor(memory: SharedArrayBuffer, threads: number) {
    this.memory = memory;
    this.threads = threads;
    const words = HEADER + SERVER_CAPACITY * STRIDE;
    this.#words = new Int32Array(memory, 0, words);
    this.#notes = new Float32Array(memory, 0, words);
    this.#changes = new Int32Array(memory, 4 * words, CHANGES_KEPT);
    const perThread = 4 * (words + CHANGES_KEPT);
    this.#openByThread = new Int32Array(memory, perThread, threads * SERVER_CAPACITY);
    this.#waitingByThread = new Int32Array(
      memory,
      perThread + 4 * threads * SERVER_CAPACITY,
      threads * SERVER_CAPACITY,
    );
  }

  /**
   * version is the number of changes so far (32 bits, it wraps): of a state, admin state, weight, max or share, of a full
   * server that has room again, and of one that is passed over, or no longer. Pools compare it before they trust what they kept.
   */
  get version(): number {
    return Atomics.load(this.#words, VERSION);
  }

  /** changed is the slot that change number `at` was about; -1: forgotten, or not written yet, so look at everything. */
  changed(at: number): number {
    const entry = Atomics.load(this.#changes, at & (CHANGES_KEPT - 1));
    return entry >>> SLOT_BITS === lapOf(at) ? entry & (SERVER_CAPACITY - 1) : -1;
  }

  state(slot: number): number {
    return this.#words[HEADER + slot * STRIDE + STATE]!;
  }

  setState(slot: number, state: number): void {
    if (this.#set(slot, STATE, state)) this.#heard(slot);
  }

  admin(slot: number): number {
    return this.#words[HEADER + slot * STRIDE + ADMIN]!;
  }

  setAdmin(slot: number, admin: number): void {
    if (this.#set(slot, ADMIN, admin)) this.#heard(slot);
  }

  /** onChange has a function called with each slot whose state or admin state is changed through this view; one function a view. */
  onChange(heard: (slot: number) => void): void {
    this.#heard = heard;
  }

  /** takesNew: new clients may go there: it is up, ready, and of a weight above 0. */
  takesNew(slot: number): boolean {
    const state = this.state(slot);
    return (state === RUNNING || state === STARTING) && this.admin(slot) === READY && this.weight(slot) > 0;
  }

  /** isDown: nobody may go there, whoever it is: it is stopped, or in maintenance. */
  isDown(slot: number): boolean {
    return this.state(slot) === STOPPED || this.admin(slot) === MAINT;
  }

  /** 0 to 256. */
  weight(slot: number): number {
    return this.#words[HEADER + slot * STRIDE + WEIGHT]!;
  }

  setWeight(slot: number, weight: number): void {
    this.#set(slot, WEIGHT, weight);
  }

  /** Most requests at once; 0: no limit. */
  max(slot: number): number {
    return this.#words[HEADER + slot * STRIDE + MAX]!;
  }

  setMax(slot: number, max: number): void {
    this.#set(slot, MAX, max);
  }

  /** share is what slow start leaves a server of its weight and max, of FULL_SHARE. */
  share(slot: number): number {
    return FULL_SHARE - this.#words[HEADER + slot * STRIDE + MISSING]!;
  }

  setShare(slot: number, share: number): void {
    this.#set(slot, MISSING, FULL_SHARE - share);
  }

  /** limit is the most requests at once now: the max, or what slow start leaves of it, at least 1; 0: no limit. */
  limit(slot: number): number {
    const at = HEADER + slot * STRIDE;
    const max = this.#words[at + MAX]!;
    const missing = this.#words[at + MISSING]!;
    if (missing === 0 || max === 0) return max;
    return Math.max(1, Math.floor((max * (FULL_SHARE - missing)) / FULL_SHARE));
  }

  /** Most requests that wait for just this server; 0: no limit of its own. */
  mostWaiting(slot: number): number {
    return this.#words[HEADER + slot * STRIDE + MOST_WAITING]!;
  }

  setMostWaiting(slot: number, most: number): void {
    Atomics.store(this.#words, HEADER + slot * STRIDE + MOST_WAITING, most);
  }

  /** waiting is the number of requests that wait for just this server, over all threads. */
  waiting(slot: number): number {
    return this.#words[HEADER + slot * STRIDE + WAITING]!;
  }

  /** tryWait counts one more, unless as many wait for this server as may: that is never exceeded, whatever other threads do. */
  tryWait(slot: number, thread: number): boolean {
    const most = this.mostWaiting(slot);
    if (this.#addWaiting(slot, thread, 1) < most || most === 0) return true;
    this.#addWaiting(slot, thread, -1);
    return false;
  }

  /** stopWaiting counts one less that waits. */
  stopWaiting(slot: number, thread: number): void {
    this.#addWaiting(slot, thread, -1);
  }

  /** note is a number of the strategy's own, 0 until it is set; `which` is below NOTE_COUNT. 32-bit floats. */
  note(slot: number, which: number): number {
    return this.#notes[HEADER + slot * STRIDE + NOTES + which]!;
  }

  setNote(slot: number, which: number, value: number): void {
    this.#notes[HEADER + slot * STRIDE + NOTES + which] = value;
  }

  /** epoch changes whenever what is known of a server's answers is forgotten: it came back, or its connections failed. */
  epoch(slot: number): number {
    return this.#words[HEADER + slot * STRIDE + SPELL]!;
  }

  /** cameBack: the server was out of use, and what was known of its answers says nothing any more: notes are 0 again. */
  cameBack(slot: number): void {
    this.#forgetAnswers(slot);
    this.markReachable(slot);
  }

  /** refusals is how many times in a row the server has been passed over since it last took a connection; 0: it is sound. */
  refusals(slot: number): number {
    return this.#words[HEADER + slot * STRIDE + REFUSALS]!;
  }

  /** passedOverMs is how long the server is still passed over, as its last connections failed; 0: it is not. */
  passedOverMs(slot: number, nowMs: number): number {
    const at = HEADER + slot * STRIDE;
    if (this.#words[at + REFUSALS] === 0) return 0;
    const left = (this.#words[at + AGAIN]! - nowMs) | 0;
    return left > 0 && left <= MOST_PASS_MS ? left : 0;
  }

  /**
   * refused: no connection was made, after `tookMs`. The server is passed over for a while, the longer the more often in a row; what
   * others find meanwhile counts for nothing, unless it `wasTrial`. `random`, 0 to 1, keeps servers that died together apart.
   */
  refused(slot: number, nowMs: number, tookMs: number, wasTrial: boolean, random: number): void {
    const at = HEADER + slot * STRIDE;
    if (wasTrial || this.passedOverMs(slot, nowMs) === 0) {
      const before = Atomics.add(this.#words, at + REFUSALS, 1);
      const growing = Math.min(LONGEST_PASS_MS, FIRST_PASS_MS * 2 ** Math.min(before, 16));
      const passMs = Math.max(growing, SLOW_TIMES * tookMs) * (0.75 + random / 2);
      Atomics.store(this.#words, at + AGAIN, (nowMs + Math.min(MOST_PASS_MS, passMs)) | 0);
    }
    this.#forgetAnswers(slot);
    this.#note(slot);
  }

  /** tryTrial is true for the one request that may find out whether the server takes connections again, for `leaseMs`. */
  tryTrial(slot: number, nowMs: number, leaseMs: number): boolean {
    const at = HEADER + slot * STRIDE + AGAIN;
    const before = Atomics.load(this.#words, at);
    if (this.refusals(slot) === 0) return true;
    if (this.passedOverMs(slot, nowMs) > 0) return false;
    const until = (nowMs + Math.min(MOST_PASS_MS, leaseMs)) | 0;
    if (Atomics.compareExchange(this.#words, at, before, until) !== before) return false;
    this.#note(slot);
    return true;
  }

  /** markReachable: the server has taken a connection, or answered. */
  markReachable(slot: number): void {
    if (Atomics.exchange(this.#words, HEADER + slot * STRIDE + REFUSALS, 0) !== 0) this.#note(slot);
  }

  lastCheck(slot: number): number {
    return this.#words[HEADER + slot * STRIDE + LAST_CHECK]!;
  }

  setLastCheck(slot: number, check: number): void {
    Atomics.store(this.#words, HEADER + slot * STRIDE + LAST_CHECK, check);
  }

  /** open is the number of requests and tunnels on the server now, over all threads. */
  open(slot: number): number {
    return this.#words[HEADER + slot * STRIDE + OPEN]!;
  }

  /** tryOpen counts one more, unless the server is at its limit: that is never exceeded, however many threads try at once. */
  tryOpen(slot: number, thread: number): boolean {
    const limit = this.limit(slot);
    if (this.opened(slot, thread) <= limit || limit === 0) return true;
    this.closed(slot, thread);
    return false;
  }

  /** opened counts one more and returns the new number. */
  opened(slot: number, thread: number): number {
    const own = thread * SERVER_CAPACITY + slot;
    this.#openByThread[own] = this.#openByThread[own]! + 1;
    return Atomics.add(this.#words, HEADER + slot * STRIDE + OPEN, 1) + 1;
  }

  /** closed counts one less. A server that has room again is a change. */
  closed(slot: number, thread: number): void {
    const own = thread * SERVER_CAPACITY + slot;
    this.#openByThread[own] = this.#openByThread[own]! - 1;
    const before = Atomics.sub(this.#words, HEADER + slot * STRIDE + OPEN, 1);
    if (before === this.limit(slot)) this.#note(slot);
  }

  /** forget takes back everything that a lost thread had counted as open or waiting. Control plane. */
  forget(thread: number): void {
    for (let slot = 0; slot < SERVER_CAPACITY; slot++) {
      const own = thread * SERVER_CAPACITY + slot;
      const waiting = this.#waitingByThread[own]!;
      if (waiting !== 0) {
        this.#waitingByThread[own] = 0;
        Atomics.sub(this.#words, HEADER + slot * STRIDE + WAITING, waiting);
      }
      const open = this.#openByThread[own]!;
      if (open === 0) continue;
      this.#openByThread[own] = 0;
      Atomics.sub(this.#words, HEADER + slot * STRIDE + OPEN, open);
      this.#note(slot);
    }
  }

  /** reset clears a freed slot for its next server. Nothing may be open on it. Control plane. */
  reset(slot: number): void {
    for (let thread = 0; thread < this.threads; thread++) {
      this.#openByThread[thread * SERVER_CAPACITY + slot] = 0;
      this.#waitingByThread[thread * SERVER_CAPACITY + slot] = 0;
    }
    for (let field = 0; field < STRIDE; field++) Atomics.store(this.#words, HEADER + slot * STRIDE + field, 0);
    this.#note(slot);
  }

  #addWaiting(slot: number, thread: number, amount: 1 | -1): number {
    const own = thread * SERVER_CAPACITY + slot;
    this.#waitingByThread[own] = this.#waitingByThread[own]! + amount;
    return Atomics.add(this.#words, HEADER + slot * STRIDE + WAITING, amount);
  }

  #forgetAnswers(slot: number): void {
    const at = HEADER + slot * STRIDE;
    Atomics.add(this.#words, at + SPELL, 1);
    for (let which = 0; which < NOTE_COUNT; which++) this.#notes[at + NOTES + which] = 0;
  }

  #set(slot: number, field: number, value: number): boolean {
    const at = HEADER + slot * STRIDE + field;
    if (Atomics.exchange(this.#words, at, value) === value) return false;
    this.#note(slot);
    return true;
  }

  /** The word has been written before, so whoever sees the new version sees it too. */
  #note(slot: number): void {
    const at = Atomics.add(this.#words, VERSION, 1);
    Atomics.store(this.#changes, at & (CHANGES_KEPT - 1), (lapOf(at) << SLOT_BITS) | slot);
  }
}

/** Which time round the list of changes a change stands in: 1 and up, so that an empty place is none. */
function lapOf(at: number): number {
  return ((at >>> CHANGE_BITS) + 1) & LAPS;
}
