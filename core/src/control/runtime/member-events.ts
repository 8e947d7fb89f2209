/**
 * MemberEvents: which servers a discovery, or somebody by hand, has added to a backend or removed from it, as events. Main thread.
 */
import type { BackendPlan, Plan, ServerPlan } from '@sluice/dsl/plan';
import type { ServerState } from '../../shared/tables/server-table.ts';
import type { ServerEvent } from '../health/server-states.ts';
import { BY_HAND } from '../members/added-servers.ts';
import type { Changes, Generation } from '../reload/generations.ts';
import type { Part } from './part.ts';

export interface MemberEventsOptions {
  /** The state of `backend/server`, of this generation and of the one before. */
  state(name: string): ServerState;
  /** Why a server that was found is gone. */
  why(backend: BackendPlan | undefined, server: ServerPlan): string;
  emit(event: ServerEvent): void;
}

/** Comes first among the parts: the state that a removed server had is gone when the others have switched. */
export class MemberEvents implements Part {
  readonly #options: MemberEventsOptions;
  /** Events of the present switch. An added server's state is known when all parts have switched. */
  #due: (() => ServerEvent)[] = [];

  constructor(options: MemberEventsOptions) {
    this.#options = options;
  }

  watch({ plan }: Generation, previous: Generation | null): void {
    for (const [before, backend] of changedBackends(previous?.plan, plan)) {
      const names = new Set(backend?.servers.map(({ name }) => name));
      for (const server of before.servers) {
        if (server.source !== undefined && !names.has(server.name)) this.#removed(before.name, backend, server);
      }
    }
    for (const [backend, before] of changedBackends(plan, previous?.plan)) {
      const names = new Set(before?.servers.map(({ name }) => name));
      for (const server of backend.servers) {
        if (server.source !== undefined && !names.has(server.name)) this.#added(backend.name, server);
      }
    }
  }

  change({ plan }: Generation, previous: Generation, changes: Changes): void {
    for (const { backend: name, removed, added } of changes) {
      const backend = plan.backends.find((each) => each.name === name);
      const gone = new Set(removed);
      const before = previous.plan.backends.find((each) => each.name === name)?.servers ?? [];
      for (const server of before) if (gone.has(server.name)) this.#removed(name, backend, server);
      for (const server of added) this.#added(name, server);
    }
  }

  announce(): void {
    const due = this.#due;
    this.#due = [];
    for (const event of due) this.#options.emit(event());
  }

  #removed(backend: string, plan: BackendPlan | undefined, server: ServerPlan): void {
    const from = this.#options.state(`${backend}/${server.name}`);
    const reason = this.#options.why(plan, server);
    this.#due.push(() => ({ backend, server: server.name, from, to: 'absent', reason }));
  }

  #added(backend: string, { name: server, source }: ServerPlan): void {
    const to = (): ServerState => this.#options.state(`${backend}/${server}`);
    const reason = source === BY_HAND ? 'added by hand' : `found by ${source}`;
    this.#due.push(() => ({ backend, server, from: 'absent', to: to(), reason }));
  }
}

/** changedBackends pairs backends that have servers which are not written with those of another plan, where their servers are not the very same. */
function changedBackends(plan: Plan | undefined, other: Plan | undefined): [BackendPlan, BackendPlan | undefined][] {
  const others = new Map(other?.backends.map((backend) => [backend.name, backend]));
  return (plan?.backends ?? [])
    .filter(({ servers }) => servers.some(({ source }) => source !== undefined))
    .map((backend): [BackendPlan, BackendPlan | undefined] => [backend, others.get(backend.name)])
    .filter(([backend, pair]) => pair?.servers !== backend.servers);
}
