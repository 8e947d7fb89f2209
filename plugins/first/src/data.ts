/**
 * The data entry of first. Data threads; hot path. Must not import the manifest.
 */
import type { Balancer, DataEntry, ServerPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';

/**
 * First fills one server after the other, in the order written: a server is used only while all before it are full or out
 * of use, so that those at the end can be switched off when little is going on. Give each server a `max`.
 */
class First implements Balancer {
  pick(_facts: RequestFacts, pool: ServerPool): number {
    for (let index = 0; index < pool.size; index++) {
      if (pool.isUsable(index)) return index;
    }
    return -1;
  }
}

export const balancers: NonNullable<DataEntry['balancers']> = { first: () => new First() };
