/**
 * AddressCounts: how many connections each client address has open, over all threads, in shared memory. Data plane.
 *
 * A count-min sketch (Cormode and Muthukrishnan, 2005) of two rows a thread: counting is two additions without a lock, and
 * a lost thread's counts go with its rows. Two addresses that meet in both rows count together, so the number is never too
 * low; with 10,000 open connections the odds of that are about one in fifty.
 */
import type { IpAddress } from '@sluice/dsl/match';
import type { SharedMemory } from './memory.ts';

const ROW = 65536;
const BLOCK = 2 * ROW;

export class AddressCounts {
  readonly #all: Int32Array;
  readonly #own: number;
  readonly #threads: number;

  /** bytes is the size of the memory for so many threads (at least 1). */
  static bytes(threads: number): number {
    return 4 * BLOCK * threads;
  }

  constructor(memory: SharedMemory, thread: number) {
    this.#all = new Int32Array(memory.addresses);
    this.#own = thread * BLOCK;
    this.#threads = memory.threads;
  }

  /** add counts `change` connections more from an address to a listener (its slot). */
  add(listener: number, ip: IpAddress, change: number): void {
    const hash = hashOf(listener, ip);
    const first = this.#own + (hash & (ROW - 1));
    const second = this.#own + ROW + (hash >>> 16);
    this.#all[first] = this.#all[first]! + change;
    this.#all[second] = this.#all[second]! + change;
  }

  /** count is the number of open connections, or a little more. */
  count(listener: number, ip: IpAddress): number {
    const hash = hashOf(listener, ip);
    let first = 0;
    let second = 0;
    for (let thread = 0; thread < this.#threads; thread++) {
      first += this.#all[thread * BLOCK + (hash & (ROW - 1))]!;
      second += this.#all[thread * BLOCK + ROW + (hash >>> 16)]!;
    }
    return Math.min(first, second);
  }

  /** forget clears a lost thread's counts. Control plane. */
  forget(thread: number): void {
    this.#all.fill(0, thread * BLOCK, (thread + 1) * BLOCK);
  }
}

/** hashOf mixes with the finaliser of MurmurHash3 (Appleby, 2011); both halves are used. */
function hashOf(listener: number, ip: IpAddress): number {
  let hash = listener;
  for (const word of [ip.word0, ip.word1, ip.word2, ip.word3]) {
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash ^= hash >>> 13;
    hash = Math.imul(hash, 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}
