/**
 * Lint: what is right by the language and most likely not meant. Main thread. Sound: what it reports is so.
 *
 * Codes: SL0501 (a rule that others keep everything from) is the language's own; the rest are lint's, and never errors.
 */
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { isLoopback } from '../plan/address.ts';
import type { Condition } from '../plan/condition.ts';
import type { ListPlan } from '../plan/list.ts';
import { formatPlace, type Place } from '../plan/place.ts';
import type { ListenerPlan, Plan } from '../plan/plan.ts';
import type { Rule } from '../plan/rule.ts';
import type { TestRequest } from '../plan/test.ts';
import { impossiblePath, type PassedBy, passedBy, pathTests, readersOf } from './paths/passed-by.ts';
import {
  firstMatch,
  goalOf,
  isWhole,
  type Liveness,
  livenessOf,
  type Readers,
  rulesIn,
  solve,
  type World,
} from './space/index.ts';
import { both, rangesOf } from './space/ranges.ts';

/** RuleReport is what was found out about one rule. */
export interface RuleReport {
  readonly rule: Rule;
  readonly listener: string;
  readonly outcome: Liveness['kind'];
  /** A request, or a connection, that the rule takes; null where none was found, or there is none. */
  readonly witness: TestRequest | null;
}

export interface LintReport {
  readonly findings: readonly Diagnostic[];
  /** Every line that passes TLS on, guard, change and route, in order. */
  readonly rules: readonly RuleReport[];
  /** False: the budget was spent before every question was answered. */
  readonly isComplete: boolean;
}

/** Steps that a plan may cost: some seconds. */
const LINT_BUDGET = 10_000_000;
/** Steps that one rule may cost. */
const RULE_BUDGET = 200_000;

/** lint looks at a whole plan. `readers` are the fields' implementations. */
export function lint(plan: Plan, readers: Readers, budget = LINT_BUDGET): LintReport {
  return new Linter(plan, readers, budget).run();
}

/** In files with more rules only lint looks for rules that can never run: `check` is to be quick. */
const MOST_CHECKED_RULES = 250;
/** Steps that `check` may spend on it: a tenth of a second or so. */
const CHECK_BUDGET = 300_000;

/**
 * findShadowed returns SL0501 for rules that the rules before them together keep every request from, as far as that can be
 * proved quickly. It is silent about the rest; `lint` has more patience.
 */
export function findShadowed(plan: Plan, readers: Readers): readonly Diagnostic[] {
  const count = plan.listeners.reduce((sum, listener) => sum + rulesIn(listener).length, 0);
  return count > MOST_CHECKED_RULES ? [] : new Linter(plan, readers, CHECK_BUDGET).shadowed();
}

/** Most rules of a plan for which ways past them are looked for: some milliseconds each. */
const MOST_PATH_RULES = 2_000;

const SERVERS: Readonly<Record<PassedBy['readers'][number], string>> = {
  nginx: 'nginx',
  apache: 'Apache',
  tomcat: 'Tomcat',
  iis: 'IIS',
  node: 'Node.js',
  php: 'PHP',
};

function fixOfPaths(listener: ListenerPlan, found: readonly PassedBy[]): string {
  const isNamed = (listener.paths?.readers.length ?? 0) > 0;
  const readers = found.flatMap((way) => way.readers).filter((reader) => readersOf(listener).includes(reader));
  if (!isNamed) return `Declare the kind of servers, for example \`paths for ${readers[0]}\`: docs/paths.md`;
  const isBelow = found.every(({ path, denied }) => path.startsWith(`${denied}/`));
  return isBelow ? 'Write `path under …`' : 'Remove the `paths keep …` setting that allows them: docs/paths.md';
}

class Linter {
  readonly #plan: Plan;
  readonly #readers: Readers;
  readonly #changing: ReadonlySet<string>;
  readonly #findings: Diagnostic[] = [];
  readonly #rules: RuleReport[] = [];
  readonly #told = new Set<string>();
  #left: number;
  #isComplete = true;
  #pathRulesLeft = MOST_PATH_RULES;
  /** Listeners of which it was said that requests get past their rules. */
  readonly #warned = new Set<ListenerPlan>();

  constructor(plan: Plan, readers: Readers, budget: number) {
    this.#plan = plan;
    this.#readers = readers;
    this.#left = budget;
    this.#changing = changingLists(plan);
  }

