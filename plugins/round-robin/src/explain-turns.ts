/**
 * ExplainTurns: what round robin says of a server, for people. Main thread; not on the hot path.
 */
import type { BalanceExplanation, ServerPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';

/** explainTurns says how many of the turns each usable server gets. Whose turn it is, each data thread counts for itself. */
export function explainTurns(_facts: RequestFacts, pool: ServerPool): BalanceExplanation {
  let total = 0;
  for (let index = 0; index < pool.size; index++) if (pool.isUsable(index)) total += pool.weight(index);
  return {
    picked: -1,
    why: (index) => `takes its turn: ${text(pool.weight(index))} in ${text(total)}`,
  };
}

function text(weight: number): string {
  return String(Number(weight.toFixed(2)));
}
