/**
 * RuleMatcher: finds the first of many rules whose condition holds. Data plane, hot path: written for the machine.
 *
 * Small lists are tested one by one, larger ones through RuleIndex. Either way the answer is that of testing every rule in
 * written order, failures included: a rule that cannot be decided ends the search unless an earlier one holds.
 * A matcher belongs to one thread and is never entered twice at a time.
 */
import type { Rule } from '../plan/rule.ts';
import { ConditionCompiler } from './condition-matcher.ts';
import { isAbsent, isMany, lowerAscii, type OneValue, toAddress, toNumber, toText } from './fact-value.ts';
import type { FactValue, RequestFacts } from './facts.ts';
import type { Pass, Read, Readers } from './field-source.ts';
import { MatchError } from './match-error.ts';
import { type FieldTable, type RuleGroup, RuleIndexBuilder, SMALL_GROUP } from './rule-index.ts';
import { finish, type Steps } from './steps.ts';
import type { Matcher } from './test-matcher.ts';
import type { TextTrie } from './text-trie.ts';

export interface RuleMatcher {
  /**
   * next returns the index of the first rule from `start` on whose condition holds, or -1. Guards and routes ask once with
   * 0; changes ask again from the answer + 1. Throws MatchError when a rule must be decided first that cannot be.
   */
  next(facts: RequestFacts, start: number): number;
}

/**
 * compileRules builds the matcher of one list of rules. Throws TypeError, naming the rule, for what cannot be compiled: a
 * field without a reader, an operator that does not fit its type, a bad address or expression.
 */
export function compileRules(rules: readonly Rule[], readers: Readers): RuleMatcher {
  return finish(compileRulesInSteps(rules, readers));
}

/** compileRulesInSteps is compileRules for an event loop that has others to serve: no step takes more than a moment. */
export function* compileRulesInSteps(rules: readonly Rule[], readers: Readers): Steps<RuleMatcher> {
  const conditions = rules.map((rule) => rule.when);
  const compiler = new ConditionCompiler(readers, conditions);
  const tests: Matcher[] = [];
  for (const rule of rules) {
    tests.push(compileRule(rule, compiler));
    yield;
  }
  if (rules.length <= SMALL_GROUP) return new ShortList(tests, compiler.pass);
  const group = yield* new RuleIndexBuilder(conditions).build([...rules.keys()]);
  return new IndexedList(tests, yield* linkGroup(group, compiler), compiler.pass);
}

