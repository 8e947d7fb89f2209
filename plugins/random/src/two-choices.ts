/**
 * TwoChoices: the strategy itself. Data threads; hot path.
 */
import { type BalanceExplanation, type Balancer, type ServerPool, WeightedDraw } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';

/** Draws for the second of the two, which should be another. */
const MOST_DRAWS = 3;

/**
 * TwoChoices draws two servers at random, each with the chance of its weight, and takes the less busy one (Mitzenmacher, "The
 * power of two choices in randomized load balancing", 1996).
 *
 * Compared is (open + 1) / weight; between two idle ones the first drawn is taken, so that an idle pool is used as the weights
 * say. Threads need not agree on anything, and no server is the best one for all of them at once: what makes it safe when
 * counts are old, as when several gateways share servers.
 */
export class TwoChoices implements Balancer {
  readonly #draw: WeightedDraw;

  constructor(pool: ServerPool) {
    this.#draw = new WeightedDraw(pool);
    pool.watch(this.#draw);
  }

  pick(_facts: RequestFacts, pool: ServerPool): number {
    const first = this.#draw.draw();
    if (first === -1) return -1;
    let second = first;
    for (let draws = 0; second === first && draws < MOST_DRAWS; draws++) second = this.#draw.draw();
    if (second === first || second === -1) return first;
    const open = pool.open(first);
    if (open <= 0) return first;
    const openSecond = pool.open(second);
    if (openSecond <= 0) return second;
    // (openSecond + 1) / weight < (open + 1) / weight, without a division.
    return (openSecond + 1) * pool.weight(first) < (open + 1) * pool.weight(second) ? second : first;
  }

  explain(): BalanceExplanation {
    return {
      picked: -1,
      why: (index) =>
        `drawn with a chance of ${(this.#draw.chance(index) * 100).toFixed(1)}%; of two drawn the less busy one`,
    };
  }
}
