/**
 * ServerNames keeps the addresses of the names that servers are written by, for all threads. Main thread.
 *
 * Each name of the active plan is looked up once for the whole gateway, and again when its answer is over, whether requests come or
 * not: so a request never waits for a look-up. While nobody can be asked, the last addresses go on. A server whose name has
 * no address is held back, with the reason, until it has one.
 */
import { isIP } from 'node:net';
import type { Plan, ServerPlan } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import type { SlotMap } from '../../shared/orders/orders.ts';
import { type NameChanges, NameTable } from '../../shared/tables/name-table.ts';
import type { Timers } from '../clock/timers.ts';
import type { Assigned, Changes } from '../reload/generations.ts';
import { reasonOf } from '../report/errors.ts';
import type { NameResolver } from './name-resolver.ts';

export interface ServerNamesOptions {
  readonly timers: Timers;
  readonly log: Logger;
  /** The resolver that a plan's settings ask for. */
  resolver(plan: Plan): NameResolver;
  /** Tells all threads. */
  update(changes: NameChanges): void;
  hold(slot: number, reason: string): void;
  letGo(slot: number, reason: string): void;
}

/** How long a start or a reload waits for names that are new. */
const WAIT_MS = 2_000;
/** How long one look-up may take. */
const LOOKUP_MS = 10_000;
/** How soon is asked again after nobody could be. */
const AGAIN_MS = 5_000;
/** Look-ups at once. */
const AT_ONCE = 32;
/** A name that had addresses has to be missing so often in a row before it is believed: DNS servers stumble when they start. */
const MISSES = 3;
/** … with so long in between. */
const MISSED_MS = 1_000;
const LEAST_MS = 1_000;
const MOST_MS = 60_000;

interface Name {
  readonly name: string;
  addresses: readonly string[];
  /** Why it has no addresses, or why those that it has are old; null: they are good. */
  problem: string | null;
  /** Its problem is that there is no such name: nothing but another answer helps. */
  isMissing: boolean;
  /** Answers in a row without an address, while it had some. */
  misses: number;
  timer: unknown;
  /** The look-up under way. */
  asking: { readonly abort: AbortController; readonly done: Promise<void> } | null;
  /** Servers by this name. */
  slots: ReadonlySet<number>;
}

export class ServerNames {
  /** For connections of the main thread itself: health checks. */
  readonly table: NameTable;
  readonly #options: ServerNamesOptions;
  readonly #names = new Map<string, Name>();
  #plan: Plan | null = null;
  #resolver: NameResolver | null = null;
  #resolverKey = '';
  #leastMs = LEAST_MS;
  #mostMs = MOST_MS;
  #running = 0;
  readonly #line: (() => void)[] = [];

  constructor(options: ServerNamesOptions) {
    this.#options = options;
    this.table = new NameTable(() => options.timers.now());
  }

  /** prepare looks up the names that a plan has and none had before. Resolves when they are known, or after 2 s. */
  async prepare(plan: Plan): Promise<void> {
    this.#use(plan);
    const asking = [...namesOf(plan)].map((name) => this.#track(name)).filter(({ asking }) => asking !== null);
    const fresh = asking.filter(({ addresses, problem }) => addresses.length === 0 && problem === null);
    if (fresh.length === 0) return;
    const { timers } = this.#options;
    let timer: unknown;
    const limit = new Promise<void>((resolve) => {
      timer = timers.set(resolve, WAIT_MS);
    });
    await Promise.race([limit, Promise.all(fresh.map(({ asking }) => asking!.done))]);
    timers.clear(timer);
  }

  /** watch changes over to a plan: its names, and only those, are kept from now on. Call it when its servers are watched. */
  watch({ plan, slots }: Assigned): void {
    this.#use(plan);
    this.#plan = plan;
    const users = namesAndSlots(plan, slots);
    for (const name of users.keys()) this.#track(name);
    this.#forgetAllBut(new Set(users.keys()));
    for (const [name, own] of users) {
      const known = this.#names.get(name)!;
      known.slots = own;
      // Another server may have the slot by now, and the same server another name.
      if (known.addresses.length > 0) for (const slot of own) this.#options.letGo(slot, 'its name resolves');
      else for (const slot of own) this.#options.hold(slot, reasonFor(known));
    }
  }

  /** change does what `watch` does for a plan that differs in nothing but these servers, where names have to do with it. */
  change({ plan, slots }: Assigned, _: unknown, changes: Changes): void {
    const isNamed = ({ address }: ServerPlan): boolean => 'host' in address && isIP(address.host) === 0;
    const hasNames = this.#names.size > 0 || changes.some(({ changed, added }) => [...changed, ...added].some(isNamed));
    if (hasNames) this.watch({ plan, slots });
    else this.#plan = plan;
  }

  /** settle forgets the names of a plan that was not activated after all. */
  settle(): void {
    if (this.#plan === null) return;
    this.#use(this.#plan);
    this.#forgetAllBut(namesOf(this.#plan));
  }

  /** addresses are those that a name has now. */
  addresses(name: string): readonly string[] {
    return this.#names.get(name)?.addresses ?? [];
  }

  /** stop ends every look-up. */
  stop(): void {
    for (const known of this.#names.values()) this.#end(known);
    this.#names.clear();
    this.#line.length = 0;
    this.#plan = null;
  }

  /** Another resolver means other answers: everything is asked for again. */
  #use(plan: Plan): void {
    const { names } = plan.settings;
    this.#leastMs = names?.leastMs ?? LEAST_MS;
    this.#mostMs = Math.max(this.#leastMs, names?.mostMs ?? MOST_MS);
    const key = names?.servers.join() ?? '';
    if (this.#resolver !== null && key === this.#resolverKey) return;
    this.#resolverKey = key;
    this.#resolver = this.#options.resolver(plan);
    for (const known of this.#names.values()) {
      this.#end(known);
      this.#ask(known);
    }
  }

  #track(name: string): Name {
    let known = this.#names.get(name);
    if (known === undefined) {
      const nothing = { addresses: [], problem: null, isMissing: false, misses: 0, timer: null, asking: null };
      known = { name, ...nothing, slots: new Set() };
      this.#names.set(name, known);
      this.#ask(known);
    }
    return known;
  }

  #forgetAllBut(kept: ReadonlySet<string>): void {
    const gone: Record<string, null> = {};
    for (const [name, known] of this.#names) {
      if (kept.has(name)) continue;
      this.#end(known);
      this.#names.delete(name);
      gone[name] = null;
    }
    if (Object.keys(gone).length > 0) this.#tell(gone);
  }

  #end(known: Name): void {
    this.#options.timers.clear(known.timer);
    known.timer = null;
    known.asking?.abort.abort();
    known.asking = null;
  }

