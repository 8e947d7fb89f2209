/**
 * ExplainLoad: what least-connections says of a server, for people. Main thread; not on the hot path.
 */
import type { BalanceExplanation, ServerPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';
import { loadOf } from './load.ts';

export function explainLoad(_facts: RequestFacts, pool: ServerPool): BalanceExplanation {
  let best = -1;
  let equals = 0;
  for (let index = 0; index < pool.size; index++) {
    if (!pool.isUsable(index)) continue;
    const load = loadOf(pool, index);
    const least = best === -1 ? Number.POSITIVE_INFINITY : loadOf(pool, best);
    if (load > least) continue;
    equals = load === least ? equals + 1 : 1;
    if (load < least) best = index;
  }
  const carries = (index: number): string =>
    `${pool.open(index)} open of weight ${Number(pool.weight(index).toFixed(2))}`;
  return {
    picked: equals === 1 ? best : -1,
    why: (index) => {
      if (loadOf(pool, index) > loadOf(pool, best)) return `${carries(index)}; ${pool.name(best)} has ${carries(best)}`;
      return equals === 1
        ? `${carries(index)}, the least busy`
        : `${carries(index)}; ${equals} are equally busy and take turns`;
    },
  };
}
