/**
 * FoundServers: applies what discoveries have found, and what was added by hand, to the running generation. Main thread.
 *
 * Changes wait their turn in the generations' line; what else is found until then goes with them.
 */
import type { BackendPlan, Plan } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import { changedMembers, differenceOf } from '../../shared/orders/member-change.ts';
import type { MemberChange } from '../../shared/orders/orders.ts';
import type { ServerTable } from '../../shared/tables/server-table.ts';
import type { Discoverer } from '../members/discoverer.ts';
import type { Generations } from '../reload/generations.ts';
import { reasonOf } from '../report/errors.ts';

export interface FoundServersOptions {
  readonly log: Logger;
  readonly servers: ServerTable;
  readonly discoverer: Discoverer;
  readonly generations: Generations;
  /** The plan as it is written; null before there is one. */
  written(): Plan | null;
}

export class FoundServers {
  readonly #options: FoundServersOptions;
  /** A change waits in the line. */
  #isDue = false;

  constructor(options: FoundServersOptions) {
    this.#options = options;
  }

  /** changed: a discovery has other servers than before. */
  changed(): void {
    const { generations, log } = this.#options;
    if (this.#isDue || generations.current === null) return;
    this.#isDue = true;
    void generations.inLine(async () => {
      // What was found has just been read and compared.
      await new Promise((resolve) => setImmediate(resolve));
      this.#isDue = false;
      try {
        await this.apply();
      } catch (thrown) {
        log.error(`discovered servers were not applied: ${reasonOf(thrown)}`);
      }
    });
  }

  /** apply has the active generation have the servers that were found and added by now. Call it in line. Rejects with the old ones still there. */
  async apply(): Promise<void> {
    const { servers, discoverer, generations } = this.#options;
    const { current } = generations;
    const plan = this.#options.written();
    if (current === null || plan === null) return;
    const written = new Map(plan.backends.map((backend) => [backend.name, backend]));
    const changes: Omit<MemberChange, 'slots'>[] = [];
    const backends = current.plan.backends.map((backend): BackendPlan => {
      const own = written.get(backend.name)!;
      // A backend that finds nobody has others than the written ones if some were added by hand.
      if (!discoverer.isFinding(own) && backend.servers === own.servers) return backend;
      const wanted = discoverer.servers(own);
      const change = differenceOf(backend.name, backend.servers, wanted);
      if (change === null) return backend;
      changes.push(change);
      return { ...backend, servers: changedMembers(backend.servers, change) };
    });
    if (changes.length === 0) return;
    await generations.change({ ...current.plan, backends }, changes);
    // Requests that began before may still try again: not there. Only now, as no thread counts on these servers any more.
    for (const { backend, removed } of changes) {
      for (const name of removed) servers.setWeight(current.slots.servers[`${backend}/${name}`]!, 0);
    }
  }
}
