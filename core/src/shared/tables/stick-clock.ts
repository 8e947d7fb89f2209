/**
 * StickClock: what all stick tables of a gateway have in common: the time, the seeds of their hashes, and the secrets of the
 * gateway. Both planes.
 *
 * Time is in whole seconds, set by every thread's beat, so that a look-up reads one word instead of asking the system. The
 * secrets are random, or those of the gateway whose state this one takes over; they are the same in all threads and over reloads. There
 * are two, as only that of stickiness may be written to disk.
 */
import { randomBytes } from 'node:crypto';
import { KeyHash } from './key-hash.ts';

const SEED1 = 0;
const SEED2 = 1;
const CLOCK = 2;
const WORDS = 16;
export const SECRET_BYTES = 32;

/** StickSeeds are what lets a gateway find the entries, and believe the cookies, of an earlier one. */
export interface StickSeeds {
  readonly seeds: readonly [number, number];
  /** 32 bytes. */
  readonly secret?: Uint8Array;
  /** 32 bytes. */
  readonly tlsSecret?: Uint8Array;
}

export class StickClock {
  /** Of stickiness: 32 bytes. */
  readonly secret: Uint8Array;
  /** Of TLS, for session tickets: 32 bytes. */
  readonly tlsSecret: Uint8Array;
  readonly #words: Int32Array;

  /** allocate makes the memory. Default: everything is random. */
  static allocate(kept: Partial<StickSeeds> = {}): SharedArrayBuffer {
    const { seeds, secret = randomBytes(SECRET_BYTES), tlsSecret = randomBytes(SECRET_BYTES) } = kept;
    const memory = new SharedArrayBuffer(4 * WORDS + 2 * SECRET_BYTES);
    const words = new Int32Array(memory, 0, WORDS);
    const random = randomBytes(8);
    words[SEED1] = seeds === undefined ? random.readInt32LE(0) : seeds[0];
    words[SEED2] = seeds === undefined ? random.readInt32LE(4) : seeds[1];
    new Uint8Array(memory, 4 * WORDS, SECRET_BYTES).set(secret);
    new Uint8Array(memory, 4 * WORDS + SECRET_BYTES).set(tlsSecret);
    return memory;
  }

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, WORDS);
    this.secret = new Uint8Array(memory, 4 * WORDS, SECRET_BYTES);
    this.tlsSecret = new Uint8Array(memory, 4 * WORDS + SECRET_BYTES, SECRET_BYTES);
  }

  /** seeds are what keys are hashed with. */
  get seeds(): readonly [number, number] {
    return [this.#words[SEED1]!, this.#words[SEED2]!];
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
