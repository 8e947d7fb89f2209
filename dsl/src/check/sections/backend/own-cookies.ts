/**
 * OwnCookies: cookies that the gateway sets for a backend, and would set over those of another one. Main thread.
 */
import type { BackendPlan, ListenerPlan } from '../../../plan/plan.ts';
import { requestBackends } from '../../conditions/reach.ts';
import type { Scope } from '../../scope/scope.ts';

/** checkOwnCookies warns of two backends whose cookies a client could not keep apart: each answer would take the other's place. */
export function checkOwnCookies(
  scope: Scope,
  listeners: readonly ListenerPlan[],
  backends: readonly BackendPlan[],
): void {
  const cookies = new Map(backends.map((backend) => [backend.name, cookieOf(scope, backend)]));
  const told = new Set<string>();
  for (const listener of listeners) {
    const owners = new Map<string, string>();
    const reached = requestBackends([listener], backends, scope.maps);
    for (const { name, stick } of backends) {
      const cookie = cookies.get(name);
      if (cookie == null || !reached.has(name)) continue;
      const owner = owners.get(cookie);
      if (owner === undefined) owners.set(cookie, name);
      const known = scope.backends.get(name);
      if (owner === undefined || known === undefined || told.has(name)) continue;
      told.add(name);
      const value = String(Object.values(stick!.options)[0]);
      scope.diagnostics.add('SL0725', known.source, known.span, { name, owner, value, listener: listener.name });
    }
  }
}

/** cookieOf is what tells a backend's own cookie from others in a client; null: it has none. */
function cookieOf(scope: Scope, { stick }: BackendPlan): string | null {
  if (stick === null) return null;
  const names = scope.vocabulary.components('stick').get(stick.name)?.ownCookie;
  return names === undefined ? null : JSON.stringify(names.map((name) => stick.options[name] ?? null));
}
