/**
 * RuleMatcher: finds the first of many rules whose condition holds. Data plane, hot path: written for the machine.
 *
 * Small lists are tested one by one, larger ones through RuleIndex. Either way the answer is that of testing every rule in
 * written order, failures included: a rule that cannot be decided ends the search unless an earlier one holds.
 * A matcher belongs to one thread and is never entered twice at a time.
 */
import type { Rule } from '../../plan/rule.ts';
import type { RuleIndex } from '../../plan/value-table.ts';
import { IpTable } from '../address/ip-table.ts';
import { finish, type Steps } from '../build/steps.ts';
import { ConditionCompiler } from '../condition/condition-matcher.ts';
import type { Matcher } from '../condition/test-matcher.ts';
import { isAbsent, isMany, lowerAscii, type OneValue, toAddress, toNumber, toText } from '../facts/fact-value.ts';
import type { FactValue, RequestFacts } from '../facts/facts.ts';
import type { Pass, Read, Readers } from '../facts/field-source.ts';
import { MatchError } from '../facts/match-error.ts';
import { indexOfNumber } from '../text/number-set.ts';
import { type Found, TextTrie } from '../text/text-trie.ts';
import { buildRuleIndex, GROUP, SIDES, SMALL_GROUP, TABLE, TRIE } from './rule-index.ts';

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

/**
 * compileRulesInSteps is compileRules for an event loop that has others to serve: no step takes more than a moment. The
 * index is the one that `indexRules` made of the same rules; without one it is made here.
 */
export function* compileRulesInSteps(
  rules: readonly Rule[],
  readers: Readers,
  index: RuleIndex | null = null,
): Steps<RuleMatcher> {
  const conditions = rules.map((rule) => rule.when);
  const compiler = yield* ConditionCompiler.create(readers, conditions);
  const tests: Matcher[] = [];
  for (const rule of rules) {
    tests.push(compileRule(rule, compiler));
    yield;
  }
  if (rules.length <= SMALL_GROUP) return new ShortList(tests, compiler.pass);
  const built = index ?? (yield* buildRuleIndex(conditions));
  return new IndexedList(tests, built, yield* linkTables(built, compiler), compiler.pass);
}

