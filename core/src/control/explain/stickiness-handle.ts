/**
 * StickinessHandle: what people may ask of one backend's stickiness while the gateway runs. Main thread.
 */
import type { BackendPlan } from '@sluice/dsl/plan';
import { monotonicMs } from '../../shared/clock/clock.ts';
import { inSlices } from '../../shared/clock/slices.ts';
import { importEntries } from '../../shared/plugins/import-entry.ts';
import type { SharedStickTable } from '../../shared/tables/shared-stick-table.ts';
import { GatewayError } from '../report/errors.ts';
import type { StickTables, StickyStats } from '../slots/stick-tables.ts';
import { parseClient, type StickyRequest } from './request.ts';
import { explainServers, type LiveServers } from './servers.ts';
import { explainSticky, type StickyExplanation } from './sticky.ts';

/** StickyState is what a running gateway knows. */
export interface StickyState extends LiveServers {
  readonly sticks: StickTables;
}

/** StickyEntries are clients that a table knows. */
export interface StickyEntries {
  readonly entries: readonly {
    /** 16 hexadecimal digits; nobody can tell the client from it. `find` says which one a client has. */
    readonly id: string;
    /** null: the server is gone. */
    readonly server: string | null;
    readonly sinceMs: number;
    readonly expiresInMs: number;
  }[];
  /** What `after` is for the next page; null: that was all. */
  readonly next: number | null;
}

/** StickyWish says which entries are to be forgotten. */
export type StickyWish = { readonly entry: string } | { readonly server: string } | { readonly all: true };

export class StickinessHandle {
  readonly backend: string;
  readonly #state: () => StickyState;

  /** `state` throws when the gateway does not run. Throws SG0509 for a backend without stickiness. */
  constructor(backend: string, state: () => StickyState) {
    this.backend = backend;
    this.#state = state;
    this.#plan(state());
  }

  /**
   * find says where a client belongs, whether its next request would go there, and why not. It changes nothing: an entry's
   * ttl is not restarted. Rejects with SG0505 for what is no address or header.
   */
  async find(request: StickyRequest): Promise<StickyExplanation> {
    const state = this.#state();
    const { current } = state;
    const backend = this.#plan(state);
    const facts = parseClient(request);
    const entries = await importEntries(current.entries);
    const servers = explainServers(backend, state, facts, entries);
    const found = explainSticky({
      backend,
      facts,
      entries,
      secrets: current.secrets,
      servers,
      slots: servers.map(({ name }) => current.slots.servers[`${backend.name}/${name}`]!),
      tables: state.sticks,
      live: state,
    });
    return found!;
  }

  /**
   * entries lists what the table knows, in no order that means anything: at most `most` (default 100) behind the place `after`, of one server or of all. Keys are kept
   * as hashes only. Throws SG0502 for a server that the backend does not have.
   */
  entries(options: { readonly most?: number; readonly after?: number; readonly server?: string } = {}): StickyEntries {
    const { most = 100, after = 0, server } = options;
    const state = this.#state();
    const names = this.#names(state);
    const slot = server === undefined ? null : this.#slotOf(server, names);
    const page = this.#table(state)?.page(after, most, slot) ?? { entries: [], next: null };
    const entries = page.entries.map(({ id, slot: own, expiresInS, sinceS }) => ({
      ...{ id, server: names.get(own) ?? null, sinceMs: 1000 * sinceS, expiresInMs: 1000 * expiresInS },
    }));
    return { entries, next: page.next };
  }

  /**
   * clear forgets one entry, those of a server, or all, and resolves to how many that were: those clients are new with their next request. Rejects with
   * SG0502, or SG0516 for an entry that is not there.
   */
  async clear(wish: StickyWish): Promise<number> {
    const state = this.#state();
    const table = this.#table(state);
    if ('entry' in wish) {
      if (table?.drop(wish.entry) === true) return 1;
      throw new GatewayError('SG0516', { backend: this.backend, entry: wish.entry });
    }
    const slot = 'server' in wish ? this.#slotOf(wish.server, this.#names(state)) : null;
    return table === undefined ? 0 : inSlices(table.clear(slot), monotonicMs);
  }

  /** Undefined for stickiness that keeps nothing, such as a cookie of the gateway's own. */
  #table(state: StickyState): SharedStickTable | undefined {
    const plan = this.#plan(state);
    return state.sticks.stats(plan)?.size === 0 ? undefined : state.sticks.table(plan.name);
  }

  #names(state: StickyState): ReadonlyMap<number, string> {
    const { slots } = state.current;
    return new Map(this.#plan(state).servers.map(({ name }) => [slots.servers[`${this.backend}/${name}`]!, name]));
  }

  #slotOf(server: string, names: ReadonlyMap<number, string>): number {
    for (const [slot, name] of names) if (name === server) return slot;
    const known = Array.from(names.values(), (name) => `${this.backend}/${name}`).join(', ');
    throw new GatewayError('SG0502', { server: `${this.backend}/${server}`, known });
  }

  /** stats counts since the start, over all threads and reloads. */
  stats(): StickyStats {
    const state = this.#state();
    return state.sticks.stats(this.#plan(state))!;
  }

  #plan({ current: { plan } }: StickyState): BackendPlan {
    const backend = plan.backends.find(({ name, stick }) => name === this.backend && stick !== null);
    if (backend !== undefined) return backend;
    const known = plan.backends.flatMap(({ name, stick }) => (stick === null ? [] : [name])).join(', ');
    throw new GatewayError('SG0509', { backend: this.backend, known: known === '' ? 'none' : known });
  }
}
