/**
 * ServerTable: states, weights and open counts of all servers, in shared memory. Hot path; both planes.
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
const VERSION = 0;

const STATE = 0;
const ADMIN = 1;
const WEIGHT = 2;
const MAX = 3;
const OPEN = 4;
const LAST_CHECK = 5;

/** Most servers in one gateway, over all backends. */
export const SERVER_CAPACITY = 16384;

export class ServerTable {
  readonly memory: SharedArrayBuffer;
  readonly threads: number;
  readonly #words: Int32Array;
  readonly #openByThread: Int32Array;

  /** bytes is the size of the memory for so many threads (at least 1). */
  static bytes(threads: number): number {
    return 4 * (HEADER + SERVER_CAPACITY * STRIDE + threads * SERVER_CAPACITY);
  }

  constructor(memory: SharedArrayBuffer, threads: number) {
    this.memory = memory;
    this.threads = threads;
    this.#words = new Int32Array(memory, 0, HEADER + SERVER_CAPACITY * STRIDE);
    const perThread = 4 * (HEADER + SERVER_CAPACITY * STRIDE);
    this.#openByThread = new Int32Array(memory, perThread, threads * SERVER_CAPACITY);
  }

  /** version changes whenever any state, admin state, weight or max does; pools compare it before they trust what they kept. */
  get version(): number {
    return this.#words[VERSION]!;
  }

  state(slot: number): number {
    return this.#words[HEADER + slot * STRIDE + STATE]!;
  }

  setState(slot: number, state: number): void {
    this.#set(slot, STATE, state);
  }

  admin(slot: number): number {
    return this.#words[HEADER + slot * STRIDE + ADMIN]!;
  }

  setAdmin(slot: number, admin: number): void {
    this.#set(slot, ADMIN, admin);
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

  /** opened counts one more and returns the new number. */
  opened(slot: number, thread: number): number {
    const own = thread * SERVER_CAPACITY + slot;
    this.#openByThread[own] = this.#openByThread[own]! + 1;
    return Atomics.add(this.#words, HEADER + slot * STRIDE + OPEN, 1) + 1;
  }

  /** closed counts one less. */
  closed(slot: number, thread: number): void {
    const own = thread * SERVER_CAPACITY + slot;
    this.#openByThread[own] = this.#openByThread[own]! - 1;
    Atomics.sub(this.#words, HEADER + slot * STRIDE + OPEN, 1);
  }

  /** forget takes back everything that a lost thread had counted as open. Control plane. */
  forget(thread: number): void {
    for (let slot = 0; slot < SERVER_CAPACITY; slot++) {
      const own = thread * SERVER_CAPACITY + slot;
      const open = this.#openByThread[own]!;
      if (open === 0) continue;
      this.#openByThread[own] = 0;
      Atomics.sub(this.#words, HEADER + slot * STRIDE + OPEN, open);
    }
  }

  /** reset clears a freed slot for its next server. Nothing may be open on it. Control plane. */
  reset(slot: number): void {
    for (let thread = 0; thread < this.threads; thread++) {
      this.#openByThread[thread * SERVER_CAPACITY + slot] = 0;
    }
    for (let field = 0; field < STRIDE; field++) Atomics.store(this.#words, HEADER + slot * STRIDE + field, 0);
    Atomics.add(this.#words, VERSION, 1);
  }

  #set(slot: number, field: number, value: number): void {
    const at = HEADER + slot * STRIDE + field;
    if (Atomics.exchange(this.#words, at, value) !== value) Atomics.add(this.#words, VERSION, 1);
  }
}
