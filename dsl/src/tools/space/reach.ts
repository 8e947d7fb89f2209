/**
 * Reach: what a request, or a connection, must be like to come to a rule of a listener. Main thread.
 *
 * Rules that take only some of the requests that they want (`isPartial`) never keep any from the rules behind them here.
 */

import type { Condition } from '../../plan/condition.ts';
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

/** beforeRule lists what keeps requests from a rule, in order: what is passed on undecrypted comes to no other rule. */
export function beforeRule(listener: ListenerPlan, rule: Rule): readonly Before[] {
  const { passthroughs = [] } = listener;
  const passthrough = passthroughs.indexOf(rule);
  if (passthrough >= 0) return passthroughs.slice(0, passthrough).map(notTaken);
  // There `ip` is the peer; here it may be the address that the peer names.
  const sayMore = listener.clientIp === null ? passthroughs : passthroughs.filter(({ when }) => !asksForIp(when));
  const before: Before[] = sayMore.map(notTaken);
  const guard = listener.guards.indexOf(rule);
  if (guard >= 0) return [...before, ...listener.guards.slice(0, guard).filter(isWhole).map(notTaken)];
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

/** isOfConnection: the rule decides on connections, and is shown one. */
export function isOfConnection({ protocol, passthroughs }: ListenerPlan, rule: Rule): boolean {
  return protocol === 'tcp' || passthroughs?.includes(rule) === true;
}

/** rulesIn are all rules of a listener in the order in which they are asked, but for those of answers. */
export function rulesIn({ passthroughs = [], guards, changes, routes }: ListenerPlan): readonly Rule[] {
  return [...passthroughs, ...guards, ...changes, ...routes];
}

/** isWhole: the rule takes every request that its condition wants. */
export function isWhole({ isPartial }: Rule): boolean {
  return isPartial !== true;
}

function asksForIp(condition: Condition | null): boolean {
  if (condition === null) return false;
  switch (condition.kind) {
    case 'all':
      return false;
    case 'test':
      return condition.field === 'ip';
    case 'not':
    case 'named':
      return asksForIp(condition.of);
    default:
      return condition.of.some(asksForIp);
  }
}

function notTaken(rule: Rule): Before {
  return { rule, goal: goalOf(rule.when, false) };
}
