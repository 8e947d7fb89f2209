/**
 * Discoverer: all sources of servers of a gateway, over reloads, and the plan with what they found. Main thread.
 *
 * A source whose line is the same in the next plan goes on as it is, with its members. What is written in the rules comes
 * first: a found server with a name or address that is there already is left out.
 */
import { addressText } from '@sluice/dsl';
import type { BackendPlan, DiscoveryPlan, Plan, ServerPlan } from '@sluice/dsl/plan';
import type { Discovery } from '../../plugin/discovery.ts';
import type { Timers } from '../clock/timers.ts';
import { type AddedServers, BY_HAND } from './added-servers.ts';
import { type DiscoveryEvent, DiscoverySource, type DiscoveryStats } from './discovery-source.ts';

export interface DiscovererOptions {
  readonly added: AddedServers;
  readonly timers: Timers;
  random(): number;
  /** Found servers are different now. */
  changed(): void;
  emit(event: DiscoveryEvent): void;
}

/** FindDiscovery finds the component behind a name. */
export type FindDiscovery = (name: string) => Discovery;

export class Discoverer {
  readonly #options: DiscovererOptions;
  readonly #sources = new Map<string, DiscoverySource>();
  /** Backends that find servers, as they are written, by name. */
  #backends = new Map<string, BackendPlan>();

  constructor(options: DiscovererOptions) {
    this.#options = options;
  }

  /** prepare asks the sources of a plan that do not run yet, and resolves when all have answered or were waited for. */
  async prepare(plan: Plan, component: FindDiscovery): Promise<void> {
    const waits: Promise<void>[] = [];
    this.#remember(plan);
    for (const [key, backend, discovery] of discoveriesOf(plan)) {
      const running = this.#sources.get(key);
      if (running !== undefined) {
        running.use(component(discovery.use.name));
        continue;
      }
      const source = this.#source(backend, discovery, component(discovery.use.name));
      this.#sources.set(key, source);
      source.start();
      if (discovery.waitMs > 0) waits.push(source.answered(discovery.waitMs));
    }
    await Promise.all(waits);
  }

  /** settle stops the sources that are not in a plan; null: all. */
  settle(plan: Plan | null): void {
    if (plan !== null) this.#options.added.keep(plan);
    this.#remember(plan);
    const wanted = new Set(plan === null ? [] : Array.from(discoveriesOf(plan), ([key]) => key));
    for (const [key, source] of this.#sources) {
      if (wanted.has(key)) continue;
      source.stop();
      this.#sources.delete(key);
    }
  }

  #remember(plan: Plan | null): void {
    const finding = plan?.backends.filter(({ discoveries }) => discoveries !== undefined) ?? [];
    this.#backends = new Map(finding.map((backend) => [backend.name, backend]));
    for (const backend of finding) this.#hurry(backend);
  }

  /** hurry: a source that fails is asked again sooner while its backend has nobody. */
  #hurry(backend: BackendPlan): void {
    if (this.#isEmpty(backend)) for (const source of this.#sourcesOf(backend)) source.hurry();
  }

  #isEmpty(backend: BackendPlan): boolean {
    return backend.servers.length === 0 && this.#sourcesOf(backend).every(({ servers }) => servers.length === 0);
  }

  #sourcesOf({ name, discoveries = [] }: BackendPlan): readonly DiscoverySource[] {
    return discoveries.flatMap((discovery) => this.#sources.get(keyOf(name, discovery)) ?? []);
  }

  /** withFound returns a plan with the servers that were found behind those that are written. */
  withFound(plan: Plan): Plan {
    const backends = plan.backends.map((backend) =>
      this.isFinding(backend) ? { ...backend, servers: this.servers(backend) } : backend,
    );
    return { ...plan, backends };
  }

  /** isFinding: a backend may have servers that are not written. */
  isFinding({ name, discoveries }: BackendPlan): boolean {
    return discoveries !== undefined || this.#options.added.isAny(name);
  }

  /** servers are those of a backend as it is written, those added by hand, and those found for it. */
  servers(backend: BackendPlan): readonly ServerPlan[] {
    const { name, servers: written, discoveries = [] } = backend;
    const names = new Set(written.map((server) => server.name));
    const addresses = new Set(written.map(addressOf));
    const all = [...written];
    const add = (server: ServerPlan): void => {
      const address = addressOf(server);
      if (names.has(server.name) || addresses.has(address)) return;
      names.add(server.name);
      addresses.add(address);
      all.push(server);
    };
    for (const server of this.#options.added.of(name)) add(server);
    for (const discovery of discoveries) {
      for (const server of this.#sources.get(keyOf(name, discovery))?.servers ?? []) add(server);
    }
    return all;
  }

  /** why says why a server that was found is gone. */
  why(backend: BackendPlan | undefined, server: ServerPlan): string {
    if (server.source === BY_HAND) {
      if (backend === undefined) return 'the rules no longer have its backend';
      return this.#options.added.has(backend.name, server.name)
        ? 'the rules have its address or name'
        : 'removed by hand';
    }
    const discovery = backend?.discoveries?.find(({ source }) => source === server.source);
    const source = discovery === undefined ? undefined : this.#sources.get(keyOf(backend!.name, discovery));
    return source?.why() ?? 'the rules no longer ask for it';
  }

  stats({ name, discoveries = [] }: BackendPlan): readonly DiscoveryStats[] {
    return discoveries.flatMap((discovery) => this.#sources.get(keyOf(name, discovery))?.stats() ?? []);
  }

  #source(backend: string, plan: DiscoveryPlan, component: Discovery): DiscoverySource {
    const { timers, random, changed, emit } = this.#options;
    return new DiscoverySource({
      backend,
      plan,
      component,
      timers,
      random,
      isBackendEmpty: () => {
        const written = this.#backends.get(backend);
        return written !== undefined && this.#isEmpty(written);
      },
      changed: () => {
        const written = this.#backends.get(backend);
        if (written !== undefined) this.#hurry(written);
        changed();
      },
      emit,
    });
  }
}

function* discoveriesOf(plan: Plan): Generator<[key: string, backend: string, discovery: DiscoveryPlan]> {
  for (const { name, discoveries = [] } of plan.backends) {
    for (const discovery of discoveries) yield [keyOf(name, discovery), name, discovery];
  }
}

const addressTexts = new WeakMap<ServerPlan, string>();

/** There may be thousands, and most are the same as the last time. */
function addressOf(server: ServerPlan): string {
  let text = addressTexts.get(server);
  if (text === undefined) {
    text = addressText(server.address);
    addressTexts.set(server, text);
  }
  return text;
}

const keys = new WeakMap<DiscoveryPlan, string>();

/** Where the text of the rules moved to is no reason to begin anew. */
function keyOf(backend: string, discovery: DiscoveryPlan): string {
  let key = keys.get(discovery);
  if (key === undefined) {
    key = JSON.stringify([backend, discovery], (name, value) => (name === 'place' ? undefined : value));
    keys.set(discovery, key);
  }
  return key;
}
