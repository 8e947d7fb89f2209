/**
 * PackedOrder: an order to prepare, in memory that all threads share. Packed once on the main thread; both planes.
 *
 * A thread takes a message in one go and serves nobody meanwhile, and takes one apart per thread. So rules, named conditions
 * and backends, of which there may be thousands, are written once, in short runs, which each thread reads between requests.
 * Tables are shared as they are. What remains of the message is small.
 */
import { deserialize, serialize } from 'node:v8';
import type { Steps } from '@sluice/dsl/match';
import type { BackendPlan, Condition, ListenerPlan, Place, Rule, ValueTable } from '@sluice/dsl/plan';
import type { PrepareOrder } from './prepare-order.ts';

/** The lists of rules that a listener has. */
const PARTS = ['guards', 'changes', 'routes', 'responseChanges'] as const;

export interface PackedOrder {
  /** Without rules and backends. */
  readonly order: PrepareOrder;
  /** Runs of what was packed: named conditions, then all rules of each listener in turn, then backends. */
  readonly bytes: SharedArrayBuffer;
  /** Where each run ends in the bytes. */
  readonly ends: Uint32Array;
  readonly conditionCount: number;
  /** How many rules each part of each listener has. */
  readonly ruleCounts: readonly (readonly number[])[];
  readonly tables: readonly ValueTable[];
}

/** How many rules stand in one run. */
const RUN = 32;

/** packOrder writes an order for threads. What conditions share (a named condition, a table) stays shared. */
export function* packOrder(order: PrepareOrder): Steps<PackedOrder> {
  const packing = new Packing();
  const { plan } = order;
  const listeners: ListenerPlan[] = [];
  const rules: Rule[] = [];
  const ruleCounts: number[][] = [];
  for (const listener of plan.listeners) {
    for (const part of PARTS) {
      for (const rule of listener[part]) {
        rules.push(rule.when === null ? rule : { ...rule, when: packing.encode(rule.when) });
        yield;
      }
    }
    ruleCounts.push(PARTS.map((part) => listener[part].length));
    listeners.push({ ...listener, guards: [], changes: [], routes: [], responseChanges: [] });
  }
  const runs: Buffer[] = [];
  for (const items of [packing.conditions, rules, plan.backends]) {
    for (let from = 0; from < items.length; from += RUN) {
      runs.push(serialize(items.slice(from, from + RUN)));
      yield;
    }
  }
  const bytes = new SharedArrayBuffer(runs.reduce((sum, run) => sum + run.length, 0));
  const ends = new Uint32Array(runs.length);
  let end = 0;
  for (const [index, run] of runs.entries()) {
    new Uint8Array(bytes, end, run.length).set(run);
    end += run.length;
    ends[index] = end;
  }
  return {
    order: { ...order, plan: { ...plan, listeners, backends: [] } },
    bytes,
    ends,
    conditionCount: packing.conditions.length,
    ruleCounts,
    tables: packing.tables,
  };
}

/** unpackOrder reads what packOrder wrote, a run a step. */
export function* unpackOrder(packed: PackedOrder): Steps<PrepareOrder> {
  const { order, conditionCount, ruleCounts, tables } = packed;
  const items: unknown[] = [];
  let start = 0;
  for (const end of packed.ends) {
    // V8 reads no shared memory; a run is small.
    items.push(...(deserialize(Buffer.from(new Uint8Array(packed.bytes, start, end - start))) as unknown[]));
    start = end;
    yield;
  }
  const unpacking = new Unpacking(tables);
  for (const condition of items.slice(0, conditionCount)) {
    unpacking.conditions.push(unpacking.decode(condition as Condition));
    yield;
  }
  let at = conditionCount;
  const listeners: ListenerPlan[] = [];
  for (const [index, listener] of order.plan.listeners.entries()) {
    const parts: Rule[][] = [];
    for (const count of ruleCounts[index]!) {
      const rules: Rule[] = [];
      for (; rules.length < count; at++) {
        rules.push(unpacking.rule(items[at] as Rule));
        yield;
      }
      parts.push(rules);
    }
    const [guards = [], changes = [], routes = [], responseChanges = []] = parts;
    listeners.push({ ...listener, guards, changes, routes, responseChanges });
  }
  return { ...order, plan: { ...order.plan, listeners, backends: items.slice(at) as BackendPlan[] } };
}

/** A condition as it is packed has numbers where others may share: of a named condition, and of a table. */
type Packed = { of: Condition; table?: ValueTable };

class Packing {
  /** Those that others name, each behind those that it names. */
  readonly conditions: Condition[] = [];
  readonly tables: ValueTable[] = [];
  readonly #numbers = new Map<Condition, number>();
  readonly #tableNumbers = new Map<ValueTable, number>();

  encode(condition: Condition): Condition {
    switch (condition.kind) {
      case 'all':
        return condition;
      case 'test': {
        if (condition.table === undefined) return condition;
        return { ...condition, table: this.#table(condition.table) as unknown as ValueTable };
      }
      case 'named':
        return { ...condition, of: this.#named(condition.of) as unknown as Condition };
      case 'not':
        return { ...condition, of: this.encode(condition.of) };
      default:
        return { ...condition, of: condition.of.map((part) => this.encode(part)) };
    }
  }

  #named(condition: Condition): number {
    let number = this.#numbers.get(condition);
    if (number === undefined) {
      const encoded = this.encode(condition);
      number = this.conditions.push(encoded) - 1;
      this.#numbers.set(condition, number);
    }
    return number;
  }

  #table(table: ValueTable): number {
    let number = this.#tableNumbers.get(table);
    if (number === undefined) {
      number = this.tables.push(table) - 1;
      this.#tableNumbers.set(table, number);
    }
    return number;
  }
}

class Unpacking {
  readonly conditions: Condition[] = [];
  readonly #tables: readonly ValueTable[];
  /** Names of files, each kept once: every rule has one. */
  readonly #files = new Map<string, string>();

  constructor(tables: readonly ValueTable[]) {
    this.#tables = tables;
  }

  rule(rule: Rule): Rule {
    const when = rule.when === null ? null : this.decode(rule.when);
    return { ...rule, when, place: this.#place(rule.place) };
  }

  decode(condition: Condition): Condition {
    const packed = condition as unknown as Packed;
    switch (condition.kind) {
      case 'all':
        return condition;
      case 'test':
        if (packed.table !== undefined) packed.table = this.#tables[packed.table as unknown as number]!;
        return condition;
      case 'named':
        packed.of = this.conditions[packed.of as unknown as number]!;
        return condition;
      case 'not':
        packed.of = this.decode(condition.of);
        return condition;
      default:
        for (const part of condition.of) this.decode(part);
        return condition;
    }
  }

  #place(place: Place): Place {
    const file = this.#files.get(place.file);
    if (file !== undefined) return { ...place, file };
    this.#files.set(place.file, place.file);
    return place;
  }
}
