/**
 * LeastConnections: the strategy for small pools. Data threads; hot path.
 */
import type { Balancer, ServerPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';
import { explainLoad } from './explain-load.ts';
import { SlowTurns } from './slow-turns.ts';

/**
 * LeastConnections sends each request to the server with the fewest open ones, weighted.
 *
 * Compared is what a server would have to carry: (open + 1) / weight. Idle servers are all alike, whatever their weight, and come
 * before busy ones. Counts are process-wide, so two threads choosing in the same instant may pick the same server; the
 * skew is bounded by the number of threads and cheaper than a lock. Ties rotate, so that an idle pool does not always
 * warm its first server. A pick costs one look at each server, and ends at the first idle one.
 */
export class LeastConnections implements Balancer {
  readonly explain = explainLoad;
  readonly #turns: SlowTurns;
  #next = 0;

  constructor(size: number) {
    this.#turns = new SlowTurns(size);
  }

  pick(_facts: RequestFacts, pool: ServerPool): number {
    const size = pool.size;
    const turns = this.#turns;
    turns.begin();
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    let index = this.#next < size ? this.#next : 0;
    for (let left = size; left > 0; left--) {
      if (pool.isUsable(index)) {
        const load = turns.load(pool, index);
        if (load < least) {
          best = index;
          least = load;
          if (load === 0) break;
        }
      }
      index = index + 1 === size ? 0 : index + 1;
    }
    if (best !== -1) {
      this.#next = best + 1;
      turns.took(best);
    }
    return best;
  }
}
