/**
 * Reach: what a request must be like to come to a rule of a listener. Main thread.
 *
 * Rules that take only some of the requests that they want (`isPartial`) never keep any from the rules behind them here.
 */
import type { ListenerPlan } from '../../plan/plan.ts';
import type { Rule } from '../../plan/rule.ts';
import { type Goal, goalOf } from './goal.ts';

/** Verbs that end the guards and let the request go on, and verbs that answer it. What others do is not known. */
const PASSING: ReadonlySet<string> = new Set(['allow']);
const ANSWERING: ReadonlySet<string> = new Set(['deny', 'redirect']);

/** Before is a rule that a request must get past, and how. */
export interface Before {
  readonly rule: Rule;
  readonly goal: Goal;
}

/** isPassing: the rule lets the request go on to the changes and routes. */
export function isPassing(rule: Rule): boolean {
  return PASSING.has(rule.verb);
}

/** beforeRule lists what keeps requests from a rule, in order. */
export function beforeRule(listener: ListenerPlan, rule: Rule): readonly Before[] {
  const guard = listener.guards.indexOf(rule);
  if (guard >= 0) return listener.guards.slice(0, guard).filter(isWhole).map(notTaken);
  const before: Before[] = [];
  const escapes: Goal[] = [];
  for (const one of listener.guards) {
    if (ANSWERING.has(one.verb) && isWhole(one)) {
      const goal = goalOf(one.when, false);
      before.push({ rule: one, goal: escapes.length === 0 ? goal : { kind: 'or', of: [goal, ...escapes] } });
    } else if (!ANSWERING.has(one.verb)) escapes.push(goalOf(one.when, true));
  }
  const route = listener.routes.indexOf(rule);
  if (route >= 0) before.push(...listener.routes.slice(0, route).filter(isWhole).map(notTaken));
  return before;
}

/** isWhole: the rule takes every request that its condition wants. */
export function isWhole({ isPartial }: Rule): boolean {
  return isPartial !== true;
}

function notTaken(rule: Rule): Before {
  return { rule, goal: goalOf(rule.when, false) };
}
