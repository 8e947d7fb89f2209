/**
 * TryStrategy: which servers a balancing strategy picks.
 */
import type { BalanceExplanation, Balancer, PluginManifest } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { type FakeRequest, fakeFacts } from '../fakes/fake-facts.ts';
import { FakePool } from '../fakes/fake-pool.ts';
import { seededRandom } from '../fakes/seeded-random.ts';
import { checkedDataEntry, functionOf } from './checked-data-entry.ts';

/** StrategyOptions are the pool, and the arguments of the `balance` line. */
export interface StrategyOptions {
  /** One server for each weight. Default: three servers of weight 1. */
  readonly weights?: readonly number[];
  /** Default: none. */
  readonly options?: Args;
  /** For `pool.random`: the same seed gives the same picks. Default 1. */
  readonly seed?: number;
}

/** StrategyTrial is a strategy with its pool. */
export class StrategyTrial {
  readonly pool: FakePool;
  readonly balancer: Balancer;

  constructor(pool: FakePool, balancer: Balancer) {
    this.pool = pool;
    this.balancer = balancer;
  }

  /** pick returns the index of the server for a request, -1 for none, and leaves the request open on it, as the gateway does. */
  pick(request: FakeRequest = {}): number {
    const index = this.balancer.pick(fakeFacts(request), this.pool);
    if (index === -1) return -1;
    if (!this.pool.isUsable(index)) throw new Error(`the strategy picked server ${index}, which is not usable`);
    this.pool.setOpen(index, this.pool.open(index) + 1);
    return index;
  }

  /** end ends a request on a server: it was answered in `ms` with a status; 0: not at all. */
  end(index: number, ms = 1, status = 200): void {
    this.balancer.answered?.(index, this.pool, ms, status);
    this.pool.setOpen(index, this.pool.open(index) - 1);
    this.balancer.ended?.(index, this.pool);
  }

  /** counts is how many of so many requests, one after the other, each server gets. */
  counts(requests: number, request: FakeRequest = {}): number[] {
    const counts = this.pool.weights.map(() => 0);
    for (let sent = 0; sent < requests; sent++) {
      const index = this.pick(request);
      if (index === -1) continue;
      counts[index]!++;
      this.end(index);
    }
    return counts;
  }

  /** explain is what the strategy says about a request; null: it says nothing. */
  explain(request: FakeRequest = {}): BalanceExplanation | null {
    return this.balancer.explain?.(fakeFacts(request), this.pool) ?? null;
  }
}

/** tryStrategy imports a strategy of a plugin and gives it a pool. */
export async function tryStrategy(
  manifest: PluginManifest,
  name: string,
  { weights = [1, 1, 1], options = {}, seed = 1 }: StrategyOptions = {},
): Promise<StrategyTrial> {
  const { balancers } = await checkedDataEntry(manifest);
  const create = functionOf(manifest, 'balancers', balancers, name);
  const pool = new FakePool(weights);
  pool.chance = seededRandom(seed);
  return new StrategyTrial(pool, create(pool, options));
}
