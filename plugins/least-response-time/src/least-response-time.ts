/**
 * LeastResponseTime: the strategy itself. Data threads; hot path.
 */
import { type BalanceExplanation, type Balancer, type ServerPool, WeightedDraw } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';
import { meanOf, noteAnswer } from './response-time.ts';

/** Up to so many servers are all looked at; of more, some are drawn. */
const SMALL_POOL = 16;
const DRAWN = 3;

/**
 * LeastResponseTime picks the server that would answer soonest: mean time × (open + 1) / weight is the least.
 *
 * The time runs from sending the request to the head of the answer. In pools of more than 16 servers three are drawn, by their
 * weights, and the best of them is taken: a slow server then gets next to nothing, and the fastest one is not everybody's choice
 * at the same moment. A server of which nothing is known gets one request and no more until it has answered.
 */
export class LeastResponseTime implements Balancer {
  readonly #draw: WeightedDraw;
  #next = 0;

  constructor(pool: ServerPool) {
    this.#draw = new WeightedDraw(pool);
    pool.watch(this.#draw);
  }

  pick(_facts: RequestFacts, pool: ServerPool): number {
    return pool.size <= SMALL_POOL ? this.#best(pool) : this.#bestDrawn(pool);
  }

  answered(index: number, pool: ServerPool, ms: number, status: number): void {
    noteAnswer(pool, index, ms, status === 0 || status >= 500);
  }

  explain(_facts: RequestFacts, pool: ServerPool): BalanceExplanation {
    const best = pool.size <= SMALL_POOL ? this.#best(pool) : -1;
    return {
      picked: best,
      why: (index) => {
        const open = pool.open(index);
        const mean = meanOf(pool, index, open);
        const seen = mean === 0 ? 'nothing is known of it' : `${mean.toFixed(1)} ms with ${open} open`;
        if (index === best) return `${seen}: the least for its weight`;
        return best === -1
          ? `${seen}; the best of three drawn is taken`
          : `${seen}; ${pool.name(best)} would answer sooner`;
      },
    };
  }

  /** Equals take turns. */
  #best(pool: ServerPool): number {
    const { size } = pool;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    let index = this.#next < size ? this.#next : 0;
    for (let left = size; left > 0; left--) {
      if (pool.isUsable(index)) {
        const cost = costOf(pool, index);
        if (cost < least) {
          best = index;
          least = cost;
        }
      }
      index = index + 1 === size ? 0 : index + 1;
    }
    if (best !== -1) this.#next = best + 1;
    return best;
  }

  #bestDrawn(pool: ServerPool): number {
    let best = this.#draw.draw();
    if (best === -1) return -1;
    let least = costOf(pool, best);
    for (let drawn = 1; drawn < DRAWN; drawn++) {
      const index = this.#draw.draw();
      const cost = costOf(pool, index);
      if (cost < least) {
        best = index;
        least = cost;
      }
    }
    return best;
  }
}

function costOf(pool: ServerPool, index: number): number {
  const open = pool.open(index);
  return (meanOf(pool, index, open) * (Math.max(0, open) + 1)) / pool.weight(index);
}
