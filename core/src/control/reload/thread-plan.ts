/**
 * ThreadPlan: a plan as data planes get it: without the places of conditions, which only people read, and with its many
 * values as tables. Main thread.
 *
 * Tables (lists, maps, the indexes of rules) are built here once, in memory that all threads share, so that no thread builds
 * or copies any. What did not change since the plan before (a list of the same array) keeps its table.
 */
import { buildIpSet, buildMapTable, buildValueTable, indexRules, type Steps } from '@sluice/dsl/match';
import type {
  Condition,
  ListenerPlan,
  MapPlan,
  MapTable,
  Place,
  Plan,
  Rule,
  TestCondition,
  TrustedPeers,
  ValueTable,
} from '@sluice/dsl/plan';

const NOWHERE: Place = Object.freeze({ file: '', line: 0, column: 0, length: 0 });
const NO_VALUES: TestCondition['values'] = Object.freeze([]);

/** threadPlan returns the plan without what threads have no use for. */
export function threadPlan(plan: Plan): Steps<Plan> {
  return new Reduction(plan).plan();
}

/** Tables by the arrays that they were built of, and by how they are compared. */
const valueTables = new WeakMap<TestCondition['values'], Map<string, ValueTable | null>>();
const mapTables = new WeakMap<MapPlan['entries'], MapTable>();

class Reduction {
  readonly #plan: Plan;
  readonly #known = new Map<Condition, Condition>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  *plan(): Steps<Plan> {
    const plan = this.#plan;
    const listeners: ListenerPlan[] = [];
    for (const listener of plan.listeners) listeners.push(yield* this.#listener(listener));
    const maps: MapPlan[] = [];
    for (const map of plan.maps) maps.push({ ...map, entries: [], table: yield* tableOfMap(map) });
    return { ...plan, listeners, maps, lists: plan.lists.map((list) => ({ ...list, entries: [] })), tests: [] };
  }

  *#listener(listener: ListenerPlan): Steps<ListenerPlan> {
    return {
      ...listener,
      clientIp: listener.clientIp === null ? null : yield* this.#trusted(listener.clientIp),
      ...(listener.proxies === undefined ? {} : { proxies: yield* this.#trusted(listener.proxies) }),
      indexes: {
        guards: yield* indexRules(listener.guards),
        changes: yield* indexRules(listener.changes),
        routes: yield* indexRules(listener.routes),
        responseChanges: yield* indexRules(listener.responseChanges),
      },
      guards: yield* this.#rules(listener.guards),
      changes: yield* this.#rules(listener.changes),
      routes: yield* this.#rules(listener.routes),
      ...(listener.passthroughs === undefined ? {} : { passthroughs: yield* this.#rules(listener.passthroughs) }),
      responseChanges: yield* this.#rules(listener.responseChanges),
    };
  }

  *#trusted<Peers extends TrustedPeers>(peers: Peers): Steps<Peers> {
    const { trust, trustLists } = peers;
    const listed = this.#plan.lists.filter(({ name }) => trustLists.includes(name));
    const table = yield* buildIpSet([...trust, ...listed.flatMap(({ entries }) => entries)]);
    return { ...peers, trust: [], trustLists: [], table };
  }

  *#rules(rules: readonly Rule[]): Steps<Rule[]> {
    const bare: Rule[] = [];
    for (const rule of rules) {
      bare.push(rule.when === null ? rule : { ...rule, when: yield* this.#bare(rule.when) });
      yield;
    }
    return bare;
  }

  /** bare keeps shared what is shared: a named condition, the test in it. */
  *#bare(condition: Condition): Steps<Condition> {
    let made = this.#known.get(condition);
    if (made === undefined) {
      made = yield* this.#withoutPlace(condition);
      this.#known.set(condition, made);
    }
    return made;
  }

  *#withoutPlace(condition: Condition): Steps<Condition> {
    switch (condition.kind) {
      case 'all':
        return { ...condition, place: NOWHERE };
      case 'and':
      case 'or': {
        const of: Condition[] = [];
        for (const part of condition.of) of.push(yield* this.#bare(part));
        return { ...condition, of, place: NOWHERE };
      }
      case 'not':
      case 'named':
        return { ...condition, of: yield* this.#bare(condition.of), place: NOWHERE };
      case 'test': {
        const table = condition.table ?? (yield* tableOfTest(condition));
        if (table === null) return { ...condition, place: NOWHERE };
        return { ...condition, values: NO_VALUES, table, place: NOWHERE };
      }
    }
  }
}

function* tableOfTest(test: TestCondition): Steps<ValueTable | null> {
  let tables = valueTables.get(test.values);
  if (tables === undefined) {
    tables = new Map();
    valueTables.set(test.values, tables);
  }
  const kind = `${test.type} ${test.operator} ${test.anycase}`;
  let table = tables.get(kind);
  if (table === undefined) {
    table = yield* buildValueTable(test);
    tables.set(kind, table);
  }
  return table;
}

function* tableOfMap(map: MapPlan): Steps<MapTable> {
  let table = map.table ?? mapTables.get(map.entries);
  if (table === undefined) {
    table = yield* buildMapTable(map);
    mapTables.set(map.entries, table);
  }
  return table;
}
