/**
 * MemberChange, worked out and applied: both planes hold the servers of a backend in the same order, because both apply the
 * same changes the same way. Both planes.
 */
import type { ServerPlan } from '@sluice/dsl/plan';
import type { MemberChange } from './orders.ts';

/** changedMembers returns the servers after a change: what was changed stays in its place, what was added comes last. */
export function changedMembers(
  servers: readonly ServerPlan[],
  { removed, changed, added }: Omit<MemberChange, 'slots'>,
): readonly ServerPlan[] {
  const gone = new Set(removed);
  const others = new Map(changed.map((server) => [server.name, server]));
  const kept: ServerPlan[] = [];
  for (const server of servers) if (!gone.has(server.name)) kept.push(others.get(server.name) ?? server);
  return [...kept, ...added];
}

/** differenceOf says how the wanted servers, in any order, differ from those that there are; null: not at all. */
export function differenceOf(
  backend: string,
  servers: readonly ServerPlan[],
  wanted: readonly ServerPlan[],
): Omit<MemberChange, 'slots'> | null {
  const before = new Map(servers.map((server) => [server.name, server]));
  const changed: ServerPlan[] = [];
  const added: ServerPlan[] = [];
  for (const server of wanted) {
    const known = before.get(server.name);
    if (known === undefined) added.push(server);
    else if (!isSameServer(known, server)) changed.push(server);
    before.delete(server.name);
  }
  const removed = [...before.keys()];
  return removed.length + changed.length + added.length === 0 ? null : { backend, removed, changed, added };
}

/** isSameServer tells whether two plans of a server mean the same. Where they are written is no difference. */
export function isSameServer(one: ServerPlan, other: ServerPlan): boolean {
  if (one === other) return true;
  return (
    one.name === other.name &&
    one.weight === other.weight &&
    one.max === other.max &&
    one.queue === other.queue &&
    one.isBackup === other.isBackup &&
    one.source === other.source &&
    JSON.stringify(one.address) === JSON.stringify(other.address)
  );
}
