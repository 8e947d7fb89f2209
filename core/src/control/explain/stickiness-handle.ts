/**
 * StickinessHandle: what people may ask of one backend's stickiness while the gateway runs. Main thread.
 */
import type { BackendPlan } from '@sluice/dsl/plan';
import { importEntries } from '../../shared/plugins/import-entry.ts';
import { GatewayError } from '../report/errors.ts';
import type { StickTables, StickyStats } from '../slots/stick-tables.ts';
import { parseClient, type StickyRequest } from './request.ts';
import { explainServers, type LiveServers } from './servers.ts';
import { explainSticky, type StickyExplanation } from './sticky.ts';

/** StickyState is what a running gateway knows. */
export interface StickyState extends LiveServers {
  readonly sticks: StickTables;
}

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
