/**
 * Reach: which backends get requests that the gateway has read, and which get connections as they came. Main thread.
 */
import type { BackendPlan, ListenerPlan } from '../../plan/plan.ts';
import type { ArgValue, Rule } from '../../plan/rule.ts';
import type { MapName } from '../scope/scope.ts';

type Maps = ReadonlyMap<string, MapName>;

/** requestBackends are the names of the backends that requests may be sent to. */
export function requestBackends(
  listeners: readonly ListenerPlan[],
  backends: readonly BackendPlan[],
  maps: Maps,
): ReadonlySet<string> {
  const routes = listeners.filter(({ protocol }) => protocol === 'http').flatMap((listener) => listener.routes);
  return reached(routes, backends, maps);
}

/** relayBackends are the names of the backends that connections may be passed on to. */
export function relayBackends(
  listeners: readonly ListenerPlan[],
  backends: readonly BackendPlan[],
  maps: Maps,
): ReadonlySet<string> {
  const routes = listeners.flatMap(({ protocol, routes, passthroughs = [] }) =>
    protocol === 'tcp' ? [...passthroughs, ...routes] : passthroughs,
  );
  return reached(routes, backends, maps);
}

function reached(routes: readonly Rule[], backends: readonly BackendPlan[], maps: Maps): ReadonlySet<string> {
  const byName = new Map(backends.map((backend) => [backend.name, backend]));
  const found = new Set<string>();
  const visit = (name: ArgValue | undefined): void => {
    for (let next = name; typeof next === 'string' && byName.has(next) && !found.has(next); ) {
      found.add(next);
      next = byName.get(next)!.fallBack?.to;
    }
  };
  for (const { args } of routes) {
    visit(args.backend);
    const map = typeof args.map === 'string' ? maps.get(args.map)?.plan : undefined;
    if (map === undefined || map === null) continue;
    for (const [, value] of map.entries) visit(value);
    visit(map.otherwise);
  }
  return found;
}
