/**
 * WeightedDraw: servers drawn at random, each with the chance of its weight, for strategies. Hot path; data threads.
 *
 * A draw and a change cost the logarithm of the number of servers (a Fenwick tree of the candidates' weights), so that neither
 * a large pool nor slow start makes it slow. Make it a pool's watcher, or call `changed` from one.
 */
import type { PoolWatcher, ServerPool } from './server-pool.ts';

/** Draws that may meet a server which this request has tried; then the next usable one is taken. */
const MOST_DRAWS = 8;

export class WeightedDraw implements PoolWatcher {
  readonly #pool: ServerPool;
  /** From 1; weights are multiples of 1/256, so sums are exact. */
  readonly #tree: Float64Array;
  readonly #weights: Float64Array;
  readonly #highest: number;
  #total = 0;

  constructor(pool: ServerPool) {
    const { size } = pool;
    this.#pool = pool;
    this.#tree = new Float64Array(size + 1);
    this.#weights = new Float64Array(size);
    this.#highest = size === 0 ? 0 : 1 << (31 - Math.clz32(size));
    for (let index = 0; index < size; index++) this.changed(index);
  }

  changed(index: number): void {
    const weight = this.#pool.isCandidate(index) ? this.#pool.weight(index) : 0;
    const more = weight - this.#weights[index]!;
    if (more === 0) return;
    this.#weights[index] = weight;
    this.#total += more;
    const tree = this.#tree;
    for (let at = index + 1; at < tree.length; at += at & -at) tree[at] = tree[at]! + more;
  }

  /** draw returns a usable server, or -1 when there is none. */
  draw(): number {
    const pool = this.#pool;
    let index = 0;
    for (let draws = 0; draws < MOST_DRAWS; draws++) {
      if (this.#total <= 0) return -1;
      index = this.#find(pool.random() * this.#total);
      if (pool.isUsable(index)) return index;
    }
    return pool.nextUsable(index);
  }

  /** chance is how likely a draw is to give a server, 0 to 1, if this request has tried none. */
  chance(index: number): number {
    return this.#total === 0 ? 0 : this.#weights[index]! / this.#total;
  }

  /** The server in whose part of the sum a number lies. */
  #find(number: number): number {
    const tree = this.#tree;
    let left = number;
    let at = 0;
    for (let step = this.#highest; step > 0; step >>= 1) {
      const next = at + step;
      if (next < tree.length && tree[next]! <= left) {
        at = next;
        left -= tree[next]!;
      }
    }
    return Math.min(at, tree.length - 2);
  }
}
