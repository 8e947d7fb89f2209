/**
 * StateRestorer: gives a gateway that starts what is kept of an earlier process, as far as its rules still have it. Main thread.
 *
 * Stick tables and rates are filled before the first generation is switched to, servers are set at the switch; no request is served before.
 * Servers that a discovery finds only later get what people have set, and nothing else.
 */
import type { Steps } from '@sluice/dsl/match';
import type { BackendPlan, Plan } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import { ADMIN_STATES } from '../../shared/tables/server-table.ts';
import type { Assigned, Changes, Generation } from '../reload/generations.ts';
import { reasonOf } from '../report/errors.ts';
import type { KeptServer } from './kept-server.ts';
import type { KeptState } from './kept-state.ts';
import { fillRates } from './rate-section.ts';
import type { StateSources } from './state-sources.ts';
import { fillTable } from './stick-section.ts';

export class StateRestorer {
  readonly #sources: StateSources;
  readonly #log: Logger;
  /** null: there is nothing, or everything has been restored. */
  #kept: KeptState | null;
  /** Of servers that no generation has had yet, by `backend/server`. */
  readonly #servers: Map<string, KeptServer>;
  #clients = 0;
  #limited = 0;

  constructor(sources: StateSources, log: Logger, kept: KeptState | null) {
    this.#sources = sources;
    this.#log = log;
    this.#kept = kept;
    this.#servers = new Map(kept?.servers.map((server) => [server.name, server]));
  }

  /** addServers adds, before the first generation, the servers that had been added by hand; later it does nothing. */
  addServers({ backends }: Plan): void {
    for (const server of this.#kept?.added ?? []) {
      const backend = backends.find(({ name }) => name === server.backend);
      if (backend === undefined) continue;
      try {
        this.#sources.added.add(backend, server);
      } catch (thrown) {
        this.#log.info({ server }, `a server that was added by hand is not added again: ${reasonOf(thrown)}`);
      }
    }
  }

  /** fill fills the tables of the first generation; later it does nothing. */
  *fill(slots: Assigned['slots']): Steps<void> {
    if (this.#kept === null) return;
    const { agoMs, sticks, rates } = this.#kept;
    const agoS = Math.floor(agoMs / 1000);
    for (const [backend, table] of this.#sources.sticks.prepared()) {
      const kept = sticks?.tables.get(backend);
      if (kept === undefined) continue;
      const slotOf = (server: string): number | undefined => slots.servers[`${backend}/${server}`];
      this.#clients += yield* fillTable(kept, table, slotOf, agoS);
    }
    if (rates !== null) this.#limited = yield* fillRates(rates, this.#sources.rates, agoMs);
  }

  watch({ plan, slots }: Assigned): void {
    if (this.#kept === null) return;
    const { agoMs, circuits } = this.#kept;
    const { timers } = this.#sources;
    let known = 0;
    let set = 0;
    for (const backend of plan.backends) {
      const servers = this.#take(backend);
      known += servers.length;
      for (const server of servers) if (this.#setByHand(backend, server, slots, agoMs)) set++;
      this.#resumeHealth(backend, servers, agoMs);
      for (const { name, ejection } of servers) {
        if (ejection !== undefined) this.#sources.ejections.resume(slots.servers[name]!, ejection, agoMs);
      }
    }
    for (const circuit of circuits) this.#sources.circuits.resume(circuit, timers.now(), agoMs);
    const counts = { ageMs: agoMs, servers: known, setByHand: set, clients: this.#clients, limited: this.#limited };
    this.#log.info(
      counts,
      `state of ${Math.round(agoMs / 1000)} s ago was restored: ${known} servers, ${set} of them set by hand, and ${this.#clients} clients of stick tables`,
    );
    this.#kept = null;
  }

  change({ plan, slots }: Generation, _: unknown, changes: Changes): void {
    if (this.#servers.size === 0) return;
    for (const { backend: name, added } of changes) {
      const backend = plan.backends.find((each) => each.name === name);
      if (backend === undefined || added.length === 0) continue;
      // How long ago that was matters to nothing that is restored here but deadlines, which then have all of their time again.
      for (const server of this.#take(backend)) this.#setByHand(backend, server, slots, 0);
    }
  }

  /** take hands out what is kept of a backend's servers, once. */
  #take({ name: backend, servers }: BackendPlan): KeptServer[] {
    const found: KeptServer[] = [];
    for (const server of servers) {
      const name = `${backend}/${server.name}`;
      const kept = this.#servers.get(name);
      if (kept === undefined) continue;
      this.#servers.delete(name);
      found.push(kept);
    }
    return found;
  }

  /** setByHand sets what people had set, and says whether there was anything. */
  #setByHand(backend: BackendPlan, kept: KeptServer, slots: Assigned['slots'], agoMs: number): boolean {
    const { servers, drains } = this.#sources;
    const { name, admin, drain, weight, max } = kept;
    const slot = slots.servers[name]!;
    const plan = backend.servers.find((server) => `${backend.name}/${server.name}` === name)!;
    const isWeight = weight !== undefined && weight.rules === plan.weight;
    const isMax = max !== undefined && max.rules === plan.max;
    if (isWeight) servers.setWeight(slot, weight.set);
    if (isMax) servers.setMax(slot, max.set);
    if (admin !== 'ready') {
      servers.setAdmin(slot, ADMIN_STATES.indexOf(admin));
      if (drain !== undefined) {
        const deadlineMs = drain.deadlineInMs === null ? null : Math.max(0, drain.deadlineInMs - agoMs);
        void drains.start(name, slot, { to: admin, deadlineMs, isCutting: drain.isCutting });
      }
    }
    const words = [
      ...(admin === 'ready' ? [] : [admin]),
      ...(isWeight ? [`weight ${weight.set}`] : []),
      ...(isMax ? [`max ${max.set}`] : []),
    ];
    if (words.length > 0)
      this.#log.info({ server: name }, `server ${name}: ${words.join(', ')}, as it was set by hand`);
    return words.length > 0;
  }

  /**
   * A process that was away for longer than a check's interval has missed probes. Servers that were all down may all be up by now, and
   * whoever starts with none of them answers nobody: then they are taken on trust, as at any start.
   */
  #resumeHealth({ check, servers }: BackendPlan, kept: readonly KeptServer[], agoMs: number): void {
    if (check === null) return;
    const isLate = agoMs > check.intervalMs;
    const down = kept.filter(({ health }) => health?.counts.state === 'stopped').length;
    if (isLate && down === servers.length) return;
    for (const { name, health } of kept) {
      if (health !== undefined) this.#sources.checker.resume(name, health, agoMs, isLate);
    }
  }
}
