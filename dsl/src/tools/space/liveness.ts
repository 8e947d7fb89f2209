/**
 * Liveness: for every rule of a listener, a request that it takes, or the proof that there is none. Main thread.
 */
import type { ListenerPlan } from '../../plan/plan.ts';
import type { Rule } from '../../plan/rule.ts';
import type { TestRequest } from '../../plan/test.ts';
import { type Goal, goalOf } from './goal.ts';
import { beforeRule, isOfConnection, isPassing, isWhole } from './reach.ts';
import { type Question, type Solution, type Space, solve } from './solver.ts';
import { firstMatch, type Readers, requestOf } from './witness.ts';

export type Liveness =
  /** `witness` is a request that the rule takes; null: none was found, and there may be some. */
  | { readonly kind: 'live'; readonly witness: TestRequest | null }
  /** Its own condition can never hold. */
  | { readonly kind: 'contradiction' }
  /** The rules `by` together take every request that it matches, such as the example; null: none could be written. */
  | { readonly kind: 'shadowed'; readonly by: readonly Rule[]; readonly example: TestRequest | null }
  /** The budget was spent. */
  | { readonly kind: 'unknown' };

/** Rules that are tried one by one for whether they are needed to shadow another. */
const MOST_TRIED = 40;

/** World is what is known of the rules besides the listener. */
export interface World extends Question {
  /** The fields' implementations, which witnesses are tried with. */
  readonly readers: Readers;
}

/** livenessOf judges one rule. */
export function livenessOf(listener: ListenerPlan, rule: Rule, world: World): Liveness {
  const today: Question = { budget: world.budget, changing: NO_LISTS };
  const wanted = goalOf(rule.when, true);
  const before = beforeRule(listener, rule);
  const goals = [wanted, ...before.map(({ goal }) => goal)];
  const isConnection = isOfConnection(listener, rule);
  const tried = (space: Space): TestRequest | null => {
    const request = requestOf(space, listener, isConnection);
    return request !== null && takes(listener, rule, request, world.readers) ? request : null;
  };
  // Most rules take the first request that comes to mind.
  const guess = solve([wanted], today, tried);
  if (guess.kind === 'possible' && guess.found !== null) return { kind: 'live', witness: guess.found };
  const solution = solve(goals, today, tried);
  if (solution.kind === 'possible') return { kind: 'live', witness: solution.found };
  if (solution.kind === 'unknown') return { kind: 'unknown' };
  // Nothing today; with lists that change, perhaps something tomorrow.
  const ever = world.changing.size === 0 ? solution : solve(goals, world, () => true);
  if (ever.kind === 'possible') return { kind: 'live', witness: null };
  if (ever.kind === 'unknown') return { kind: 'unknown' };
  if (solve([wanted], world, () => true).kind === 'never') return { kind: 'contradiction' };
  const example = solve([wanted], today, (space) => {
    const request = requestOf(space, listener, isConnection);
    return request !== null && firstMatch(request, [rule], world.readers, listener) === 0 ? request : null;
  });
  const by = neededOf(wanted, before, world);
  return { kind: 'shadowed', by, example: example.kind === 'possible' ? example.found : null };
}

const NO_LISTS: ReadonlySet<string> = new Set();

/** takes: the rule is the one that the request comes to, and it wants it. */
export function takes(listener: ListenerPlan, rule: Rule, request: TestRequest, readers: Readers): boolean {
  const { passthroughs = [], guards, routes } = listener;
  if (passthroughs.includes(rule)) return matchesFirst(passthroughs, rule, request, readers, listener);
  if (firstMatch(request, passthroughs, readers, listener) !== -1) return false;
  if (guards.includes(rule)) return matchesFirst(guards, rule, request, readers, listener);
  const guard = firstMatch(request, guards, readers, listener, isWhole);
  if (guard === null || (guard >= 0 && !isPassing(guards[guard]!))) return false;
  if (routes.includes(rule)) return matchesFirst(routes, rule, request, readers, listener);
  return firstMatch(request, [rule], readers, listener) === 0;
}

/** matchesFirst: no rule before it that takes all that it wants matches. */
function matchesFirst(
  rules: readonly Rule[],
  rule: Rule,
  request: TestRequest,
  readers: Readers,
  listener: ListenerPlan,
): boolean {
  const at = firstMatch(request, rules, readers, listener, (one) => one === rule || isWhole(one));
  return at !== null && at >= 0 && rules[at] === rule;
}

/** neededOf leaves out, one by one, the rules without which the proof still holds. */
function neededOf(
  wanted: Goal,
  before: readonly { readonly rule: Rule; readonly goal: Goal }[],
  question: Question,
): readonly Rule[] {
  let needed = before.filter(({ goal }) => !isNeedless(wanted, goal, question));
  if (needed.length <= MOST_TRIED) {
    // The last one first, so that the earliest that are enough stay.
    for (const one of needed.toReversed()) {
      const rest = needed.filter((other) => other !== one);
      const solution: Solution<true> = solve([wanted, ...rest.map(({ goal }) => goal)], question, () => true);
      if (solution.kind === 'never') needed = rest;
    }
  }
  return needed.map(({ rule }) => rule);
}

/** isNeedless: the rule wants none of the requests in question. */
function isNeedless(wanted: Goal, goal: Goal, question: Question): boolean {
  return solve([wanted, inverse(goal)], question, () => true).kind === 'never';
}

function inverse(goal: Goal): Goal {
  if (goal.kind === 'test') return { ...goal, holds: !goal.holds };
  return { kind: goal.kind === 'and' ? 'or' : 'and', of: goal.of.map(inverse) };
}
