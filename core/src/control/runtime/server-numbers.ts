/**
 * ServerNumbers: the weight, `max` and queue of each server, from the rules into the server table. Main thread.
 *
 * A weight and a max are the plan's, unless somebody set others by hand and the plan's have not changed since.
 */
import type { Plan, ServerPlan } from '@sluice/dsl/plan';
import type { ServerTable } from '../../shared/tables/server-table.ts';
import type { Assigned, Changes } from '../reload/generations.ts';

export class ServerNumbers {
  readonly #servers: ServerTable;

  constructor(servers: ServerTable) {
    this.#servers = servers;
  }

  watch({ plan, slots }: Assigned, previous: Assigned | null): void {
    const before = serversOf(previous?.plan);
    for (const [name, server] of serversOf(plan)) this.#set(slots.servers[name]!, server, before.get(name));
  }

  change({ slots }: Assigned, previous: Assigned, changes: Changes): void {
    for (const { backend: name, changed, added } of changes) {
      const wanted = new Set(changed.map((server) => server.name));
      const servers = previous.plan.backends.find((each) => each.name === name)?.servers ?? [];
      const before = new Map(
        servers.filter((server) => wanted.has(server.name)).map((server) => [server.name, server]),
      );
      for (const server of [...changed, ...added]) {
        this.#set(slots.servers[`${name}/${server.name}`]!, server, before.get(server.name));
      }
    }
  }

  #set(slot: number, server: ServerPlan, before: ServerPlan | undefined): void {
    if (before?.weight !== server.weight) this.#servers.setWeight(slot, server.weight);
    if (before?.max !== server.max) this.#servers.setMax(slot, server.max);
    this.#servers.setMostWaiting(slot, server.queue);
  }
}

function serversOf(plan: Plan | undefined): Map<string, ServerPlan> {
  const servers = new Map<string, ServerPlan>();
  for (const backend of plan?.backends ?? []) {
    for (const server of backend.servers) servers.set(`${backend.name}/${server.name}`, server);
  }
  return servers;
}
