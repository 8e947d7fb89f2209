/**
 * ListenerBackends: where a listener's rules may send requests. Main thread.
 *
 * A plan does not say of what type an argument is, as verbs are plugins' words: so an argument of a rule that decides is taken for a
 * backend when it is the name of one, and for a map when it is the name of a map to backends.
 */
import type { ListenerPlan, MapPlan, Plan } from '@sluice/dsl/plan';

const FOUND = new WeakMap<ListenerPlan, readonly string[]>();

/** listenerBackends are the names of the backends in the order of the plan; those that are only fallen back to are not among them. */
export function listenerBackends(listener: ListenerPlan, plan: Plan): readonly string[] {
  const found = FOUND.get(listener) ?? findBackends(listener, plan);
  FOUND.set(listener, found);
  return found;
}

function findBackends({ guards, routes, passthroughs = [] }: ListenerPlan, plan: Plan): readonly string[] {
  const maps = new Map(plan.maps.filter(({ to }) => to === 'backend').map((map) => [map.name, map]));
  const named = new Set<unknown>();
  for (const { args } of [...passthroughs, ...guards, ...routes]) {
    for (const value of Object.values(args)) {
      named.add(value);
      const map = maps.get(String(value));
      if (map !== undefined) for (const to of targetsOf(map)) named.add(to);
    }
  }
  return plan.backends.map(({ name }) => name).filter((name) => named.has(name));
}

function targetsOf({ otherwise, entries }: MapPlan): readonly unknown[] {
  return [otherwise, ...entries.map(([, to]) => to)];
}