  run(): LintReport {
    this.#adminApi();
    for (const listener of this.#plan.listeners) {
      for (const rule of rulesIn(listener)) this.#rule(listener, rule);
    }
    for (const list of this.#plan.lists) this.#list(list);
    for (const [index, list] of this.#plan.lists.entries()) {
      for (const other of this.#plan.lists.slice(0, index)) this.#lists(other, list);
    }
    return { findings: this.#findings, rules: this.#rules, isComplete: this.#isComplete };
  }

  /** adminApi: tokens can be read by whoever is on the way. */
  #adminApi(): void {
    const { admin, adminTls } = this.#plan.settings;
    if (admin?.place === undefined || adminTls !== undefined || isLoopback(admin.address)) return;
    const message =
      'the admin API can be reached from other machines, and is not encrypted: its tokens can be read on the way';
    const fix = 'Add `admin tls terminate cert "FILE"`, or write `admin on 127.0.0.1:9900`';
    this.#add('SL0907', admin.place, message, fix);
  }

  #rule(listener: ListenerPlan, rule: Rule): void {
    this.#impossiblePaths(listener, rule);
    const liveness = this.#asked((world) => livenessOf(listener, rule, world)) ?? { kind: 'unknown' as const };
    const witness = liveness.kind === 'live' ? liveness.witness : null;
    this.#rules.push({ rule, listener: listener.name, outcome: liveness.kind, witness });
    if (liveness.kind === 'unknown') this.#isComplete = false;
    if (liveness.kind === 'contradiction') {
      this.#add('SL0901', rule.place, 'this condition can never be true', 'Two of its parts contradict each other');
      return;
    }
    if (liveness.kind === 'shadowed') {
      this.#shadowed(rule, liveness);
      return;
    }
    if (rule.when !== null) this.#parts(rule.when);
    if (witness === null) return;
    this.#redundant(listener, rule, witness);
    this.#paths(listener, rule, witness);
  }

  /** impossiblePaths looks for paths in a rule that no request here can have. */
  #impossiblePaths(listener: ListenerPlan, rule: Rule): void {
    for (const test of pathTests(rule.when)) {
      const value = test.list === null ? impossiblePath(listener, test) : null;
      if (value === null) continue;
      const message = `no path has \`${value}\` here: \`paths …\` determines the form in which this listener compares paths`;
      this.#add('SL0906', test.place, message, 'Write it in that form, or add `paths keep …`', value);
    }
  }

  /** paths looks for ways past a rule on paths. */
  #paths(listener: ListenerPlan, rule: Rule, witness: TestRequest): void {
    const isNamed = (listener.paths?.readers.length ?? 0) > 0;
    // Whoever has not said what servers there are hears of it once a listener.
    if (rule.verb !== 'deny' || (!isNamed && this.#warned.has(listener)) || pathTests(rule.when).length === 0) return;
    if (this.#pathRulesLeft-- <= 0) {
      this.#isComplete = false;
      return;
    }
    const found = passedBy(listener, witness, this.#readers);
    if (found.length === 0) return;
    this.#warned.add(listener);
    const ways = found.map(
      ({ path, readers }) => `\`${path}\` (${readers.map((reader) => SERVERS[reader]).join(', ')})`,
    );
    const message = `requests can bypass this line if a server reads their path as \`${found[0]!.denied}\`: ${ways.join(', ')}`;
    this.#add('SL0905', rule.place, message, fixOfPaths(listener, found));
  }

  /** shadowed looks for nothing but rules that others take everything from. */
  shadowed(): readonly Diagnostic[] {
    for (const listener of this.#plan.listeners) {
      for (const rule of rulesIn(listener)) {
        const liveness = this.#asked((world) => livenessOf(listener, rule, world));
        if (liveness?.kind === 'shadowed') this.#shadowed(rule, liveness);
      }
    }
    return this.#findings;
  }

  #shadowed(rule: Rule, { by, example }: Extract<Liveness, { kind: 'shadowed' }>): void {
    const such = example === null ? '' : ` (e.g. ${example.line} from ${example.ip})`;
    const message = `can never run: ${linesOf(by, rule)} every request that it matches${such}`;
    this.#add('SL0501', rule.place, message, 'Move it above, or remove it');
  }

  /** parts looks for alternatives that can never hold in a condition that can. */
  #parts(condition: Condition): void {
    if (condition.kind === 'not' || condition.kind === 'named') this.#parts(condition.of);
    else if (condition.kind === 'or') {
      for (const part of condition.of) if (!this.#contradicts(part)) this.#parts(part);
    } else if (condition.kind === 'and') {
      if (!this.#contradicts(condition)) for (const part of condition.of) this.#parts(part);
    }
  }

  #contradicts(part: Condition): boolean {
    if (part.kind !== 'and') return false;
    const solution = this.#asked((world) => solve([goalOf(part, true)], world, () => true));
    if (solution?.kind !== 'never') return false;
    this.#add('SL0901', part.place, 'this condition can never be true', 'Two of its parts contradict each other');
    return true;
  }

  /** redundant: the next rule that would take its requests does the same with all of them. */
  #redundant(listener: ListenerPlan, rule: Rule, witness: TestRequest): void {
    const { passthroughs = [], guards, routes } = listener;
    const rules = [passthroughs, guards, routes].find((part) => part.includes(rule)) ?? [];
    const at = rules.indexOf(rule);
    if (at < 0 || !isWhole(rule) || rule.when === null) return;
    const wanted = goalOf(rule.when, true);
    const doesSame = (other: Rule): boolean =>
      other.verb === rule.verb && isWhole(other) && JSON.stringify(other.args) === JSON.stringify(rule.args);
    const later = rules.slice(at + 1);
    // Where its own example would get something else without it, there is no need to look further.
    const isAsked = (other: Rule): boolean => other !== rule && isWhole(other);
    const next = rules[firstMatch(witness, rules, this.#readers, listener, isAsked) ?? -1];
    if (next === undefined || !doesSame(next)) return;
    for (const other of later) {
      const meets = this.#asked((world) => solve([wanted, goalOf(other.when, true)], world, () => true));
      if (meets?.kind === 'never') continue;
      if (!doesSame(other)) return;
      const rest = this.#asked((world) => solve([wanted, goalOf(other.when, false)], world, () => true));
      if (rest?.kind !== 'never') continue;
      const message = `redundant: line ${lineOf(other, rule)} does the same for every request that it matches`;
      this.#add('SL0902', rule.place, message, 'Remove it');
      return;
    }
  }

  #list(list: ListPlan): void {
    if (list.type !== 'ips') return;
    const known = list.entries.map((entry) => ({ entry, range: rangesOf([entry])[0]! }));
    known.sort((a, b) =>
      a.range[0] < b.range[0] ? -1 : a.range[0] > b.range[0] ? 1 : a.range[1] > b.range[1] ? -1 : 1,
    );
    let outer = known[0];
    for (const one of known.slice(1)) {
      if (one.range[0] > outer!.range[1]) outer = one;
      else {
        const message = `list \`${list.name}\` has \`${one.entry}\` twice: it is within \`${outer!.entry}\``;
        this.#add('SL0903', list.place, message, 'Remove one of them', one.entry);
      }
    }
  }

  #lists(first: ListPlan, second: ListPlan): void {
    if (first.type !== second.type) return;
    const common = first.type === 'ips' ? commonRanges(first, second) : commonEntries(first, second);
    if (common === 0) return;
    const message = `list \`${second.name}\` overlaps with list \`${first.name}\` of line ${first.place.line}: ${common} of its ${second.entries.length} entries`;
    this.#add('SL0904', second.place, message, 'Make sure that both are intended', first.name);
  }

