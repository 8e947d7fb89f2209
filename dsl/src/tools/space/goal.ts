/**
 * Goal: a condition that is to hold, or not to, with `not` pushed down to the comparisons. Main thread.
 */
import type { Condition, TestCondition } from '../../plan/condition.ts';

export type Goal =
  | { readonly kind: 'test'; readonly test: TestCondition; readonly holds: boolean }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Goal[] };

const ALWAYS: Goal = { kind: 'and', of: [] };
const NEVER: Goal = { kind: 'or', of: [] };

const known = { true: new WeakMap<Condition, Goal>(), false: new WeakMap<Condition, Goal>() };

/** goalOf makes a goal of a condition; null is the condition of a rule without one. */
export function goalOf(condition: Condition | null, holds: boolean): Goal {
  if (condition === null) return holds ? ALWAYS : NEVER;
  const table = holds ? known.true : known.false;
  let goal = table.get(condition);
  if (goal === undefined) {
    goal = make(condition, holds);
    table.set(condition, goal);
  }
  return goal;
}

function make(condition: Condition, holds: boolean): Goal {
  switch (condition.kind) {
    case 'all':
      return holds ? ALWAYS : NEVER;
    case 'named':
      return goalOf(condition.of, holds);
    case 'not':
      return goalOf(condition.of, !holds);
    case 'test':
      return { kind: 'test', test: condition, holds };
    default: {
      const kind = (condition.kind === 'and') === holds ? 'and' : 'or';
      return { kind, of: condition.of.map((inner) => goalOf(inner, holds)) };
    }
  }
}