/** indexRules makes the index of a list of rules, for all threads; null for one that is too short to need any. */
export function* indexRules(rules: readonly Rule[]): Steps<RuleIndex | null> {
  return rules.length <= SMALL_GROUP ? null : yield* buildRuleIndex(rules.map((rule) => rule.when));
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

/** A table of the index, with what reads its field. */
interface LinkedTable {
  readonly read: Read;
  readonly rulesFrom: number;
  readonly rulesTo: number;
  readonly present: number;
  readonly tries: readonly { readonly side: number; readonly isFolded: boolean; readonly trie: TextTrie }[];
  readonly ips: IpTable | null;
  readonly ipGroups: number;
  readonly numbersFrom: number;
  readonly numbersTo: number;
  readonly numberGroups: number;
}

/** The tables of each group that has any, by its number. */
type Tables = ReadonlyMap<number, readonly LinkedTable[]>;

function* linkTables({ words, fields, groups, groupCount }: RuleIndex, compiler: ConditionCompiler): Steps<Tables> {
  const tables = new Map<number, readonly LinkedTable[]>();
  for (let group = 0; group < groupCount; group++) {
    if (group % 64 === 0) yield;
    const at = groups + GROUP.size * group;
    const count = words[at + GROUP.tableCount]!;
    if (count === 0) continue;
    const linked: LinkedTable[] = [];
    for (let table = 0; table < count; table++) {
      linked.push(linkTable(words, words[words[at + GROUP.tables]! + table]!, fields, compiler));
    }
    tables.set(group, linked);
    yield;
  }
  return tables;
}

function linkTable(
  words: Int32Array,
  at: number,
  fields: RuleIndex['fields'],
  compiler: ConditionCompiler,
): LinkedTable {
  const word = (offset: number): number => words[at + offset]!;
  const tries = Array.from({ length: word(TABLE.trieCount) }, (_, index) => {
    const trie = word(TABLE.tries) + TRIE.size * index;
    return {
      side: words[trie + TRIE.side]!,
      isFolded: words[trie + TRIE.isFolded] === 1,
      trie: new TextTrie(words, words[trie + TRIE.trie]!),
    };
  });
  return {
    read: compiler.read(fields[word(TABLE.field)]!),
    rulesFrom: word(TABLE.rulesFrom),
    rulesTo: word(TABLE.rulesTo),
    present: word(TABLE.present),
    tries,
    ips: word(TABLE.ips) < 0 ? null : new IpTable(words, word(TABLE.ips)),
    ipGroups: word(TABLE.ipGroups),
    numbersFrom: word(TABLE.numbersFrom),
    numbersTo: word(TABLE.numbersTo),
    numberGroups: word(TABLE.numberGroups),
  };
}

const NO_TABLES: readonly LinkedTable[] = [];
const ANYWHERE = SIDES.indexOf('anywhere');

class IndexedList implements RuleMatcher {
  readonly #tests: readonly Matcher[];
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #groups: number;
  readonly #tables: Tables;
  readonly #pass: Pass;
  /** Per group: the pass in which it was searched last. A client who repeats a value does not make it be searched again. */
  readonly #searched: Float64Array;
  readonly #found: Found;
  #facts!: RequestFacts;
  #start = 0;
  /** The lowest rule found so far that holds or fails, and how it failed. */
  #best = 0;
  #hasFailed = false;
  #failure: unknown = null;

  constructor(tests: readonly Matcher[], index: RuleIndex, tables: Tables, pass: Pass) {
    this.#tests = tests;
    this.#words = index.words;
    this.#numbers = index.numbers;
    this.#groups = index.groups;
    this.#tables = tables;
    this.#pass = pass;
    this.#searched = new Float64Array(index.groupCount);
    this.#found = (group) => {
      this.#searchGroup(group);
      return false;
    };
  }

  next(facts: RequestFacts, start: number): number {
    this.#pass.number++;
    this.#facts = facts;
    this.#start = start;
    this.#best = this.#tests.length;
    this.#hasFailed = false;
    this.#searchGroup(0);
    if (this.#hasFailed) {
      const failure = this.#failure;
      this.#failure = null;
      throw MatchError.from(this.#best, failure);
    }
    return this.#best === this.#tests.length ? -1 : this.#best;
  }

  #searchGroup(group: number): void {
    if (this.#searched[group] === this.#pass.number) return;
    this.#searched[group] = this.#pass.number;
    const words = this.#words;
    const at = this.#groups + GROUP.size * group;
    if (words[at + GROUP.first]! >= this.#best || words[at + GROUP.last]! < this.#start) return;
    if (words[at + GROUP.tableCount]! > 0) {
      const tables = this.#tables.get(group) ?? NO_TABLES;
      for (let index = 0; index < tables.length; index++) this.#searchTable(tables[index]!);
    }
    this.#testRules(words[at + GROUP.rulesFrom]!, words[at + GROUP.rulesTo]!);
  }

  /** testRules tests those rules of a run in the words that may still be the answer. */
  #testRules(from: number, to: number): void {
    const words = this.#words;
    const tests = this.#tests;
    const facts = this.#facts;
    const start = this.#start;
    let index = from;
    if (to - from > SMALL_GROUP && start > 0) index = firstFrom(words, from, to, start);
    for (; index < to; index++) {
      const rule = words[index]!;
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
      this.#testRules(table.rulesFrom, table.rulesTo);
    }
  }

  #searchOne(table: LinkedTable, value: OneValue): void {
    if (table.present >= 0) this.#searchGroup(table.present);
    const { tries, ips } = table;
    for (let index = 0; index < tries.length; index++) {
      const { side, isFolded, trie } = tries[index]!;
      const text = isFolded ? lowerAscii(toText(value)) : toText(value);
      trie.walk(text, 0, this.#found);
      if (side !== ANYWHERE) continue;
      for (let from = 1; from < text.length; from++) trie.walk(text, from, this.#found);
    }
    if (ips !== null) {
      const address = toAddress(value);
      if (address !== null) {
        for (let network = ips.innermost(address); network >= 0; network = ips.parent(network)) {
          this.#searchGroup(this.#words[table.ipGroups + network]!);
        }
      }
    }
    if (table.numbersTo > table.numbersFrom) {
      const at = indexOfNumber(this.#numbers, table.numbersFrom, table.numbersTo, toNumber(value));
      if (at >= 0) this.#searchGroup(this.#words[table.numberGroups + at - table.numbersFrom]!);
    }
  }
}

/** firstFrom returns the place of the first rule of a run that is not below `start`. */
function firstFrom(rules: Int32Array, from: number, to: number, start: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rules[middle]! < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