function compileRule(rule: Rule, compiler: ConditionCompiler): Matcher {
  try {
    return rule.when === null ? () => true : compiler.compile(rule.when);
  } catch (error) {
    throw new TypeError(`rule \`${rule.text}\`: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

class ShortList implements RuleMatcher {
  readonly #tests: readonly Matcher[];
  readonly #pass: Pass;

  constructor(tests: readonly Matcher[], pass: Pass) {
    this.#tests = tests;
    this.#pass = pass;
  }

  next(facts: RequestFacts, start: number): number {
    const tests = this.#tests;
    this.#pass.number++;
    let rule = start;
    try {
      for (; rule < tests.length; rule++) {
        if (tests[rule]!(facts)) return rule;
      }
    } catch (error) {
      throw MatchError.from(rule, error);
    }
    return -1;
  }
}

/** A RuleGroup whose tables can read their fields. */
interface LinkedGroup extends RuleGroup {
  readonly tables: readonly LinkedTable[];
}

interface LinkedTable extends FieldTable {
  readonly groups: readonly LinkedGroup[];
  readonly read: Read;
  /** Per group: the pass in which it was searched last. A client who repeats a value does not make it be searched again. */
  readonly searched: Float64Array;
}

function* linkGroup(group: RuleGroup, compiler: ConditionCompiler): Steps<LinkedGroup> {
  const tables: LinkedTable[] = [];
  for (const table of group.tables) {
    const groups: LinkedGroup[] = [];
    for (const inner of table.groups) groups.push(yield* linkGroup(inner, compiler));
    const read = compiler.read(table.test);
    tables.push({ ...table, groups, read, searched: new Float64Array(table.groups.length) });
  }
  yield;
  return { ...group, tables };
}

class IndexedList implements RuleMatcher {
  readonly #tests: readonly Matcher[];
  readonly #root: LinkedGroup;
  readonly #pass: Pass;
  #facts!: RequestFacts;
  #start = 0;
  /** The lowest rule found so far that holds or fails, and how it failed. */
  #best = 0;
  #hasFailed = false;
  #failure: unknown = null;

  constructor(tests: readonly Matcher[], root: LinkedGroup, pass: Pass) {
    this.#tests = tests;
    this.#root = root;
    this.#pass = pass;
  }

  next(facts: RequestFacts, start: number): number {
    this.#pass.number++;
    this.#facts = facts;
    this.#start = start;
    this.#best = this.#tests.length;
    this.#hasFailed = false;
    this.#searchGroup(this.#root);
    if (this.#hasFailed) {
      const failure = this.#failure;
      this.#failure = null;
      throw MatchError.from(this.#best, failure);
    }
    return this.#best === this.#tests.length ? -1 : this.#best;
  }

  #searchGroup(group: LinkedGroup): void {
    if (group.first >= this.#best || group.last < this.#start) return;
    const tables = group.tables;
    for (let index = 0; index < tables.length; index++) this.#searchTable(tables[index]!);
    this.#testRules(group.rules);
  }

  #testRules(rules: Int32Array): void {
    const tests = this.#tests;
    const facts = this.#facts;
    const start = this.#start;
    let index = 0;
    if (rules.length > SMALL_GROUP && start > 0) index = firstFrom(rules, start);
    for (; index < rules.length; index++) {
      const rule = rules[index]!;
      if (rule < start) continue;
      if (rule >= this.#best) return;
      try {
        if (!tests[rule]!(facts)) continue;
        this.#hasFailed = false;
      } catch (error) {
        this.#hasFailed = true;
        this.#failure = error;
      }
      this.#best = rule;
      return;
    }
  }

  #searchTable(table: LinkedTable): void {
    let value: FactValue;
    try {
      value = table.read(this.#facts);
      if (typeof value === 'string') {
        this.#searchOne(table, value);
        return;
      }
      if (isAbsent(value)) return;
      if (!isMany(value)) {
        this.#searchOne(table, value);
        return;
      }
      for (let index = 0; index < value.length; index++) this.#searchOne(table, value[index]!);
    } catch {
      // The field cannot be read, or not looked up: each rule that needs it says so when it is tested.
      this.#testRules(table.rules);
    }
  }

  #searchOne(table: LinkedTable, value: OneValue): void {
    if (table.present >= 0) this.#searchFound(table, table.present);
    const { tries, ips, numbers } = table;
    for (let index = 0; index < tries.length; index++) {
      const { side, isFolded, trie } = tries[index]!;
      const text = isFolded ? lowerAscii(toText(value)) : toText(value);
      this.#walk(table, trie, text, 0);
      if (side !== 'anywhere') continue;
      for (let from = 1; from < text.length; from++) this.#walk(table, trie, text, from);
    }
    if (ips !== null) {
      const address = toAddress(value);
      if (address !== null) {
        for (let network = ips.table.innermost(address); network >= 0; network = ips.table.parent[network]!) {
          this.#searchFound(table, ips.groups[network]!);
        }
      }
    }
    if (numbers !== null) {
      const at = indexOfNumber(numbers.values, toNumber(value));
      if (at >= 0) this.#searchFound(table, numbers.groups[at]!);
    }
  }

  #searchFound(table: LinkedTable, group: number): void {
    if (table.searched[group] === this.#pass.number) return;
    table.searched[group] = this.#pass.number;
    this.#searchGroup(table.groups[group]!);
  }

  /** walk searches the groups of all keys that stand in the text at `from`. */
  #walk(table: LinkedTable, trie: TextTrie, text: string, from: number): void {
    const { labels, labelStart, labelEnd, isReversed } = trie;
    const length = text.length;
    const last = length - 1;
    let node = 0;
    let at = from;
    while (node >= 0) {
      const end = labelEnd[node]!;
      for (let label = labelStart[node]!; label < end; label++) {
        if (at === length || text.charCodeAt(isReversed ? last - at : at) !== labels[label]) return;
        at++;
      }
      const starts = trie.starts[node]!;
      if (starts >= 0) this.#searchFound(table, starts);
      const under = trie.under[node]!;
      if (under >= 0 && (at === length || text.charCodeAt(at) === 0x2f)) this.#searchFound(table, under);
      if (at === length) {
        const exact = trie.exact[node]!;
        if (exact >= 0) this.#searchFound(table, exact);
        return;
      }
      node = trie.child(node, text.charCodeAt(isReversed ? last - at : at));
      at++;
    }
  }
}

/** firstFrom returns the place of the first rule that is not below `start`. */
function firstFrom(rules: Int32Array, start: number): number {
  let low = 0;
  let high = rules.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rules[middle]! < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** indexOfNumber returns the place of `value` among ascending values, or -1. */
function indexOfNumber(values: Float64Array, value: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < value) low = middle + 1;
    else if (values[middle]! > value) high = middle - 1;
    else return values[middle] === value ? middle : -1;
  }
  return -1;
}
