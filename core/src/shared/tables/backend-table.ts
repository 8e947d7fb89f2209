/**
 * BackendTable: open and waiting requests of whole backends, in shared memory. Hot path; both planes.
 *
 * One 32-bit word a field, as in the ServerTable; what each thread counted is kept apart too, so that a lost thread's part
 * can be given back.
 */
import { BACKEND_CAPACITY } from './counters.ts';
import type { SharedMemory } from './shared-memory.ts';

const OPEN = 0;
const WAITING = 1;
const FIELDS = 2;
const BLOCK = BACKEND_CAPACITY * FIELDS;

export class BackendTable {
  readonly threads: number;
  /** The sums, then each thread's own. */
  readonly #words: Int32Array;

  /** bytes is the size of the memory for so many threads (at least 1). */
  static bytes(threads: number): number {
    return 4 * BLOCK * (1 + threads);
  }

  constructor(memory: SharedMemory) {
    this.threads = memory.threads;
    this.#words = new Int32Array(memory.backends);
  }

  /** open is the number of requests and tunnels on the backend's servers now, over all threads. */
  open(slot: number): number {
    return this.#words[slot * FIELDS + OPEN]!;
  }

  /** tryOpen counts one more, unless there are `max` already (0: no limit): that is never exceeded. */
  tryOpen(slot: number, thread: number, max: number): boolean {
    if (this.#add(slot, OPEN, thread, 1) < max || max === 0) return true;
    this.closed(slot, thread);
    return false;
  }

  /** closed counts one less. */
  closed(slot: number, thread: number): void {
    this.#add(slot, OPEN, thread, -1);
  }

  /** waiting is the number of requests that wait for a server with room, over all threads. */
  waiting(slot: number): number {
    return this.#words[slot * FIELDS + WAITING]!;
  }

  /** tryWait counts one more, unless `most` wait already. */
  tryWait(slot: number, thread: number, most: number): boolean {
    if (this.#add(slot, WAITING, thread, 1) < most) return true;
    this.stopWaiting(slot, thread);
    return false;
  }

  /** stopWaiting counts one less that waits. */
  stopWaiting(slot: number, thread: number): void {
    this.#add(slot, WAITING, thread, -1);
  }

  /** waitingIn is how many of them wait in one thread. */
  waitingIn(slot: number, thread: number): number {
    return this.#words[BLOCK * (1 + thread) + slot * FIELDS + WAITING]!;
  }

  /** forget takes back everything that a lost thread had counted. Control plane. */
  forget(thread: number): void {
    for (let at = 0; at < BLOCK; at++) {
      const own = BLOCK * (1 + thread) + at;
      const count = this.#words[own]!;
      if (count === 0) continue;
      this.#words[own] = 0;
      Atomics.sub(this.#words, at, count);
    }
  }

  /** reset clears a freed slot. Nothing may be open on it. Control plane. */
  reset(slot: number): void {
    for (let block = 0; block <= this.threads; block++) {
      for (let field = 0; field < FIELDS; field++) Atomics.store(this.#words, BLOCK * block + slot * FIELDS + field, 0);
    }
  }

  #add(slot: number, field: number, thread: number, amount: number): number {
    const at = slot * FIELDS + field;
    const own = BLOCK * (1 + thread) + at;
    this.#words[own] = this.#words[own]! + amount;
    return Atomics.add(this.#words, at, amount);
  }
}
