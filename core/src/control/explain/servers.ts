/**
 * ExplainServers: which servers of a backend could take a request now, which one the strategy picks, and why not the others.
 * Main thread.
 *
 * The rules are the data plane's own: running or starting, ready, weight above 0, below its max; backups only when no
 * other server is usable. What the strategy says comes from its own code, over the same server table that threads read.
 */
import { finish, type RequestFacts } from '@sluice/dsl/match';
import type { Address, BackendPlan, ServerPlan } from '@sluice/dsl/plan';
import type { BalanceExplanation, DataEntry } from '../../plugin/data-entry.ts';
import type { BackendTable } from '../../shared/tables/backend-table.ts';
import type { CircuitState } from '../../shared/tables/circuit-table.ts';
import {
  ADMIN_STATES,
  type AdminState,
  FULL_SHARE,
  RUNNING,
  SERVER_STATES,
  type ServerState,
  ServerTable,
} from '../../shared/tables/server-table.ts';
import { ServerTier } from '../../shared/tables/server-tier.ts';
import type { Generation } from '../reload/generations.ts';
import { reasonOf } from '../report/errors.ts';

export interface ServerExplanation {
  readonly name: string;
  readonly address: Address;
  /** What found it, as the rules say it; null: it is written in the rules. */
  readonly source: string | null;
  readonly isUsable: boolean;
  /** The strategy picks it for this request; null: turns or chance decide among those that are usable. */
  readonly isPicked: boolean | null;
  /** For people: `running, takes its turn: 1 in 2`, `stopped by its health check`, `full: 200 of 200 requests`. */
  readonly why: string;
  readonly state: ServerState;
  readonly admin: AdminState;
  /** 0 to 256, as it is when slow start is over. */
  readonly weight: number;
  readonly open: number;
  /** The most requests at once now: in slow start a part of the written max. */
  readonly max: number;
  readonly isBackup: boolean;
}

/** LiveServers is what there is to know of servers while the gateway runs. */
export interface LiveServers {
  readonly servers: ServerTable;
  readonly backends: BackendTable;
  readonly current: Generation;
  /** The clock of all threads, in milliseconds. */
  now(): number;
  /** Why `backend/server` is stopped in spite of its check; null: it is not. */
  held(name: string): string | null;
  /** The state of a backend's circuit; null: it has none. */
  circuit(slot: number): CircuitState | null;
}

const CIRCUIT_PROBLEMS: Readonly<Record<Exclude<CircuitState, 'closed'>, string>> = {
  open: 'the circuit of its backend is open: requests are answered 503, and one is tried when its time is over',
  'half-open': 'the circuit of its backend is half-open: one request is on trial, the others are answered 503',
};

/** explainServers looks at every server; without a running gateway all are taken to be up, and idle. */
export function explainServers(
  backend: BackendPlan,
  live: LiveServers | null,
  facts: RequestFacts,
  entries: readonly DataEntry[],
): readonly ServerExplanation[] {
  const table = live?.servers ?? idleTable(backend.servers);
  const nowMs = live?.now() ?? 0;
  const slots = backend.servers.map(({ name }, index) =>
    live === null ? index : (live.current.slots.servers[`${backend.name}/${name}`] ?? -1),
  );
  const open = live === null ? 0 : live.backends.open(live.current.slots.backends[backend.name] ?? 0);
  const views = [false, true].map(
    (isBackup) => new TierView(backend, slots, isBackup, table, open, facts, entries, () => nowMs),
  );
  // When nobody else is there, those are asked too whose last connections failed.
  const active = views.find(({ hasUsable }) => hasUsable) ?? views.find((view) => view.takeAll());
  const isFull = backend.max > 0 && open >= backend.max;
  const circuit = live?.circuit(live.current.slots.backends[backend.name]!) ?? 'closed';
  return backend.servers.map((server, index) => {
    const seen = seenOf(server, table, slots[index]!);
    const held = live?.held(`${backend.name}/${server.name}`) ?? null;
    const passedOverMs = active?.takesAll === true ? 0 : table.passedOverMs(slots[index]!, nowMs);
    let problem = held ?? problemOf(seen, table.share(slots[index]!), active?.isBackup === false, passedOverMs);
    if (isFull) problem = `the backend is full: ${open} of ${backend.max} requests`;
    if (circuit !== 'closed') problem = CIRCUIT_PROBLEMS[circuit];
    const view = problem === null ? active : undefined;
    const picked = view?.picked ?? -1;
    const said = view === undefined ? null : view.why(index);
    return {
      ...seen,
      isUsable: problem === null,
      isPicked: problem !== null ? false : picked === -1 ? null : picked === index,
      why: problem ?? (said === null ? seen.state : `${seen.state}, ${said}`),
    };
  });
}

