/**
 * MemberChange, worked out and applied: both planes hold the servers of a backend in the same order, because both apply the
 * same changes the same way. Both planes.
 */
import type { Address, ServerPlan } from '@sluice/dsl/plan';
import type { MemberChange } from './orders.ts';

/** MembersAfter are the servers after a change, and the place that each had before; -1: it was changed or added. */
export interface MembersAfter {
  readonly servers: readonly ServerPlan[];
  readonly before: Int32Array;
}

/** membersAfter applies a change: what was changed stays in its place, what was added comes last. */
export function membersAfter(
  servers: readonly ServerPlan[],
  { removed, changed, added }: Omit<MemberChange, 'slots'>,
): MembersAfter {
  const gone = new Set(removed);
  const others = new Map(changed.map((server) => [server.name, server]));
  const after: ServerPlan[] = [];
  const before = new Int32Array(servers.length + added.length).fill(-1);
  for (let index = 0; index < servers.length; index++) {
    const server = servers[index]!;
    if (gone.has(server.name)) continue;
    const other = others.get(server.name);
    if (other === undefined) before[after.length] = index;
    after.push(other ?? server);
  }
  for (const server of added) after.push(server);
  return { servers: after, before: before.subarray(0, after.length) };
}

/** changedMembers returns the servers after a change. */
export function changedMembers(
  servers: readonly ServerPlan[],
  change: Omit<MemberChange, 'slots'>,
): readonly ServerPlan[] {
  return membersAfter(servers, change).servers;
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
    isSameAddress(one.address, other.address)
  );
}

function isSameAddress(one: Address, other: Address): boolean {
  if ('path' in one) return 'path' in other && one.path === other.path;
  return !('path' in other) && one.host === other.host && one.port === other.port;
}
