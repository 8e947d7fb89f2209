/**
 * Paths: the lines `paths …` of listeners and backends to the policy of each listener. Main thread.
 *
 * A listener judges a path before it is known where the request goes, so its policy is what all the servers need that it may send to.
 */
import type { Condition, TestCondition } from '../../../plan/condition.ts';
import { isDefaultPaths, pathPolicyFor } from '../../../plan/path-policy.ts';
import type { BackendPlan, ListenerPlan } from '../../../plan/plan.ts';
import type { Rule } from '../../../plan/rule.ts';
import { requestBackends } from '../../conditions/reach.ts';
import type { Scope } from '../../scope/scope.ts';

/** withPaths gives every listener its policy, and its rules the comparisons that go with it. */
export function withPaths(
  scope: Scope,
  listeners: readonly ListenerPlan[],
  backends: readonly BackendPlan[],
): readonly ListenerPlan[] {
  return listeners.map((listener) => {
    const written = scope.paths.get(listener.name);
    if (listener.protocol !== 'http') return listener;
    const reached = requestBackends([listener], backends, scope.maps);
    const readers = backends
      .filter(({ name }) => reached.has(name))
      .flatMap(({ name }) => scope.pathReaders.get(name) ?? []);
    const paths = pathPolicyFor([...(written?.readers ?? []), ...readers], written?.parts);
    if (isDefaultPaths(paths)) return listener;
    return paths.ignoresCase ? { ...withoutCase(scope, listener), paths } : { ...listener, paths };
  });
}

/** withoutCase lets every comparison of the path ignore case. What is named is kept by name, and once for all who name it. */
function withoutCase(scope: Scope, listener: ListenerPlan): ListenerPlan {
  const known = new Map<Condition, Condition>();
  const isPath = ({ field, operator, anycase }: TestCondition): boolean =>
    !anycase && operator !== 'present' && operator !== 'absent' && scope.vocabulary.fields.get(field)?.index === 'path';
  const converted = (condition: Condition): Condition => {
    const before = known.get(condition);
    if (before !== undefined) return before;
    const after = convert(condition);
    known.set(condition, after);
    return after;
  };
  const convert = (condition: Condition): Condition => {
    switch (condition.kind) {
      case 'all':
        return condition;
      case 'test':
        return isPath(condition) ? { ...condition, anycase: true } : condition;
      case 'not':
      case 'named':
        return { ...condition, of: converted(condition.of) };
      default:
        return { ...condition, of: condition.of.map(converted) };
    }
  };
  const rules = (all: readonly Rule[]): readonly Rule[] =>
    all.map((rule) => (rule.when === null ? rule : { ...rule, when: converted(rule.when) }));
  return {
    ...listener,
    guards: rules(listener.guards),
    changes: rules(listener.changes),
    routes: rules(listener.routes),
    responseChanges: rules(listener.responseChanges),
  };
}
