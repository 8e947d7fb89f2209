/**
 * LiveServerPool: one backend's servers as requests use them: in two tiers, with backups only behind the others. Hot path;
 * data plane.
 *
 * Here indexes are places in the plan's list; the strategies' are places in a tier. `begin` starts a request's attempt.
 */
import type { Steps } from '@sluice/dsl/match';
import type { BackendPlan } from '@sluice/dsl/plan';
import type { StickyPool } from '../../plugin/server-pool.ts';
import type { BackendTable } from '../../shared/tables/backend-table.ts';
import { MAINT, RUNNING, type ServerTable, STARTING, STOPPING } from '../../shared/tables/server-table.ts';
import { ServerTier, type TierSources } from '../../shared/tables/server-tier.ts';
import type { Endpoint } from './endpoint.ts';

/** What a pool reads; `backends` and `slot` give the open requests of the whole backend. */
export interface PoolSources {
  readonly table: ServerTable;
  readonly backends: BackendTable;
  /** The backend's slot. */
  readonly slot: number;
  random(): number;
  now(): number;
}

/** So many of the servers that answered last are known, with repetitions; a power of two. */
const ANSWERED_KEPT = 64;

/** Servers that are looked at in one step. */
const SERVERS_A_STEP = 512;

/** Members are the servers of a tier, while a pool is made. */
class Members {
  readonly names: string[] = [];
  /** Their places in the plan's list, and their slots; only the first `names.length` mean anything. */
  readonly indexes: Int32Array;
  readonly slots: Int32Array;

  constructor(most: number) {
    this.indexes = new Int32Array(most);
    this.slots = new Int32Array(most);
  }

  add(index: number, name: string, slot: number): void {
    this.indexes[this.names.length] = index;
    this.slots[this.names.length] = slot;
    this.names.push(name);
  }

  tier(backend: string, sources: TierSources): Steps<ServerTier> {
    return ServerTier.of(backend, this.names, this.slots.subarray(0, this.names.length), sources);
  }
}

export class LiveServerPool implements StickyPool {
  readonly backend: string;
  readonly size: number;
  readonly endpoints: readonly Endpoint[];
  readonly primary: ServerTier;
  /** null: the backend has no backups. */
  readonly backup: ServerTier | null;
  /** Of each tier: the places in the plan's list. */
  readonly #primaries: Int32Array;
  readonly #backups: Int32Array;
  /** Of each place in the list: the place in its tier. */
  readonly #places: Int32Array;
  readonly #isBackup: Uint8Array;
  readonly #names: readonly string[];
  readonly #slots: Int32Array;
  readonly #bySlot: ReadonlyMap<number, number>;
  readonly #table: ServerTable;
  readonly #random: () => number;
  #tried: readonly number[] | null = null;
  /** Who answered lately, newest behind `#newest`, round the end. */
  readonly #answered = new Int32Array(ANSWERED_KEPT).fill(-1);
  #newest = 0;

  /** of makes a pool, in steps: a backend may have thousands of servers. */
  static *of(plan: BackendPlan, endpoints: readonly Endpoint[], sources: PoolSources): Steps<LiveServerPool> {
    const { backends, slot } = sources;
    const tierSources: TierSources = {
      table: sources.table,
      openInAll: () => backends.open(slot),
      random: () => sources.random(),
      now: () => sources.now(),
    };
    const tiers = [new Members(plan.servers.length), new Members(plan.servers.length)];
    const names: string[] = [];
    const bySlot = new Map<number, number>();
    for (let index = 0; index < plan.servers.length; index++) {
      const { name, isBackup } = plan.servers[index]!;
      const slot = endpoints[index]!.slot;
      names.push(name);
      bySlot.set(slot, index);
      tiers[isBackup ? 1 : 0]!.add(index, name, slot);
      if (names.length % SERVERS_A_STEP === 0) yield;
    }
    yield;
    const primary = yield* tiers[0]!.tier(plan.name, tierSources);
    const backup = tiers[1]!.names.length === 0 ? null : yield* tiers[1]!.tier(plan.name, tierSources);
    return new LiveServerPool(plan, endpoints, sources, primary, backup, tiers as [Members, Members], names, bySlot);
  }

