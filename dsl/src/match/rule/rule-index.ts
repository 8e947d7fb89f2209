/**
 * RuleIndex: tables that lead from a request's values to the rules that may hold. Built once for a plan, on the main
 * thread; read by all threads from shared memory.
 *
 * Every rule is filed under the keys of one cover (see RuleCover); a key with many rules gets an index of its own over
 * their other fields. Whatever a look-up does not reach cannot hold; whatever it reaches is still tested whole.
 *
 * All of it is numbers in one array. A group is some rules of the list: those to test at once, and tables to find the others
 * by. A table finds groups by the value of one field. Keys lead to groups by their numbers.
 */
import type { Condition } from '../../plan/condition.ts';
import type { RuleIndex } from '../../plan/value-table.ts';
import { buildIpTable } from '../address/ip-table.ts';
import { sharedNumbers } from '../build/shared-arrays.ts';
import type { Steps } from '../build/steps.ts';
import { WordPool } from '../build/word-pool.ts';
import { buildTrie, type TrieEntry } from '../text/text-trie.ts';
import { type Key, type KeyKind, RuleCover } from './rule-cover.ts';

/** Groups of so many rules, or fewer, are tested one by one. */
export const SMALL_GROUP = 8;

/** The words of a group. Rules are ascending; the first and the last are those of its tables too. */
export const GROUP = { first: 0, last: 1, rulesFrom: 2, rulesTo: 3, tables: 4, tableCount: 5, size: 6 } as const;

/** The words of a table. All its rules are for when the field cannot be read. */
export const TABLE = {
  field: 0,
  rulesFrom: 1,
  rulesTo: 2,
  /** The group for any value at all, or -1. */
  present: 3,
  tries: 4,
  trieCount: 5,
  /** An IpTable, or -1, and the groups of its networks. */
  ips: 6,
  ipGroups: 7,
  /** Ascending numbers, among the numbers, and their groups. */
  numbersFrom: 8,
  numbersTo: 9,
  numberGroups: 10,
  size: 11,
} as const;

/** The words of a table's trie. `side` is an index of SIDES; a folded one needs the text in lower case. */
export const TRIE = { side: 0, isFolded: 1, trie: 2, size: 3 } as const;

/** Texts are looked up at their beginning, from their end, or from every place in them. */
export const SIDES = ['start', 'end', 'anywhere'] as const;

type TrieSide = (typeof SIDES)[number];

/** How many keys all the indexes of one list may hold together before groups stay lists. */
const KEYS_PER_RULE = 64;
const KEYS_AT_LEAST = 200_000;

/** How many entries are dealt with in one step. */
const STEP = 256;

interface Filed {
  readonly key: Key;
  readonly rules: number[];
  group: number;
}

/** buildRuleIndex indexes all rules of a list by what their conditions need. */
export function* buildRuleIndex(conditions: readonly (Condition | null)[]): Steps<RuleIndex> {
  return yield* new RuleIndexBuilder(conditions).build();
}

class RuleIndexBuilder {
  readonly #conditions: readonly (Condition | null)[];
  readonly #covers = new RuleCover();
  readonly #pool = new WordPool();
  readonly #groups: number[] = [];
  readonly #numbers: number[] = [];
  readonly #fields: { field: string; key: string | null }[] = [];
  readonly #fieldNumbers = new Map<string, number>();
  #keysLeft: number;

  constructor(conditions: readonly (Condition | null)[]) {
    this.#conditions = conditions;
    this.#keysLeft = Math.max(KEYS_AT_LEAST, KEYS_PER_RULE * conditions.length);
  }

