/**
 * ConnectionTotal: how many client connections the whole gateway has open, over all listeners and threads. Hot path; both planes.
 *
 * Each thread writes only its own number, so counting is one addition without a lock.
 */
import type { SharedMemory } from './shared-memory.ts';

/** Numbers of two threads do not share a cache line. */
const STRIDE = 16;

export class ConnectionTotal {
  readonly #words: Int32Array;
  readonly #own: number;

  /** bytes is the size of the memory for so many threads (at least 1). */
  static bytes(threads: number): number {
    return 4 * STRIDE * threads;
  }

  constructor(memory: Pick<SharedMemory, 'connections'>, thread: number) {
    this.#words = new Int32Array(memory.connections);
    this.#own = thread * STRIDE;
  }

  /** add counts `change` connections more. */
  add(change: 1 | -1): void {
    this.#words[this.#own] = this.#words[this.#own]! + change;
  }

  /** sum is the number of open connections; a moment old at worst. */
  sum(): number {
    let sum = 0;
    for (let at = 0; at < this.#words.length; at += STRIDE) sum += this.#words[at]!;
    return sum;
  }

  /** forget clears a lost thread's number. Control plane. */
  forget(thread: number): void {
    this.#words[thread * STRIDE] = 0;
  }
}
