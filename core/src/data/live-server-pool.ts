/**
 * LiveServerPool: one backend's servers, as balancers see them. Hot path; data plane.
 *
 * What can only change with the server table's version (states, weights) is kept until it does; open counts are read
 * live. `begin` starts a request's attempts, `exclude` takes a tried server out of the next ones.
 */
import type { BackendPlan } from '@sluice/dsl/plan';
import type { ServerPool } from '../plugin/server-pool.ts';
import { MAINT, READY, RUNNING, type ServerTable, STARTING } from '../shared/server-table.ts';
import type { ServerEndpoint } from './server-endpoint.ts';

const NOT_USABLE = 0;
const PRIMARY = 1;
const BACKUP = 2;

export class LiveServerPool implements ServerPool {
  readonly backend: string;
  readonly size: number;
  readonly endpoints: readonly ServerEndpoint[];
  readonly #names: readonly string[];
  readonly #slots: Int32Array;
  readonly #isBackup: Uint8Array;
  readonly #tiers: Uint8Array;
  readonly #tried: Int32Array;
  readonly #bySlot = new Map<number, number>();
  readonly #table: ServerTable;
  readonly #random: () => number;
  #triedCount = 0;
  #seen = -1;
  #hasPrimary = false;
  #tier = PRIMARY;

  constructor(plan: BackendPlan, endpoints: readonly ServerEndpoint[], table: ServerTable, random: () => number) {
    this.backend = plan.name;
    this.size = plan.servers.length;
    this.endpoints = endpoints;
    this.#names = plan.servers.map((server) => server.name);
    this.#slots = Int32Array.from(endpoints, (endpoint) => endpoint.slot);
    this.#isBackup = Uint8Array.from(plan.servers, (server) => (server.isBackup ? 1 : 0));
    this.#tiers = new Uint8Array(this.size);
    this.#tried = new Int32Array(Math.max(this.size, 1));
    this.#table = table;
    this.#random = random;
    for (let index = 0; index < this.size; index++) this.#bySlot.set(this.#slots[index]!, index);
  }

  get version(): number {
    return this.#table.version;
  }

  /** begin forgets what earlier requests tried. Call before the first pick of every attempt. */
  begin(tried: readonly number[] | null): void {
    if (this.#table.version !== this.#seen) this.#refresh();
    this.#tier = this.#hasPrimary ? PRIMARY : BACKUP;
    this.#triedCount = 0;
    if (tried !== null) {
      for (const index of tried) if (this.#triedCount < this.#tried.length) this.#tried[this.#triedCount++] = index;
    }
  }

  /** useBackups lets this attempt go to backup servers; false when it could already, or there is none. */
  useBackups(): boolean {
    if (this.#tier === BACKUP) return false;
    this.#tier = BACKUP;
    return true;
  }

  isUsable(index: number): boolean {
    if (this.#tiers[index] !== this.#tier) return false;
    return !this.#isTried(index) && this.hasRoom(index);
  }

  /** hasRoom tells whether the server is below its max. */
  hasRoom(index: number): boolean {
    const slot = this.#slots[index]!;
    const max = this.#table.max(slot);
    return max === 0 || this.#table.open(slot) < max;
  }

  /** isFull: no server has room, but one that this request may use would, if others left. */
  get isFull(): boolean {
    for (let index = 0; index < this.size; index++) {
      if (this.#tiers[index] === this.#tier && !this.#isTried(index) && !this.hasRoom(index)) return true;
    }
    return false;
  }

  /** keepsSticky: a server that new clients may not use (draining, weight 0) still serves those that belong to it. */
  keepsSticky(index: number): boolean {
    const slot = this.#slots[index]!;
    const state = this.#table.state(slot);
    if ((state !== RUNNING && state !== STARTING) || this.#table.admin(slot) === MAINT) return false;
    return !this.#isTried(index);
  }

  weight(index: number): number {
    return this.#table.weight(this.#slots[index]!);
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

  #isTried(index: number): boolean {
    for (let at = 0; at < this.#triedCount; at++) if (this.#tried[at] === index) return true;
    return false;
  }

  #refresh(): void {
    this.#seen = this.#table.version;
    this.#hasPrimary = false;
    for (let index = 0; index < this.size; index++) {
      const slot = this.#slots[index]!;
      const state = this.#table.state(slot);
      const isOpen =
        (state === RUNNING || state === STARTING) && this.#table.admin(slot) === READY && this.#table.weight(slot) > 0;
      const tier = isOpen ? (this.#isBackup[index] === 1 ? BACKUP : PRIMARY) : NOT_USABLE;
      this.#tiers[index] = tier;
      if (tier === PRIMARY) this.#hasPrimary = true;
    }
  }
}
