/**
 * LeastConnections: the strategy itself. Data threads; hot path.
 */
import type { Balancer, ServerPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';

/**
 * LeastConnections sends each request to the server with the fewest open ones, weighted.
 *
 * Compared is what a server would have to carry: (open + 1) / weight. Idle servers are all alike, whatever their weight, and come
 * before busy ones. Counts are process-wide, so two threads choosing in the same instant may pick the same server; the
 * skew is bounded by the number of threads and cheaper than a lock. Ties rotate, so that an idle pool does not always
 * warm its first server. A pick costs one look at each server, and ends at the first idle one.
 */
export class LeastConnections implements Balancer {
  #next = 0;

  pick(_facts: RequestFacts, pool: ServerPool): number {
    const size = pool.size;
    let best = -1;
    let bestOpen = 0;
    let bestWeight = 1;
    let index = this.#next < size ? this.#next : 0;
    for (let left = size; left > 0; left--) {
      if (pool.isUsable(index)) {
        const open = pool.open(index);
        if (open <= 0) {
          best = index;
          break;
        }
        const weight = pool.weight(index);
        // (open + 1) / weight < (bestOpen + 1) / bestWeight, without a division.
        if (best === -1 || (open + 1) * bestWeight < (bestOpen + 1) * weight) {
          best = index;
          bestOpen = open;
          bestWeight = weight;
        }
      }
      index = index + 1 === size ? 0 : index + 1;
    }
    if (best !== -1) this.#next = best + 1;
    return best;
  }
}