  private constructor(
    plan: BackendPlan,
    endpoints: readonly Endpoint[],
    sources: PoolSources,
    primary: ServerTier,
    backup: ServerTier | null,
    [primaries, backups]: readonly [Members, Members],
    names: readonly string[],
    bySlot: ReadonlyMap<number, number>,
  ) {
    this.backend = plan.name;
    this.size = names.length;
    this.endpoints = endpoints;
    this.primary = primary;
    this.backup = backup;
    this.#table = sources.table;
    this.#random = () => sources.random();
    this.#names = names;
    this.#bySlot = bySlot;
    this.#slots = new Int32Array(this.size);
    this.#isBackup = new Uint8Array(this.size);
    this.#places = new Int32Array(this.size);
    this.#primaries = primaries.indexes.subarray(0, primaries.names.length);
    this.#backups = backups.indexes.subarray(0, backups.names.length);
    for (let place = 0; place < this.#primaries.length; place++) {
      this.#places[this.#primaries[place]!] = place;
      this.#slots[this.#primaries[place]!] = primaries.slots[place]!;
    }
    for (let place = 0; place < this.#backups.length; place++) {
      this.#places[this.#backups[place]!] = place;
      this.#slots[this.#backups[place]!] = backups.slots[place]!;
      this.#isBackup[this.#backups[place]!] = 1;
    }
  }

  /**
   * startPick notices what has changed and which servers this request has tried. One that has tried some goes to none of which it is not
   * known that they take connections. Call before each attempt.
   */
  startPick(tried: readonly number[] | null): void {
    this.#tried = tried;
    this.primary.startPick();
    this.backup?.startPick();
    if (tried === null) return;
    this.primary.spareSuspects();
    this.backup?.spareSuspects();
    for (const index of tried) this.#tierOf(index).exclude(this.#places[index]!);
  }

  /** takeAll has servers used too whose last connections failed, as nobody else takes the request. False: there are none. */
  takeAll(): boolean {
    const hadPrimaries = this.primary.takeAll();
    const hadBackups = this.backup?.takeAll() ?? false;
    return hadPrimaries || hadBackups;
  }

  /** answered: a server has answered in this thread. */
  answered(index: number): void {
    this.#newest = (this.#newest + 1) & (ANSWERED_KEPT - 1);
    this.#answered[this.#newest] = index;
  }

  /** lastToAnswer is the usable server that answered last, of the last 64 answers; -1: none of them is usable. */
  lastToAnswer(): number {
    for (let back = 0; back < ANSWERED_KEPT; back++) {
      const index = this.#answered[(this.#newest - back) & (ANSWERED_KEPT - 1)]!;
      if (index === -1) return -1;
      if (this.isUsable(index)) return index;
    }
    return -1;
  }

  isSuspect(index: number): boolean {
    return this.#tierOf(index).isSuspect(this.#places[index]!);
  }

  /** isTrialTaken: another request is finding out whether a suspect server takes connections; false: this one may. */
  isTrialTaken(index: number, leaseMs: number): boolean {
    return this.#tierOf(index).isTrialTaken(this.#places[index]!, leaseMs);
  }

  /** healthy is the number of servers that take new clients: up, ready, of a weight above 0. Backups count. */
  get healthy(): number {
    this.primary.refresh();
    this.backup?.refresh();
    return this.primary.upCount + (this.backup?.upCount ?? 0);
  }

  /** isFull: no server has room, but one that this request may use would have it, if others left. */
  get isFull(): boolean {
    return this.primary.hasFull || (this.backup?.hasFull ?? false);
  }

  /** indexOf is the place in the plan's list of a tier's server. */
  indexOf(tier: ServerTier, place: number): number {
    return tier === this.primary ? this.#primaries[place]! : this.#backups[place]!;
  }

  /** placeOf is a server's place in its tier. */
  placeOf(index: number): number {
    return this.#places[index]!;
  }

  isBackup(index: number): boolean {
    return this.#isBackup[index] === 1;
  }

  isUsable(index: number): boolean {
    if (!(index >= 0 && index < this.size)) return false;
    return this.#tierOf(index).isUsable(this.#places[index]!);
  }

  /** hasRoom tells whether the server is below its max. */
  hasRoom(index: number): boolean {
    const slot = this.#slots[index]!;
    const limit = this.#table.limit(slot);
    return limit === 0 || this.#table.open(slot) < limit;
  }

  /** keepsSticky: a server that new clients may not use (draining, stopping, weight 0) still serves those that belong to it. */
  keepsSticky(index: number): boolean {
    if (!(index >= 0 && index < this.size)) return false;
    const slot = this.#slots[index]!;
    const state = this.#table.state(slot);
    const isUp = state === RUNNING || state === STARTING || state === STOPPING;
    if (!isUp || this.#table.admin(slot) === MAINT) return false;
    return this.#tried === null || !this.#tried.includes(index);
  }

  weight(index: number): number {
    return this.#tierOf(index).weight(this.#places[index]!);
  }

  open(index: number): number {
    return this.#table.open(this.#slots[index]!);
  }

  name(index: number): string {
    return this.#names[index]!;
  }

  slot(index: number): number {
    return this.#slots[index]!;
  }

  indexOfSlot(slot: number): number {
    return this.#bySlot.get(slot) ?? -1;
  }

  random(): number {
    return this.#random();
  }

  #tierOf(index: number): ServerTier {
    return this.#isBackup[index] === 1 ? this.backup! : this.primary;
  }
}
