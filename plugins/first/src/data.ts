/**
 * The data entry of first. Data threads; hot path. Must not import the manifest.
 */
import type { BalanceExplanation, Balancer, DataEntry, ServerPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';

/**
 * First fills one server after the other, in the order written: a server is used only while all before it are full or out
 * of use, so that those at the end can be switched off when little is going on. Give each server a `max`.
 */
class First implements Balancer {
  pick(_facts: RequestFacts, pool: ServerPool): number {
    return pool.nextUsable(0);
  }

  explain(_facts: RequestFacts, pool: ServerPool): BalanceExplanation {
    const picked = pool.nextUsable(0);
    return {
      picked,
      why: (index) => (index === picked ? 'the first that has room' : `${pool.name(picked)} comes first and has room`),
    };
  }
}

export const balancers: NonNullable<DataEntry['balancers']> = { first: () => new First() };