  /** asked gives a question its share of the budget; null when there is none left, or it was not enough. */
  #asked<T>(question: (world: World) => T): T | null {
    if (this.#left <= 0) {
      this.#isComplete = false;
      return null;
    }
    const share = Math.min(this.#left, RULE_BUDGET);
    const budget = { steps: share };
    const answer = question({ budget, readers: this.#readers, changing: this.#changing });
    this.#left -= share - Math.max(0, budget.steps);
    return answer;
  }

  #add(code: string, place: Place, message: string, fix: string, detail = ''): void {
    const key = `${code} ${formatPlace(place)} ${detail}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#findings.push({ code, severity: 'warning', message, fix, place });
  }
}

/** changingLists are the lists that are read again while the gateway runs. */
function changingLists({ lists }: Plan): ReadonlySet<string> {
  return new Set(lists.filter(({ file }) => file !== null).map(({ name }) => name));
}

function commonEntries(first: ListPlan, second: ListPlan): number {
  const known = new Set(first.entries);
  return second.entries.filter((entry) => known.has(entry)).length;
}

function commonRanges(first: ListPlan, second: ListPlan): number {
  const known = rangesOf(first.entries);
  if (both(known, rangesOf(second.entries)).length === 0) return 0;
  return second.entries.filter((entry) => both(known, rangesOf([entry])).length > 0).length;
}

/** linesOf says which rules take something: `line 3 takes`, `lines 3, 5 and 9 together take`. */
function linesOf(rules: readonly Rule[], seenFrom: Rule): string {
  const lines = [...new Set(rules.map((rule) => lineOf(rule, seenFrom)))];
  if (lines.length === 1) return `line ${lines[0]} takes`;
  const shown = lines.length > 8 ? [...lines.slice(0, 7), `${lines.length - 7} more`] : lines;
  return `lines ${shown.slice(0, -1).join(', ')} and ${shown.at(-1)} together take`;
}

function lineOf({ place }: Rule, seenFrom: Rule): string {
  return place.file === seenFrom.place.file ? String(place.line) : `${place.line} of ${place.file}`;
}
