/**
 * Solver: whether there can be a request for which several conditions hold and others do not. Main thread.
 *
 * It narrows the domains of the fields, tries the alternatives of what is left open one by one, and gives up when its budget
 * is spent. `never` is a proof; `possible` comes with what the caller made of an open case, or with nothing.
 */
import type { TestCondition } from '../../plan/condition.ts';
import { domainOf, type FieldDomain, ManyDomain } from './field-domain.ts';
import type { Goal } from './goal.ts';

/** Budget counts steps down, over as many questions as share it. */
export interface Budget {
  steps: number;
}

/** Question is what several questions about one plan share. */
export interface Question {
  readonly budget: Budget;
  /** Lists whose entries may be others tomorrow: nothing is concluded from those of today. */
  readonly changing: ReadonlySet<string>;
}

export type Space = ReadonlyMap<string, { readonly test: TestCondition; readonly domain: FieldDomain }>;

export type Solution<T> =
  | { readonly kind: 'never' }
  | { readonly kind: 'possible'; readonly found: T | null }
  /** The budget was spent. */
  | { readonly kind: 'unknown' };

/** Open cases that are looked at before the search for an example ends. */
const MOST_CASES = 24;

class OutOfBudget extends Error {}

/** solve asks for a request that meets all goals. `example` makes something of an open case, or returns null to see another. */
export function solve<T>(goals: readonly Goal[], question: Question, example: (space: Space) => T | null): Solution<T> {
  const search = new Search(question, example);
  try {
    search.run(new Map(), goals);
  } catch (thrown) {
    if (!(thrown instanceof OutOfBudget)) throw thrown;
    if (search.cases === 0) return { kind: 'unknown' };
  }
  if (search.found !== null) return { kind: 'possible', found: search.found };
  return search.cases > 0 ? { kind: 'possible', found: null } : { kind: 'never' };
}

type Alternatives = readonly Goal[];

class Search<T> {
  readonly #question: Question;
  readonly #example: (space: Space) => T | null;
  found: T | null = null;
  cases = 0;

  constructor(question: Question, example: (space: Space) => T | null) {
    this.#question = question;
    this.#example = example;
  }

  run(start: Space, goals: readonly Goal[]): void {
    const narrowed = this.#narrow(start, goals);
    if (narrowed === null) return;
    const { space, open } = narrowed;
    let best: Alternatives | null = null;
    for (const one of open) if (best === null || one.length < best.length) best = one;
    if (best === null) {
      this.cases++;
      this.found = this.#example(space);
      return;
    }
    const rest = open.filter((one) => one !== best).map((of): Goal => ({ kind: 'or', of }));
    for (const goal of best) {
      this.run(space, [goal, ...rest]);
      if (this.found !== null || this.cases >= MOST_CASES) return;
    }
  }

  /** narrow follows everything that has no alternative; null when something is impossible. */
  #narrow(start: Space, goals: readonly Goal[]): { readonly space: Space; readonly open: Alternatives[] } | null {
    const space = new Map(start);
    const todo: Goal[] = goals.toReversed();
    let open: Alternatives[] = [];
    for (;;) {
      while (todo.length > 0) {
        const goal = todo.pop()!;
        if (goal.kind === 'test') {
          const domain = this.#after(space, goal.test, goal.holds);
          if (domain === null) return null;
          space.set(this.#idOf(goal.test), { test: goal.test, domain });
        } else if (goal.kind === 'and') todo.push(...goal.of);
        else open.push(goal.of);
      }
      const left: Alternatives[] = [];
      for (const of of open) {
        const possible = of.filter((goal) => !this.#isImpossible(space, goal));
        if (possible.length === 0) return null;
        if (possible.length === 1) todo.push(possible[0]!);
        else if (!possible.some((goal) => this.#isCertain(space, goal))) left.push(possible);
      }
      open = left;
      if (todo.length === 0) return { space, open };
    }
  }

  #after(space: Space, test: TestCondition, holds: boolean): FieldDomain | null {
    if (--this.#question.budget.steps < 0) throw new OutOfBudget();
    const start = this.#isChanging(test) ? ManyDomain.every : domainOf(test);
    return (space.get(this.#idOf(test))?.domain ?? start).after(test, holds);
  }

  /** A comparison with a changing list is a field of its own, of which it is only known whether it held. */
  #idOf(test: TestCondition): string {
    return this.#isChanging(test) ? `list\0${test.list}\0${test.every}\0${idOf(test)}` : idOf(test);
  }

  #isChanging({ list }: TestCondition): boolean {
    return list !== null && this.#question.changing.has(list);
  }

  #isImpossible(space: Space, goal: Goal): boolean {
    if (goal.kind === 'test') return this.#after(space, goal.test, goal.holds) === null;
    if (goal.kind === 'and') return goal.of.some((inner) => this.#isImpossible(space, inner));
    return goal.of.every((inner) => this.#isImpossible(space, inner));
  }

  #isCertain(space: Space, goal: Goal): boolean {
    if (goal.kind === 'test') return this.#after(space, goal.test, !goal.holds) === null;
    if (goal.kind === 'and') return goal.of.every((inner) => this.#isCertain(space, inner));
    return goal.of.some((inner) => this.#isCertain(space, inner));
  }
}

const ids = new WeakMap<TestCondition, string>();

function idOf(test: TestCondition): string {
  let id = ids.get(test);
  if (id === undefined) {
    id = `${test.type}\0${test.field}\0${test.key ?? ''}`;
    ids.set(test, id);
  }
  return id;
}
