/**
 * FallBacks: what only all backends together show of their `fall back to` lines: circles, and ones that are always taken.
 * Main thread.
 */
import type { BackendPlan } from '../../../plan/plan.ts';
import type { Scope } from '../../scope/scope.ts';

/** checkFallBacks reports every circle once, at the first line of it. */
export function checkFallBacks(scope: Scope, backends: readonly BackendPlan[]): void {
  const lines = scope.fallBacks;
  const settled = new Set<string>();
  for (const first of lines.keys()) {
    const way: string[] = [];
    let name: string | undefined = first;
    while (name !== undefined && !settled.has(name) && !way.includes(name)) {
      way.push(name);
      name = lines.get(name)?.to;
    }
    if (name !== undefined && way.includes(name)) {
      const circle = way.slice(way.indexOf(name));
      const { source, span } = lines.get(name)!;
      scope.diagnostics.add('SL0722', source, span, { name, way: [...circle, name].join(' → ') });
    }
    for (const each of way) settled.add(each);
  }
  for (const { name, servers, fallBack } of backends) {
    const count = servers.length;
    if (fallBack === null || count === 0 || fallBack.below <= count) continue;
    const { source, span } = lines.get(name)!;
    const fix = `Write \`${count}\` or less, or give the backend more servers`;
    scope.diagnostics.add('SL0723', source, span, { below: fallBack.below, name, count }, fix);
  }
}
