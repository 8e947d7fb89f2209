/**
 * Difference: requests and connections that two versions of rules are likely to treat in different ways, one for each pair of
 * rules. Main thread.
 *
 * What it gives are candidates: whoever asks runs each through both versions. Changes (headers, rewrites) are not compared, and
 * rules that take only some of their requests stand aside.
 */
import type { ListenerPlan, Plan } from '../plan/plan.ts';
import type { Rule } from '../plan/rule.ts';
import type { TestRequest } from '../plan/test.ts';
import {
  beforeRule,
  type Goal,
  goalOf,
  isOfConnection,
  isPassing,
  isWhole,
  type Readers,
  requestOf,
  type Space,
  solve,
  takes,
} from './space/index.ts';

/** RulePair is a rule of each version that decide some of the same requests. */
export interface RulePair {
  /** The name of the listener in both. */
  readonly listener: string;
  readonly before: Rule;
  readonly after: Rule;
  /** A request, or a connection, that both take; null: none was found, and there may be some. */
  readonly request: TestRequest | null;
}

export interface DifferenceReport {
  readonly pairs: readonly RulePair[];
  /** Names of listeners that only one version has, or that speak another protocol in the other. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  /** False: the budget was spent before every pair was looked at. */
  readonly isComplete: boolean;
}

/** Steps that a comparison may cost: some seconds. */
const DIFFERENCE_BUDGET = 10_000_000;
const PAIR_BUDGET = 50_000;

/** findDifferences looks at every pair of rules that do not say the same. `readers` are the fields' implementations. */
export function findDifferences(
  before: Plan,
  after: Plan,
  readers: Readers,
  budget = DIFFERENCE_BUDGET,
): DifferenceReport {
  const search = new Search(readers, budget);
  const [old, fresh] = [before.listeners, after.listeners];
  const isSame = (one: ListenerPlan, other: ListenerPlan): boolean =>
    one.name === other.name && one.protocol === other.protocol;
  for (const listener of old) {
    const same = fresh.find((other) => isSame(listener, other));
    if (same !== undefined && rulesText(listener) !== rulesText(same)) search.compare(listener, same);
  }
  const missingIn = (those: readonly ListenerPlan[], these: readonly ListenerPlan[]): readonly string[] =>
    those.filter((one) => !these.some((other) => isSame(one, other))).map(({ name }) => name);
  return {
    pairs: search.pairs,
    onlyBefore: missingIn(old, fresh),
    onlyAfter: missingIn(fresh, old),
    isComplete: search.isComplete,
  };
}

const NO_LISTS: ReadonlySet<string> = new Set();

class Search {
  readonly pairs: RulePair[] = [];
  isComplete = true;
  readonly #readers: Readers;
  #left: number;

  constructor(readers: Readers, budget: number) {
    this.#readers = readers;
    this.#left = budget;
  }

  compare(old: ListenerPlan, fresh: ListenerPlan): void {
    const common = commonStart(old, fresh);
    const isOpen = ({ rule }: Decider): boolean => !common.has(rule);
    const candidates = decidersOf(fresh).filter(isOpen);
    for (const before of decidersOf(old).filter(isOpen)) {
      for (const after of candidates) {
        if (effectOf(old, before.rule) !== effectOf(fresh, after.rule)) this.#pair(old, before, fresh, after);
      }
    }
  }

  #pair(old: ListenerPlan, before: Decider, fresh: ListenerPlan, after: Decider): void {
    if (this.#left <= 0) {
      this.isComplete = false;
      return;
    }
    const share = Math.min(this.#left, PAIR_BUDGET);
    const budget = { steps: share };
    const question = { budget, changing: NO_LISTS };
    // Where one side has opened TLS, only a request tells them apart.
    const isConnection = isOfConnection(old, before.rule) && isOfConnection(fresh, after.rule);
    const tried = (space: Space): TestRequest | null => {
      const request = requestOf(space, fresh, isConnection);
      if (request === null || !takes(old, before.rule, request, this.#readers)) return null;
      return takes(fresh, after.rule, request, this.#readers) ? request : null;
    };
    // The two conditions alone settle most pairs.
    let solution = solve([before.goals[0]!, after.goals[0]!], question, tried);
    if (solution.kind !== 'never' && !(solution.kind === 'possible' && solution.found !== null)) {
      solution = solve([...before.goals, ...after.goals], question, tried);
    }
    this.#left -= share - Math.max(0, budget.steps);
    if (solution.kind === 'unknown') this.isComplete = false;
    if (solution.kind !== 'possible') return;
    this.pairs.push({ listener: old.name, before: before.rule, after: after.rule, request: solution.found });
  }
}

interface Decider {
  readonly rule: Rule;
  /** What a request must meet for the rule to decide it, the rule's own condition first. */
  readonly goals: readonly Goal[];
}

/** decidersOf are the rules that give verdicts, but for those that let requests go on. */
function decidersOf(listener: ListenerPlan): readonly Decider[] {
  const { passthroughs = [], guards, routes } = listener;
  return [...passthroughs, ...guards, ...routes]
    .filter((rule) => isWhole(rule) && !isPassing(rule))
    .map((rule) => ({
      rule,
      goals: [goalOf(rule.when, true), ...beforeRule(listener, rule).map(({ goal }) => goal)],
    }));
}

/** effectOf is the same for rules that do the same: where nothing is opened, `tls passthrough to` is another `send to`. */
function effectOf({ isPassthrough }: ListenerPlan, { verb, args }: Rule): string {
  if (isPassthrough === true && verb === 'tls passthrough') return `send ${JSON.stringify(args)}`;
  return `${verb} ${JSON.stringify(args)}`;
}

function withoutPlaces(value: unknown): string {
  return JSON.stringify(value, (key, inner) => (key === 'place' || key === 'text' ? undefined : inner));
}

function rulesText({ passthroughs = [], guards, routes, paths }: ListenerPlan): string {
  return withoutPlaces([passthroughs, guards, routes, paths]);
}

/**
 * commonStart are the rules at the beginning of both versions that say the same: what one of them decides, its twin decides
 * too. Those of a part are looked at only when all before it are the same, as they settle which requests come to it.
 */
function commonStart(before: ListenerPlan, after: ListenerPlan): ReadonlySet<Rule> {
  const common = new Set<Rule>();
  for (const [rules, twins] of [
    [before.passthroughs ?? [], after.passthroughs ?? []],
    [before.guards, after.guards],
    [before.routes, after.routes],
  ] as const) {
    for (const [index, rule] of rules.entries()) {
      const twin = twins[index];
      if (twin === undefined || withoutPlaces(rule) !== withoutPlaces(twin)) return common;
      common.add(rule).add(twin);
    }
    if (rules.length !== twins.length) return common;
  }
  return common;
}
