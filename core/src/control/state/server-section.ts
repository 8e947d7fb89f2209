/**
 * ServerSection: what people have set of each server, how well it is, and which circuits are open. Main thread.
 */
import type { Steps } from '@sluice/dsl/match';
import type { ServerPlan } from '@sluice/dsl/plan';
import { ADMIN_STATES } from '../../shared/tables/server-table.ts';
import type { KeptCircuit } from '../health/circuits.ts';
import type { AddedServer } from '../members/added-servers.ts';
import type { Assigned } from '../reload/generations.ts';
import { type KeptServer, keptAdded, keptCircuit, keptServer } from './kept-server.ts';
import { decodeLines, encodeLines } from './line-section.ts';
import type { Section, WrittenSection } from './snapshot.ts';
import type { StateSources } from './state-sources.ts';

export const SERVER_SECTION = 'servers';
export const CIRCUIT_SECTION = 'circuits';
export const ADDED_SECTION = 'added servers';
const SERVER_VERSION = 1;
const CIRCUIT_VERSION = 1;
const ADDED_VERSION = 1;

/** encodeServers takes down each server of a generation of which there is something to say. */
export function encodeServers(sources: StateSources, { plan, slots }: Assigned): Steps<WrittenSection> {
  const servers = function* (): Iterable<readonly [string, ServerPlan]> {
    for (const backend of plan.backends) {
      for (const server of backend.servers) yield [`${backend.name}/${server.name}`, server];
    }
  };
  return encodeLines(SERVER_SECTION, SERVER_VERSION, servers(), ([name, server]) => {
    const kept = serverAsItIs(sources, name, slots.servers[name]!, server);
    return Object.keys(kept).length === 2 && kept.admin === 'ready' ? null : kept;
  });
}

export function decodeServers(section: Section): readonly KeptServer[] {
  return decodeLines(section, SERVER_VERSION, keptServer);
}

/** encodeCircuits takes down the circuits that are not closed. */
export function encodeCircuits({ circuits, timers }: StateSources): Steps<WrittenSection> {
  return encodeLines(CIRCUIT_SECTION, CIRCUIT_VERSION, circuits.kept(timers.now()), (circuit) => circuit);
}

export function decodeCircuits(section: Section): readonly KeptCircuit[] {
  return decodeLines(section, CIRCUIT_VERSION, keptCircuit);
}

/** encodeAdded records the servers that were added by hand. */
export function encodeAdded({ added }: StateSources): Steps<WrittenSection> {
  return encodeLines(ADDED_SECTION, ADDED_VERSION, added.all(), (server) => server);
}

export function decodeAdded(section: Section): readonly AddedServer[] {
  return decodeLines(section, ADDED_VERSION, keptAdded);
}

function serverAsItIs(sources: StateSources, name: string, slot: number, plan: ServerPlan): KeptServer {
  const { servers, checker, ejections, drains } = sources;
  const drain = drains.status(name);
  const [weight, max] = [servers.weight(slot), servers.max(slot)];
  const health = checker.kept(name);
  const ejection = ejections.kept(slot);
  return {
    name,
    admin: ADMIN_STATES[servers.admin(slot)]!,
    ...(drain === null || drain.isDone
      ? {}
      : { drain: { deadlineInMs: drain.deadlineInMs, isCutting: drains.isCutting(name) } }),
    ...(weight === plan.weight ? {} : { weight: { rules: plan.weight, set: weight } }),
    ...(max === plan.max ? {} : { max: { rules: plan.max, set: max } }),
    ...(health === null ? {} : { health }),
    ...(ejection === null ? {} : { ejection }),
  };
}
