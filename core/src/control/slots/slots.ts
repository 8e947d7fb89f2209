/**
 * Slots: which listener, backend and server has which place in shared memory. Main thread.
 *
 * A name keeps its slot for as long as any generation uses it, so counts, states and histories survive reloads. When the
 * last generation with it has retired, the slot's words are reset and the slot may go to another name. What a generation costs is
 * what it differs in from the one before: names are kept with the generations that brought them and took them away.
 */
import type { Steps } from '@sluice/dsl/match';
import type { ListenerPlan, Plan, Rule } from '@sluice/dsl/plan';
import type { MemberChange, SlotMap } from '../../shared/orders/orders.ts';
import { BackendTable } from '../../shared/tables/backend-table.ts';
import { CircuitTable } from '../../shared/tables/circuit-table.ts';
import { BACKEND_CAPACITY, CounterSums, LISTENER_CAPACITY } from '../../shared/tables/counters.ts';
import { LatencySums } from '../../shared/tables/latency-histogram.ts';
import { OutcomeCounts } from '../../shared/tables/outcome-counts.ts';
import { RetryCounts } from '../../shared/tables/retry-counts.ts';
import { RULE_CAPACITY, RuleHitSums, UNCOUNTED_RULE } from '../../shared/tables/rule-hits.ts';
import { ServerLatencySums } from '../../shared/tables/server-latency.ts';
import { SERVER_CAPACITY, ServerTable } from '../../shared/tables/server-table.ts';
import type { SharedMemory } from '../../shared/tables/shared-memory.ts';
import { GatewayError } from '../report/errors.ts';

/** Names that are looked at in one step. */
const NAMES_A_STEP = 1024;

export class Slots {
  readonly #listeners: SlotPool;
  readonly #backends: SlotPool;
  readonly #servers: SlotPool;
  readonly #rules: SlotPool;

  readonly #freed: (servers: ReadonlySet<number>) => void;
  /** Server slots freed by the release under way. */
  readonly #free = new Set<number>();

  /** `freed` hears which server slots are to go to other servers, before they do. */
  constructor(memory: SharedMemory, freed: (servers: ReadonlySet<number>) => void = () => {}) {
    this.#freed = freed;
    const counters = new CounterSums(memory);
    const latency = new LatencySums(memory);
    const serverLatency = new ServerLatencySums(memory);
    const hits = new RuleHitSums(memory);
    const backends = new BackendTable(memory);
    const servers = new ServerTable(memory.servers, memory.threads);
    const outcomes = new OutcomeCounts(memory);
    const circuits = new CircuitTable(memory);
    const retries = new RetryCounts(memory);
    this.#listeners = new SlotPool('listener', LISTENER_CAPACITY, (slot) => counters.resetListener(slot));
    this.#backends = new SlotPool('backend', BACKEND_CAPACITY, (slot) => {
      latency.reset(slot);
      backends.reset(slot);
      outcomes.reset(OutcomeCounts.ofBackend(slot));
      circuits.reset(slot);
      retries.reset(slot);
      counters.resetBackend(slot);
    });
    this.#servers = new SlotPool('server', SERVER_CAPACITY, (slot) => {
      servers.reset(slot);
      serverLatency.reset(slot);
      counters.resetServer(slot);
      outcomes.reset(OutcomeCounts.ofServer(slot));
      this.#free.add(slot);
    });
    this.#rules = new SlotPool('rule', RULE_CAPACITY, (slot) => hits.reset(slot), UNCOUNTED_RULE);
  }

  /** assign gives every name of a plan its slot, for one generation. Throws SG0404, with nothing assigned. */
  assign(generation: number, plan: Plan): SlotMap {
    try {
      return {
        listeners: this.#listeners.assign(
          generation,
          plan.listeners.map((listener) => listener.name),
        ),
        backends: this.#backends.assign(
          generation,
          plan.backends.map((backend) => backend.name),
        ),
        servers: this.#servers.assign(
          generation,
          plan.backends.flatMap((backend) => backend.servers.map((server) => `${backend.name}/${server.name}`)),
        ),
        rules: this.#assignRules(generation, plan.listeners),
      };
    } catch (thrown) {
      this.release(generation);
      throw thrown;
    }
  }

  /**
   * change gives a generation that differs in some servers from the newest one, whose slots are `base`, what it needs. Throws SG0404,
   * with nothing assigned.
   */
  *change(generation: number, base: SlotMap, changes: readonly Omit<MemberChange, 'slots'>[]): Steps<SlotMap> {
    const names = (backend: string, servers: readonly { readonly name: string }[]): string[] =>
      servers.map(({ name }) => `${backend}/${name}`);
    const removed = changes.flatMap(({ backend, removed }) => removed.map((name) => `${backend}/${name}`));
    const added = changes.flatMap(({ backend, added }) => names(backend, added));
    this.#listeners.change(generation, [], []);
    this.#backends.change(generation, [], []);
    this.#rules.change(generation, [], []);
    try {
      const come = this.#servers.change(generation, removed, added);
      const gone = new Set(removed);
      const servers: Record<string, number> = Object.create(null);
      let count = 0;
      for (const name in base.servers) {
        if (!gone.has(name)) servers[name] = base.servers[name]!;
        if (++count % NAMES_A_STEP === 0) yield;
      }
      return { ...base, servers: Object.assign(servers, come) };
    } catch (thrown) {
      this.release(generation);
      throw thrown;
    }
  }

  /** A rule keeps its hits over reloads for as long as it stands at the same place with the same words. */
  #assignRules(generation: number, listeners: readonly ListenerPlan[]): NonNullable<SlotMap['rules']> {
    const names = listeners.map((listener) => countedRules(listener).map((rule) => ruleName(listener.name, rule)));
    const slots = this.#rules.assign(generation, names.flat());
    return Object.fromEntries(
      listeners.map(({ name }, index) => [name, Uint16Array.from(names[index]!, (rule) => slots[rule]!)]),
    );
  }

  /** release says that a generation is over. Slots that no other generation uses are reset and free again. */
  release(generation: number): void {
    this.#listeners.release(generation);
    this.#backends.release(generation);
    this.#servers.release(generation);
    this.#rules.release(generation);
    this.#freed(this.#free);
    this.#free.clear();
  }
}

