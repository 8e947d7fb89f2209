/**
 * ReplaceEntries: a plan with newer entries of its lists and maps, everything else as it was. Both planes.
 */
import type { Condition } from './condition.ts';
import type { MapPlan } from './list.ts';
import type { Plan } from './plan.ts';
import type { Rule } from './rule.ts';

/** NewEntries are what the files of lists and maps hold now, by name. What is not in it stays. */
export interface NewEntries {
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  readonly maps?: Readonly<Record<string, MapPlan['entries']>>;
}

/** replaceEntries returns the plan with other entries; whatever does not name them is shared with the old plan. */
export function replaceEntries(plan: Plan, entries: NewEntries): Plan {
  return new Replacement(plan, entries).plan;
}

type Values = readonly (string | number)[];

class Replacement {
  readonly plan: Plan;
  readonly #values = new Map<string, Values>();
  /** Conditions done already: definitions are shared by the rules that use them, and stay so. */
  readonly #done = new Map<Condition, Condition>();

  constructor(plan: Plan, { lists = {}, maps = {} }: NewEntries) {
    for (const { name, type } of plan.lists) {
      if (!Object.hasOwn(lists, name)) continue;
      this.#values.set(name, type === 'numbers' ? lists[name]!.map(Number) : lists[name]!);
    }
    this.plan = {
      ...plan,
      lists: plan.lists.map((list) =>
        Object.hasOwn(lists, list.name) ? { ...list, entries: lists[list.name]! } : list,
      ),
      maps: plan.maps.map((map) => (Object.hasOwn(maps, map.name) ? { ...map, entries: maps[map.name]! } : map)),
      listeners: plan.listeners.map((listener) => ({
        ...listener,
        guards: this.#rules(listener.guards),
        changes: this.#rules(listener.changes),
        routes: this.#rules(listener.routes),
        ...(listener.passthroughs === undefined ? {} : { passthroughs: this.#rules(listener.passthroughs) }),
        responseChanges: this.#rules(listener.responseChanges),
      })),
    };
  }

  #rules(rules: readonly Rule[]): readonly Rule[] {
    return rules.map((rule) => {
      const when = rule.when === null ? null : this.#condition(rule.when);
      return when === rule.when ? rule : { ...rule, when };
    });
  }

  #condition(condition: Condition): Condition {
    let done = this.#done.get(condition);
    if (done === undefined) {
      done = this.#replaced(condition);
      this.#done.set(condition, done);
    }
    return done;
  }

  #replaced(condition: Condition): Condition {
    switch (condition.kind) {
      case 'all':
        return condition;
      case 'test': {
        const values = condition.list === null ? undefined : this.#values.get(condition.list);
        return values === undefined ? condition : { ...condition, values };
      }
      case 'and':
      case 'or': {
        const of = condition.of.map((part) => this.#condition(part));
        return of.every((part, index) => part === condition.of[index]) ? condition : { ...condition, of };
      }
      default: {
        const of = this.#condition(condition.of);
        return of === condition.of ? condition : { ...condition, of };
      }
    }
  }
}
