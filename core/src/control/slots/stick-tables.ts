/**
 * StickTables: the memory of every backend's stick table, over reloads. Main thread.
 *
 * A backend has a table of its own, so that a flood of clients at one cannot push out those of another. It keeps its memory
 * for as long as a plan has the backend and the table's size stays the same. For another size a new table is made, and the
 * entries are carried over in slices: once before the threads switch, and once more when all have, for what was learned meanwhile.
 */
import type { Steps } from '@sluice/dsl/match';
import type { BackendPlan, Plan } from '@sluice/dsl/plan';
import type { SharedMemory } from '../../shared/tables/shared-memory.ts';
import { DEFAULT_STICK_SIZE, SharedStickTable, type StickCounter } from '../../shared/tables/shared-stick-table.ts';
import { StickClock } from '../../shared/tables/stick-clock.ts';

/** StickyStats is what a backend's stickiness has done. */
export interface StickyStats {
  /** The component, such as `on cookie`. */
  readonly kind: string;
  /** Clients that its table is made for; 0: it needs none. */
  readonly size: number;
  /** Clients known now. */
  readonly entries: number;
  /**
   * `hits`: requests that went to the server that their client belongs to; `moves`: whose server could not take them;
   * `misses`: of clients that were not known; `stored`: clients written into the table, new or moved; `evictions`: forgotten
   * before their time, as the table was full; `refused`: keys that were not believed, such as forged cookies.
   */
  readonly counters: Readonly<Record<StickCounter, number>>;
}

/** Memory by backend name, as an order has it. */
export type TableMemory = Readonly<Record<string, SharedArrayBuffer>>;

interface Table {
  readonly memory: SharedArrayBuffer;
  readonly view: SharedStickTable;
  readonly clients: number;
}

export class StickTables {
  readonly clock: StickClock;
  readonly #threads: number;
  readonly #hasTable: (component: string) => boolean;
  readonly #tables = new Map<string, Table>();
  /** Tables made for a plan that is not active yet. */
  readonly #made = new Map<string, Table>();
  /** Tables that the last switch replaced, and what replaced them. */
  #replaced: readonly (readonly [from: Table, to: Table])[] = [];

  /** `hasTable` tells whether a component of the slot `stick` asks for its table. */
  constructor(memory: SharedMemory, hasTable: (component: string) => boolean) {
    this.clock = new StickClock(memory.sticks);
    this.#threads = memory.threads;
    this.#hasTable = hasTable;
  }

  /** prepare makes what a plan needs and does not have. Nothing changes until `watch`. */
  prepare(plan: Plan): TableMemory {
    const all: Record<string, SharedArrayBuffer> = Object.create(null);
    this.#made.clear();
    for (const backend of plan.backends) {
      if (backend.stick === null) continue;
      const clients = this.#clientsOf(backend);
      const own = this.#tables.get(backend.name);
      const table = own?.clients === clients ? own : this.#make(clients);
      if (table !== own) this.#made.set(backend.name, table);
      all[backend.name] = table.memory;
    }
    return all;
  }

  /** abandon lets go of what was made for a plan that has come to nothing. */
  abandon(): void {
    this.#made.clear();
  }

  /** fill carries over into the prepared tables what those of the same backends know now. Nothing uses them yet. */
  *fill(): Steps<void> {
    for (const [name, table] of this.#made) {
      const before = this.#tables.get(name);
      if (before !== undefined) yield* table.view.carryOver(before.view);
    }
  }

  /** prepared are the tables that `prepare` has just made, by backend name. */
  *prepared(): Iterable<readonly [backend: string, table: SharedStickTable]> {
    for (const [name, { view }] of this.#made) yield [name, view];
  }

  /** tables are those of the running generation, by backend name. */
  *tables(): Iterable<readonly [backend: string, table: SharedStickTable]> {
    for (const [name, { view }] of this.#tables) yield [name, view];
  }

  /** watch switches to a plan and the tables prepared for it. Call it before any thread switches, soon after `fill`. */
  watch({ plan }: { readonly plan: Plan }): void {
    const replaced: (readonly [Table, Table])[] = [];
    for (const [name, table] of this.#made) {
      const before = this.#tables.get(name);
      if (before !== undefined) {
        table.view.takeCounts(before.view);
        replaced.push([before, table]);
      }
      this.#tables.set(name, table);
    }
    this.#made.clear();
    const kept = new Set(plan.backends.flatMap(({ name, stick }) => (stick === null ? [] : [name])));
    for (const name of this.#tables.keys()) if (!kept.has(name)) this.#tables.delete(name);
    this.#replaced = replaced;
  }

  /** settle carries over what was learned since `fill` passed by, and lets go of the tables before. */
  *settle(): Steps<void> {
    for (const [from, to] of this.#replaced) yield* to.view.carryOver(from.view);
    this.#replaced = [];
  }

  /** table is a backend's, for looking; undefined when it has none. */
  table(backend: string): SharedStickTable | undefined {
    return this.#tables.get(backend)?.view;
  }

  stats({ name, stick }: BackendPlan): StickyStats | null {
    const table = this.#tables.get(name);
    if (stick === null || table === undefined) return null;
    const { clients, view } = table;
    return { kind: stick.name, size: clients, entries: clients === 0 ? 0 : view.entries(), counters: view.counts() };
  }

  /** countOf counts the clients of a server's slot that a table knows: they may come back to it. */
  countOf(slot: number): number {
    let count = 0;
    for (const { view } of this.#tables.values()) count += view.countOf(slot);
    return count;
  }

  /** forget frees what a lost thread was writing. */
  forget(thread: number): void {
    for (const { view } of this.#tables.values()) view.forget(thread);
    for (const [from] of this.#replaced) from.view.forget(thread);
  }

  /** forgetServers drops the entries of slots that are free again. */
  forgetServers(slots: ReadonlySet<number>): void {
    if (slots.size === 0) return;
    for (const { view } of this.#tables.values()) view.forgetServers(slots);
  }

  #clientsOf({ stick }: BackendPlan): number {
    if (!this.#hasTable(stick!.name)) return 0;
    const { size } = stick!.options;
    return typeof size === 'number' && size >= 1 ? Math.trunc(size) : DEFAULT_STICK_SIZE;
  }

  #make(clients: number): Table {
    const memory = SharedStickTable.allocate(Math.max(1, clients), this.#threads);
    return { memory, clients, view: new SharedStickTable(memory, this.clock, this.#threads) };
  }
}