  *build(): Steps<RuleIndex> {
    yield* this.#group([...this.#conditions.keys()], new Set());
    const groups = this.#pool.addAll(this.#groups);
    yield;
    return {
      words: this.#pool.share(),
      numbers: sharedNumbers(this.#numbers),
      fields: this.#fields,
      groups,
      groupCount: this.#groups.length / GROUP.size,
    };
  }

  /** group indexes the rules (ascending) by any field that is not skipped, and returns the group's number. */
  *#group(rules: readonly number[], skipped: ReadonlySet<string>): Steps<number> {
    const group = this.#groups.length / GROUP.size;
    const first = rules[0] ?? 0;
    const last = rules.at(-1) ?? 0;
    if (rules.length <= SMALL_GROUP || this.#keysLeft <= 0) {
      const from = this.#pool.addAll(rules);
      this.#groups.push(first, last, from, from + rules.length, 0, 0);
      return group;
    }
    this.#groups.push(first, last, 0, 0, 0, 0);
    const conditions = rules.map((rule) => this.#conditions[rule] ?? null);
    const counts = yield* this.#covers.count(conditions.filter((condition) => condition !== null));
    const rest: number[] = [];
    const fields = new Map<string, Map<string, Filed>>();
    for (const [index, rule] of rules.entries()) {
      const condition = conditions[index]!;
      const cover = condition === null ? null : this.#covers.cover(condition, counts, skipped);
      if (cover === null) rest.push(rule);
      else for (const key of cover.keys) file(fields, key, rule);
      yield;
    }
    const tables: number[] = [];
    for (const [field, keys] of fields) tables.push(yield* this.#table(keys, new Set([...skipped, field])));
    const from = this.#pool.addAll(rest);
    const at = this.#pool.addAll(tables);
    const words = [from, from + rest.length, at, tables.length];
    for (const [word, value] of words.entries()) this.#groups[group * GROUP.size + GROUP.rulesFrom + word] = value;
    return group;
  }

  *#table(keys: ReadonlyMap<string, Filed>, skipped: ReadonlySet<string>): Steps<number> {
    this.#keysLeft -= keys.size;
    const filed = [...keys.values()];
    const rules = new Set<number>();
    for (const each of filed) {
      each.group = yield* this.#group(each.rules, skipped);
      for (const rule of each.rules) rules.add(rule);
      yield;
    }
    const all = Int32Array.from(rules).sort();
    yield;
    const rulesFrom = this.#pool.addAll(all);
    const tries: number[] = [];
    for (const side of SIDES) {
      for (const isFolded of [false, true]) tries.push(...(yield* this.#trie(filed, isFolded, side)));
    }
    const triesAt = this.#pool.addAll(tries);
    const [ips, ipGroups] = yield* this.#ips(filed);
    const { numbersFrom, numbersTo, numberGroups } = this.#filedNumbers(filed);
    const { test } = filed[0]!.key;
    return this.#pool.addAll([
      this.#fieldNumber(filed[0]!.key.field, test),
      rulesFrom,
      rulesFrom + all.length,
      filed.find(({ key }) => key.kind === 'present')?.group ?? -1,
      triesAt,
      tries.length / TRIE.size,
      ips,
      ipGroups,
      numbersFrom,
      numbersTo,
      numberGroups,
    ]);
  }

  #fieldNumber(id: string, { field, key }: { readonly field: string; readonly key: string | null }): number {
    let number = this.#fieldNumbers.get(id);
    if (number === undefined) {
      number = this.#fields.push({ field, key }) - 1;
      this.#fieldNumbers.set(id, number);
    }
    return number;
  }

  *#trie(filed: readonly Filed[], isFolded: boolean, side: TrieSide): Steps<number[]> {
    const entries = new Map<string, TrieEntry>();
    for (const [index, { key, group }] of filed.entries()) {
      if (index % STEP === 0) yield;
      if (key.isFolded !== isFolded || sideOf(key.kind) !== side) continue;
      const entry = entries.get(key.text) ?? { exact: -1, starts: -1, under: -1 };
      entry[key.kind === 'exact' || key.kind === 'under' ? key.kind : 'starts'] = group;
      entries.set(key.text, entry);
    }
    if (entries.size === 0) return [];
    return [SIDES.indexOf(side), isFolded ? 1 : 0, yield* buildTrie(this.#pool, entries, side === 'end')];
  }

  *#ips(filed: readonly Filed[]): Steps<[table: number, groups: number]> {
    const networks = filed.filter(({ key }) => key.kind === 'ip');
    if (networks.length === 0) return [-1, 0];
    const cidrs = networks.map(({ key }) => key.text);
    const table = yield* buildIpTable(this.#pool, cidrs);
    return [table, this.#pool.addAll(networks.map(({ group }) => group))];
  }

  #filedNumbers(filed: readonly Filed[]): { numbersFrom: number; numbersTo: number; numberGroups: number } {
    const numeric = filed.filter(({ key }) => key.kind === 'number').sort((a, b) => a.key.number - b.key.number);
    const numbersFrom = this.#numbers.length;
    for (const { key } of numeric) this.#numbers.push(key.number);
    const numberGroups = this.#pool.addAll(numeric.map(({ group }) => group));
    return { numbersFrom, numbersTo: this.#numbers.length, numberGroups };
  }
}

function file(fields: Map<string, Map<string, Filed>>, key: Key, rule: number): void {
  let keys = fields.get(key.field);
  if (keys === undefined) {
    keys = new Map();
    fields.set(key.field, keys);
  }
  const filed = keys.get(key.id);
  if (filed === undefined) keys.set(key.id, { key, rules: [rule], group: -1 });
  else if (filed.rules.at(-1) !== rule) filed.rules.push(rule);
}

function sideOf(kind: KeyKind): TrieSide | null {
  switch (kind) {
    case 'exact':
    case 'starts':
    case 'under':
      return 'start';
    case 'ends':
      return 'end';
    case 'contains':
      return 'anywhere';
    default:
      return null;
  }
}
