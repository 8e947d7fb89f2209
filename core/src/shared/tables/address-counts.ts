/**
 * AddressCounts: how many connections each client has open, over all threads, in shared memory. Data plane.
 *
 * A count-min sketch (Cormode and Muthukrishnan, 2005) of two rows a thread: counting is two additions without a lock, and
 * a lost thread's counts go with its rows. Two clients that meet in both rows count together, so the number is never too
 * low; with 10,000 open connections the odds of that are about one in fifty.
 */
import { type ClientNetworks, type IpAddress, maskOf } from '@sluice/dsl/match';
import type { SharedMemory } from './shared-memory.ts';

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

  /** add counts `change` connections more under a key of `connectionKey`. */
  add(hash: number, change: number): void {
    const first = this.#own + (hash & (ROW - 1));
    const second = this.#own + ROW + (hash >>> 16);
    this.#all[first] = this.#all[first]! + change;
    this.#all[second] = this.#all[second]! + change;
  }

  /** count is the number of open connections under a key, or a little more. */
  count(hash: number): number {
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

/**
 * connectionKey is what connections of one client to a listener (its slot) count under: all addresses of a network have one key. Mixed with
 * the finaliser of MurmurHash3 (Appleby, 2011); both halves are used.
 */
export function connectionKey(listener: number, ip: IpAddress, [v4, v6]: ClientNetworks): number {
  if (ip.isV4) return mixed(mixed(mixed(mixed(listener, 0), 0), 0), ip.word3 & maskOf(v4)) >>> 0;
  let hash = mixed(listener, ip.word0 & maskOf(v6));
  hash = mixed(hash, ip.word1 & maskOf(v6 - 32));
  hash = mixed(hash, ip.word2 & maskOf(v6 - 64));
  return mixed(hash, ip.word3 & maskOf(v6 - 96)) >>> 0;
}

function mixed(before: number, word: number): number {
  let hash = Math.imul(before ^ word, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