/** countedRules are all rules of a listener whose hits are counted, in the order of `SlotMap.rules`. */
export function countedRules(listener: ListenerPlan): readonly Rule[] {
  const { guards, changes, routes, responseChanges, passthroughs = [] } = listener;
  return [...guards, ...changes, ...routes, ...responseChanges, ...passthroughs];
}

function ruleName(listener: string, { place, text }: Rule): string {
  return `${listener} ${place.file}:${place.line}:${place.column} ${text}`;
}

interface Entry {
  readonly name: string;
  readonly slot: number;
  /** The first generation that has the name. */
  readonly since: number;
  /** The first one without it; null: the newest one has it. */
  until: number | null;
}

class SlotPool {
  readonly #kind: string;
  readonly #capacity: number;
  readonly #reset: (slot: number) => void;
  /** What names get that have no room; null: they are refused. */
  readonly #overflow: number | null;
  readonly #slots = new Map<string, Entry>();
  readonly #free: number[] = [];
  /** Generations that are not over. */
  readonly #live = new Set<number>();
  /** Names that the newest generation has no more. */
  readonly #leaving = new Set<Entry>();
  /** What the newest generation has changed, to be taken back if nothing comes of it. */
  #last = {
    generation: 0,
    come: [] as Entry[],
    changed: [] as { readonly entry: Entry; readonly until: number | null }[],
  };
  #next = 0;

  constructor(kind: string, capacity: number, reset: (slot: number) => void, overflow: number | null = null) {
    this.#overflow = overflow;
    this.#kind = kind;
    this.#capacity = capacity;
    this.#reset = reset;
  }

  /** assign gives a generation exactly these names. */
  assign(generation: number, names: readonly string[]): Record<string, number> {
    const wanted = new Set(names);
    const removed: string[] = [];
    for (const [name, { until }] of this.#slots) if (until === null && !wanted.has(name)) removed.push(name);
    return this.change(generation, removed, names);
  }

  /** change gives a generation what the newest one has, without some names and with others, and returns the slots of these. */
  change(generation: number, removed: readonly string[], added: readonly string[]): Record<string, number> {
    this.#live.add(generation);
    this.#last = { generation, come: [], changed: [] };
    for (const name of removed) {
      const entry = this.#slots.get(name);
      if (entry !== undefined && entry.until === null) this.#set(entry, generation);
    }
    const slots: Record<string, number> = Object.create(null);
    for (const name of added) {
      let entry = this.#slots.get(name);
      if (entry === undefined && this.#overflow !== null && this.#isFull) {
        slots[name] = this.#overflow;
        continue;
      }
      if (entry === undefined) {
        entry = { name, slot: this.#take(), since: generation, until: null };
        this.#slots.set(name, entry);
        this.#last.come.push(entry);
      } else if (entry.until !== null) {
        this.#set(entry, null);
      }
      slots[name] = entry.slot;
    }
    return slots;
  }

  release(generation: number): void {
    if (!this.#live.delete(generation)) return;
    if (generation === this.#last.generation) {
      // Nothing has come of the newest one.
      for (const { entry, until } of this.#last.changed.reverse()) this.#setUntil(entry, until);
      for (const entry of this.#last.come) this.#drop(entry);
      this.#last = { generation: 0, come: [], changed: [] };
    }
    for (const entry of this.#leaving) if (!this.#isUsed(entry)) this.#drop(entry);
  }

  #isUsed({ since, until }: Entry): boolean {
    for (const generation of this.#live) if (generation >= since && generation < until!) return true;
    return false;
  }

  #set(entry: Entry, until: number | null): void {
    this.#last.changed.push({ entry, until: entry.until });
    this.#setUntil(entry, until);
  }

  #setUntil(entry: Entry, until: number | null): void {
    entry.until = until;
    if (until === null) this.#leaving.delete(entry);
    else this.#leaving.add(entry);
  }

  #drop(entry: Entry): void {
    this.#leaving.delete(entry);
    this.#slots.delete(entry.name);
    this.#reset(entry.slot);
    this.#free.push(entry.slot);
  }

  get #isFull(): boolean {
    return this.#free.length === 0 && this.#next === this.#capacity;
  }

  #take(): number {
    const freed = this.#free.pop();
    if (freed !== undefined) return freed;
    if (this.#next === this.#capacity) throw new GatewayError('SG0404', { kind: this.#kind, capacity: this.#capacity });
    return this.#next++;
  }
}
