/**
 * ExplainCondition: a traced condition as plain data for people and tools. Main thread.
 */
import type { ConditionTrace } from '@sluice/dsl/match';
import { type Condition, formatPlace } from '@sluice/dsl/plan';

export interface ConditionExplanation {
  /** `path under /admin`, `and`, `not`, or the name of a `define`. */
  readonly text: string;
  readonly place: string;
  readonly holds: boolean;
  /** What the request has; null when it is absent, or for what is no comparison. */
  readonly value: string | null;
  /** False: the outcome was clear before it. */
  readonly isReached: boolean;
  readonly error: string | null;
  readonly of: readonly ConditionExplanation[];
}

/** explainCondition turns a trace into plain data. */
export function explainCondition(trace: ConditionTrace): ConditionExplanation {
  const { condition, holds, value, isReached, error, of } = trace;
  return {
    text: textOf(condition),
    place: formatPlace(condition.place),
    holds,
    value,
    isReached,
    error,
    of: of.map(explainCondition),
  };
}

function textOf(condition: Condition): string {
  switch (condition.kind) {
    case 'named':
      return condition.name;
    case 'test': {
      const { field, key, operator, list, anycase, every } = condition;
      const values = list === null ? condition.values : [list];
      const subject = `${every ? 'every ' : ''}${field}${key === null ? '' : ` ${key}`} ${operator}`;
      return `${subject}${values.length === 0 ? '' : ` ${values.join(', ')}`}${anycase ? ' anycase' : ''}`;
    }
    default:
      return condition.kind;
  }
}
