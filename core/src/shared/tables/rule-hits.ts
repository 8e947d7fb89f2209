/**
 * RuleHits: how often each rule's conditions were true when it was its turn, per thread, in shared memory. Hot path; both planes.
 *
 * Each thread writes only its own block, so a hit is one addition without a lock. Rules beyond the capacity share one
 * more place, which nobody reads: the hot path need not ask.
 */
import type { SharedMemory } from './shared-memory.ts';

/** Most rules that are counted in one gateway. */
export const RULE_CAPACITY = 8192;

/** The place of all rules that are not counted. */
export const UNCOUNTED_RULE = RULE_CAPACITY;

const BLOCK = RULE_CAPACITY + 8;

/** RuleHits counts for one thread. */
export class RuleHits {
  readonly #own: Float64Array;

  /** bytes is the size of the memory for so many threads (at least 1). */
  static bytes(threads: number): number {
    return 8 * BLOCK * threads;
  }

  constructor(memory: SharedMemory, thread: number) {
    this.#own = new Float64Array(memory.ruleHits, 8 * BLOCK * thread, BLOCK);
  }

  add(slot: number): void {
    this.#own[slot] = this.#own[slot]! + 1;
  }
}

/** RuleHitSums adds the threads' blocks up. Control plane. */
export class RuleHitSums {
  readonly #all: Float64Array;
  readonly #threads: number;

  constructor(memory: SharedMemory) {
    this.#all = new Float64Array(memory.ruleHits);
    this.#threads = memory.threads;
  }

  /** rule is how often a slot's rule was hit. */
  rule(slot: number): number {
    let sum = 0;
    for (let thread = 0; thread < this.#threads; thread++) sum += this.#all[thread * BLOCK + slot]!;
    return sum;
  }

  /** reset sets a freed slot to 0, in all threads. */
  reset(slot: number): void {
    for (let thread = 0; thread < this.#threads; thread++) this.#all[thread * BLOCK + slot] = 0;
  }
}
