/**
 * WeightClasses: smooth weighted round robin for large pools. Data threads; hot path.
 */
import type { Balancer, ServerPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';

const HEAVIEST = 256;

/**
 * WeightClasses takes servers of one weight together: the classes take smooth weighted turns among themselves, and the servers of
 * a class rotate.
 *
 * Over one sum of weights each server is picked exactly as often as its weight says, as with RoundRobin, but a pick costs the number of
 * different weights (one in most pools, 256 at most) and not the number of servers. The turn of a server that is out of use
 * passes, which keeps the others' shares exact; so a pick costs more while long runs of servers are down. Classes are
 * formed again when the pool's version changes; credits and places are kept by weight, so that a pool which changes often
 * treats nobody better for it.
 */
export class WeightClasses implements Balancer {
  readonly #size: number;
  /** Server indexes, ascending within each class, class by class. */
  readonly #members: Int32Array;
  /** Of each class: its weight, and where it begins in #members. One more start than classes. */
  readonly #weights = new Int32Array(HEAVIEST + 1);
  readonly #starts = new Int32Array(HEAVIEST + 2);
  /** By weight: credit, in turns, and the server picked last, or -1. */
  readonly #credits = new Float64Array(HEAVIEST + 1);
  readonly #lasts = new Int32Array(HEAVIEST + 1).fill(-1);
  /** Of each class: the place in #members to look at next. */
  readonly #nexts = new Int32Array(HEAVIEST + 1);
  #classes = 0;
  #version = Number.NaN;

  constructor(size: number) {
    this.#size = size;
    this.#members = new Int32Array(size);
  }

  pick(_facts: RequestFacts, pool: ServerPool): number {
    if (pool.version !== this.#version) this.#classify(pool);
    if (this.#classes === 0) return -1;
    for (let turns = this.#size; turns > 0; turns--) {
      const index = this.#nextMember(this.#classes === 1 ? 0 : this.#nextClass());
      if (pool.isUsable(index)) return index;
    }
    return this.#anyUsable(pool);
  }

  #nextClass(): number {
    const credits = this.#credits;
    let best = 0;
    let most = 0;
    let total = 0;
    for (let of = 0; of < this.#classes; of++) {
      const weight = this.#weights[of]!;
      const share = weight * (this.#starts[of + 1]! - this.#starts[of]!);
      const credit = credits[weight]! + share;
      credits[weight] = credit;
      total += share;
      if (of === 0 || credit > most) {
        best = of;
        most = credit;
      }
    }
    credits[this.#weights[best]!] = most - total;
    return best;
  }

  #nextMember(of: number): number {
    const at = this.#nexts[of]!;
    const index = this.#members[at]!;
    this.#nexts[of] = at + 1 === this.#starts[of + 1] ? this.#starts[of]! : at + 1;
    this.#lasts[this.#weights[of]!] = index;
    return index;
  }

  /** anyUsable finds the light server whose turn is still far away when all the heavy ones are out of use. */
  #anyUsable(pool: ServerPool): number {
    for (let at = 0; at < this.#size; at++) {
      const index = this.#members[at]!;
      if (pool.weight(index) > 0 && pool.isUsable(index)) return index;
    }
    return -1;
  }

  #classify(pool: ServerPool): void {
    this.#version = pool.version;
    const counts = new Int32Array(HEAVIEST + 1);
    const weights = new Int32Array(this.#size);
    for (let index = 0; index < this.#size; index++) {
      const weight = Math.min(HEAVIEST, Math.max(0, pool.weight(index)));
      weights[index] = weight;
      counts[weight]!++;
    }
    const places = new Int32Array(HEAVIEST + 1);
    this.#classes = 0;
    let start = 0;
    for (let weight = HEAVIEST; weight > 0; weight--) {
      if (counts[weight] === 0) {
        this.#credits[weight] = 0;
        continue;
      }
      this.#weights[this.#classes] = weight;
      this.#starts[this.#classes] = start;
      this.#nexts[this.#classes] = start;
      places[weight] = start;
      start += counts[weight]!;
      this.#starts[++this.#classes] = start;
    }
    for (let index = 0; index < this.#size; index++) {
      const weight = weights[index]!;
      if (weight > 0) this.#members[places[weight]!++] = index;
    }
    this.#resume();
  }

  /** resume lets each class go on behind the server that it picked last. */
  #resume(): void {
    for (let of = 0; of < this.#classes; of++) {
      const last = this.#lasts[this.#weights[of]!]!;
      const end = this.#starts[of + 1]!;
      let at = this.#starts[of]!;
      while (at < end && this.#members[at]! <= last) at++;
      this.#nexts[of] = at === end ? this.#starts[of]! : at;
    }
  }
}
