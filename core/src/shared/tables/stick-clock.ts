/**
 * StickClock: what all stick tables of a gateway have in common: the time, the seeds of their hashes, and a secret of the
 * process. Both planes.
 *
 * Time is in whole seconds, set by every thread's beat, so that a look-up reads one word instead of asking the system. The
 * secret is made anew with every start, is the same in all threads and over reloads, and never leaves the process.
 */
import { randomBytes } from 'node:crypto';
import { KeyHash } from './key-hash.ts';

const SEED1 = 0;
const SEED2 = 1;
const CLOCK = 2;
const WORDS = 16;
const SECRET_BYTES = 32;

export class StickClock {
  /** 32 bytes. */
  readonly secret: Uint8Array;
  readonly #words: Int32Array;

  /** allocate makes the memory. `seed`: for tests that must hash alike every time. */
  static allocate(seed?: readonly [number, number]): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(4 * WORDS + SECRET_BYTES);
    const words = new Int32Array(memory, 0, WORDS);
    const random = randomBytes(8);
    words[SEED1] = seed === undefined ? random.readInt32LE(0) : seed[0];
    words[SEED2] = seed === undefined ? random.readInt32LE(4) : seed[1];
    new Uint8Array(memory, 4 * WORDS).set(randomBytes(SECRET_BYTES));
    return memory;
  }

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, WORDS);
    this.secret = new Uint8Array(memory, 4 * WORDS, SECRET_BYTES);
  }

  /** The time in seconds. */
  get now(): number {
    return this.#words[CLOCK]!;
  }

  /** set moves the time. It never goes back. */
  set(nowMs: number): void {
    const now = Math.floor(nowMs / 1000);
    if (now > this.#words[CLOCK]!) Atomics.store(this.#words, CLOCK, now);
  }

  /** hash makes a hash with the seeds that all tables share, so that an entry can go from one table to another. */
  hash(): KeyHash {
    return new KeyHash(this.#words[SEED1]!, this.#words[SEED2]!);
  }
}
