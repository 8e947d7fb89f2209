/**
 * RoundRobin: smooth weighted round robin for small pools. Data threads; hot path.
 */
import type { Balancer, ServerPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';
import { explainTurns } from './explain-turns.ts';

/**
 * RoundRobin gives each server its weight in turns, spread as evenly as they go: weights 5, 1, 1 give a a b a c a a.
 *
 * The algorithm is nginx's: every usable server's credit grows by its weight, the richest is picked (the first of equals)
 * and pays the sum of the weights. Over one sum of weights each server is picked exactly as often as its weight says. Nothing
 * is worked out beforehand, so a change of weights or states holds at once. A server that is left out keeps its credit.
 */
export class RoundRobin implements Balancer {
  readonly explain = explainTurns;
  /** In turns; weights in slow start are multiples of 1/256, so sums are exact. */
  readonly #credits: Float64Array;

  constructor(size: number) {
    this.#credits = new Float64Array(size);
  }

  pick(_facts: RequestFacts, pool: ServerPool): number {
    const credits = this.#credits;
    const size = pool.size;
    let best = -1;
    let most = 0;
    let total = 0;
    for (let index = 0; index < size; index++) {
      if (!pool.isUsable(index)) continue;
      const weight = pool.weight(index);
      const credit = credits[index]! + weight;
      credits[index] = credit;
      total += weight;
      if (best === -1 || credit > most) {
        best = index;
        most = credit;
      }
    }
    if (best !== -1) credits[best] = most - total;
    return best;
  }

  inherit(before: Balancer, pool: ServerPool, poolBefore: ServerPool): void {
    if (!(before instanceof RoundRobin)) return;
    for (let index = 0; index < pool.size; index++) {
      const known = poolBefore.indexOfSlot(pool.slot(index));
      if (known !== -1) this.#credits[index] = before.#credits[known]!;
    }
  }
}