/** TierView is what the strategy says of the backups, or of the other servers. Indexes are places in the plan's list. */
class TierView {
  readonly isBackup: boolean;
  readonly hasUsable: boolean;
  picked = -1;
  /** Those are asked too whose last connections failed. */
  takesAll = false;
  readonly #tier: ServerTier;
  readonly #members: readonly number[];
  readonly #places: readonly number[];
  readonly #explain: (tier: ServerTier) => BalanceExplanation | null;
  #said: BalanceExplanation | null = null;
  #failure: string | null = null;

  constructor(
    backend: BackendPlan,
    slots: readonly number[],
    isBackup: boolean,
    table: ServerTable,
    openInAll: number,
    facts: RequestFacts,
    entries: readonly DataEntry[],
    now: () => number,
  ) {
    const members = [...backend.servers.keys()].filter(
      (index) => backend.servers[index]!.isBackup === isBackup && slots[index] !== -1,
    );
    const names = members.map((index) => backend.servers[index]!.name);
    const places = Int32Array.from(members, (index) => slots[index]!);
    const sources = { table, openInAll: () => openInAll, random: Math.random, now };
    this.#tier = finish(ServerTier.of(backend.name, names, places, sources));
    this.isBackup = isBackup;
    this.#members = members;
    const placeOf = new Map(members.map((index, place) => [index, place]));
    this.#places = backend.servers.map((_, index) => placeOf.get(index) ?? -1);
    this.#explain = (tier) => explainBalance(backend, tier, facts, entries);
    this.hasUsable = this.#tier.nextUsable(0) !== -1;
    if (this.hasUsable) this.#ask();
  }

  /** takeAll asks those too whose last connections failed. False: there are none. */
  takeAll(): boolean {
    this.takesAll = this.#tier.takeAll() && this.#tier.nextUsable(0) !== -1;
    if (this.takesAll) this.#ask();
    return this.takesAll;
  }

  #ask(): void {
    try {
      this.#said = this.#explain(this.#tier);
    } catch (thrown) {
      this.#failure = `its strategy failed: ${reasonOf(thrown)}`;
    }
    const picked = this.#said?.picked ?? -1;
    this.picked = picked === -1 ? -1 : this.#members[picked]!;
  }

  why(index: number): string | null {
    return this.#failure ?? this.#said?.why(this.#places[index]!) ?? null;
  }
}

function explainBalance(
  { balance }: BackendPlan,
  tier: ServerTier,
  facts: RequestFacts,
  entries: readonly DataEntry[],
): BalanceExplanation | null {
  for (const { balancers } of entries) {
    if (balancers === undefined || !Object.hasOwn(balancers, balance.name)) continue;
    return balancers[balance.name]!(tier, balance.options).explain?.(facts, tier) ?? null;
  }
  return null;
}

function idleTable(servers: readonly ServerPlan[]): ServerTable {
  const table = new ServerTable(new SharedArrayBuffer(ServerTable.bytes(1)), 1);
  for (const [slot, { weight, max }] of servers.entries()) {
    table.setState(slot, RUNNING);
    table.setWeight(slot, weight);
    table.setMax(slot, max);
  }
  return table;
}

type Seen = Omit<ServerExplanation, 'isUsable' | 'isPicked' | 'why'>;

function seenOf({ name, address, isBackup, source }: ServerPlan, table: ServerTable, slot: number): Seen {
  return {
    name,
    address,
    source: source ?? null,
    state: SERVER_STATES[table.state(slot)]!,
    admin: ADMIN_STATES[table.admin(slot)]!,
    weight: table.weight(slot),
    open: table.open(slot),
    max: table.limit(slot),
    isBackup,
  };
}

function problemOf(
  { state, admin, weight, open, max, isBackup }: Seen,
  share: number,
  hasPrimary: boolean,
  passedOverMs: number,
): string | null {
  if (admin === 'maint') return 'in maintenance';
  if (admin === 'drain') return 'draining: only its sticky clients go there';
  if (state === 'stopped') return 'stopped by its health check';
  if (state === 'stopping') return 'stopping: its health check wants no new clients';
  if (weight === 0) return 'weight 0: takes no new requests';
  if (max > 0 && open >= max) {
    const starts =
      share === FULL_SHARE ? '' : `, as it starts with ${Math.round((100 * share) / FULL_SHARE)}% of its max`;
    return `full: ${open} of ${max} requests${starts}`;
  }
  if (passedOverMs > 0) {
    return `skipped for another ${(passedOverMs / 1000).toFixed(1)} s: its last connections failed`;
  }
  if (isBackup && hasPrimary) return 'backup: another server is up';
  return null;
}