  #ask(known: Name): void {
    const abort = new AbortController();
    known.asking = { abort, done: this.#lookUp(known, abort) };
  }

  async #lookUp(known: Name, abort: AbortController): Promise<void> {
    const { timers } = this.#options;
    await this.#turn();
    let againMs = AGAIN_MS;
    const limit = timers.set(() => abort.abort(), LOOKUP_MS);
    try {
      if (abort.signal.aborted) return;
      const { addresses, ttlMs } = await this.#resolver!.resolve(known.name, abort.signal);
      if (known.asking?.abort !== abort) return;
      againMs = Math.min(this.#mostMs, Math.max(this.#leastMs, ttlMs));
      known.misses = addresses.length === 0 && known.addresses.length > 0 ? known.misses + 1 : 0;
      if (known.misses > 0 && known.misses < MISSES) againMs = MISSED_MS;
      else this.#found(known, [...addresses].sort());
    } catch (thrown) {
      if (known.asking?.abort !== abort) return;
      this.#failed(known, reasonOf(thrown));
    } finally {
      timers.clear(limit);
      this.#running--;
      this.#line.shift()?.();
    }
    known.asking = null;
    known.timer = timers.set(() => this.#ask(known), againMs);
  }

  /** turn waits until fewer than so many are under way. */
  async #turn(): Promise<void> {
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#line.push(resolve));
    this.#running++;
  }

  #found(known: Name, addresses: readonly string[]): void {
    const { log, hold, letGo } = this.#options;
    const before = known.addresses;
    const { name, problem } = known;
    known.addresses = addresses;
    known.isMissing = addresses.length === 0;
    known.problem = known.isMissing ? 'it does not exist, or has no address' : null;
    if (known.problem !== problem && known.problem !== null)
      log.warn({ name }, `the name ${name} does not resolve: ${known.problem}`);
    if (known.problem === null && problem !== null) log.info({ name, addresses }, `the name ${name} resolves again`);
    if (before.join() === addresses.join()) {
      if (addresses.length === 0) for (const slot of known.slots) hold(slot, reasonFor(known));
      return;
    }
    if (before.length > 0 && addresses.length > 0) {
      log.info({ name, from: before, to: addresses }, `the addresses of ${name} have changed`);
    }
    this.#tell({ [name]: addresses });
    for (const slot of known.slots) {
      if (addresses.length === 0) hold(slot, reasonFor(known));
      else if (before.length === 0) letGo(slot, `its name resolves to ${addresses.join(', ')}`);
    }
  }

  /** The last addresses go on: whoever cannot be asked has not said that they are wrong. */
  #failed(known: Name, reason: string): void {
    const { name, addresses, problem } = known;
    if (problem === reason) return;
    known.problem = reason;
    const goesOn = addresses.length > 0 ? '; its last addresses go on' : '';
    this.#options.log.warn({ name, reason }, `the name ${name} cannot be looked up: ${reason}${goesOn}`);
    if (addresses.length === 0) for (const slot of known.slots) this.#options.hold(slot, reasonFor(known));
  }

  #tell(changes: NameChanges): void {
    this.table.update(changes);
    this.#options.update(changes);
  }
}

function reasonFor({ name, problem, isMissing }: Name): string {
  if (problem === null) return `its name ${name} is being looked up`;
  return isMissing ? `its name ${name} does not resolve` : `its name ${name} cannot be looked up: ${problem}`;
}

function namesOf(plan: Plan): ReadonlySet<string> {
  const hosts = plan.backends.flatMap(({ servers }) =>
    servers.flatMap(({ address }) => ('host' in address && isIP(address.host) === 0 ? [address.host] : [])),
  );
  return new Set(hosts);
}

function namesAndSlots(plan: Plan, slots: SlotMap): Map<string, Set<number>> {
  const users = new Map<string, Set<number>>();
  for (const backend of plan.backends) {
    for (const { name, address } of backend.servers) {
      if (!('host' in address) || isIP(address.host) !== 0) continue;
      const own = users.get(address.host) ?? new Set();
      users.set(address.host, own);
      own.add(slots.servers[`${backend.name}/${name}`]!);
    }
  }
  return users;
}
