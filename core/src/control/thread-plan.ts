/**
 * ThreadPlan: a plan as data threads get it: without the places of conditions, which only people read. Main thread.
 *
 * A thread takes a message in one go and serves nobody meanwhile, so the message must be small: with thousands of rules the
 * places are most of the work. What is shared in the plan (a list's values, a named condition) stays shared.
 */
import type { Condition, ListenerPlan, Place, Plan, Rule } from '@sluice/dsl/plan';

const NOWHERE: Place = Object.freeze({ file: '', line: 0, column: 0, length: 0 });

/** threadPlan returns the plan without what threads have no use for. */
export function threadPlan(plan: Plan): Plan {
  const known = new Map<Condition, Condition>();
  const bare = (condition: Condition): Condition => {
    let made = known.get(condition);
    if (made === undefined) {
      made = withoutPlace(condition, bare);
      known.set(condition, made);
    }
    return made;
  };
  const rules = (all: readonly Rule[]): Rule[] =>
    all.map((rule) => (rule.when === null ? rule : { ...rule, when: bare(rule.when) }));
  const listeners = plan.listeners.map(
    (listener): ListenerPlan => ({
      ...listener,
      guards: rules(listener.guards),
      changes: rules(listener.changes),
      routes: rules(listener.routes),
      responseChanges: rules(listener.responseChanges),
    }),
  );
  return { ...plan, listeners, tests: [] };
}

function withoutPlace(condition: Condition, bare: (inner: Condition) => Condition): Condition {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return { ...condition, of: condition.of.map(bare), place: NOWHERE };
    case 'not':
    case 'named':
      return { ...condition, of: bare(condition.of), place: NOWHERE };
    default:
      return { ...condition, place: NOWHERE };
  }
}
