/**
 * RuleIndex: tables that lead from a request's values to the rules that may hold. Built when a plan is linked.
 *
 * Every rule is filed under the keys of one cover (see RuleCover); a key with many rules gets an index of its own over
 * their other fields. Whatever a look-up does not reach cannot hold; whatever it reaches is still tested whole.
 */
import type { Condition, TestCondition } from '../plan/condition.ts';
import { IpTable } from './ip-table.ts';
import { type Network, parseCidr } from './parse-ip.ts';
import { type Key, type KeyKind, RuleCover } from './rule-cover.ts';
import type { Steps } from './steps.ts';
import { TextTrie, type TrieEntry } from './text-trie.ts';

/** Groups of so many rules, or fewer, are tested one by one. */
export const SMALL_GROUP = 8;

/** RuleGroup is some rules of the list: those to test at once, and tables to find the others by. */
export interface RuleGroup {
  /** The lowest and the highest rule in it, tables included. */
  readonly first: number;
  readonly last: number;
  /** Ascending. */
  readonly rules: Int32Array;
  readonly tables: readonly FieldTable[];
}

/** FieldTable finds groups by the value of one field. Numbers in its parts are places in `groups`. */
export interface FieldTable {
  readonly test: TestCondition;
  readonly groups: readonly RuleGroup[];
  /** All rules in the groups, ascending: for when the field cannot be read. */
  readonly rules: Int32Array;
  readonly tries: readonly TableTrie[];
  readonly ips: { readonly table: IpTable; readonly groups: Int32Array } | null;
  readonly numbers: { readonly values: Float64Array; readonly groups: Int32Array } | null;
  /** The group for any value at all, or -1. */
  readonly present: number;
}

/** TableTrie looks texts up at their beginning, from their end, or from every place in them. */
export interface TableTrie {
  readonly side: TrieSide;
  /** The text must be lowered first. */
  readonly isFolded: boolean;
  readonly trie: TextTrie;
}

export type TrieSide = 'start' | 'end' | 'anywhere';

/** How many keys all the indexes of one list may hold together before groups stay lists. */
const KEYS_PER_RULE = 64;
const KEYS_AT_LEAST = 200_000;

interface Filed {
  readonly key: Key;
  readonly rules: number[];
}

export class RuleIndexBuilder {
  readonly #conditions: readonly (Condition | null)[];
  readonly #covers = new RuleCover();
  #keysLeft: number;

  constructor(conditions: readonly (Condition | null)[]) {
    this.#conditions = conditions;
    this.#keysLeft = Math.max(KEYS_AT_LEAST, KEYS_PER_RULE * conditions.length);
  }

  /** build indexes the rules (ascending) by any field that is not skipped. */
  *build(rules: readonly number[], skipped: ReadonlySet<string> = new Set()): Steps<RuleGroup> {
    const first = rules[0] ?? 0;
    const last = rules.at(-1) ?? 0;
    if (rules.length <= SMALL_GROUP || this.#keysLeft <= 0) {
      return { first, last, rules: Int32Array.from(rules), tables: [] };
    }
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
    const tables: FieldTable[] = [];
    for (const [field, keys] of fields) tables.push(yield* this.#table(keys, new Set([...skipped, field])));
    return { first, last, rules: Int32Array.from(rest), tables };
  }

  *#table(keys: ReadonlyMap<string, Filed>, skipped: ReadonlySet<string>): Steps<FieldTable> {
    this.#keysLeft -= keys.size;
    const filed = [...keys.values()];
    const groups: RuleGroup[] = [];
    for (const { rules } of filed) groups.push(yield* this.build(rules, skipped));
    const all = Int32Array.from(new Set(filed.flatMap(({ rules }) => rules))).sort();
    const tries: TableTrie[] = [];
    for (const side of ['start', 'end', 'anywhere'] as const) {
      for (const isFolded of [false, true]) {
        yield;
        tries.push(...buildTrie(filed, isFolded, side));
      }
    }
    yield;
    return {
      test: filed[0]!.key.test,
      groups,
      rules: all,
      tries,
      ips: buildIps(filed),
      numbers: buildNumbers(filed),
      present: filed.findIndex(({ key }) => key.kind === 'present'),
    };
  }
}

function file(fields: Map<string, Map<string, Filed>>, key: Key, rule: number): void {
  let keys = fields.get(key.field);
  if (keys === undefined) {
    keys = new Map();
    fields.set(key.field, keys);
  }
  const filed = keys.get(key.id);
  if (filed === undefined) keys.set(key.id, { key, rules: [rule] });
  else if (filed.rules.at(-1) !== rule) filed.rules.push(rule);
}

function buildTrie(filed: readonly Filed[], isFolded: boolean, side: TrieSide): TableTrie[] {
  const entries = new Map<string, TrieEntry>();
  for (const [group, { key }] of filed.entries()) {
    if (key.isFolded !== isFolded || sideOf(key.kind) !== side) continue;
    const entry = entries.get(key.text) ?? { exact: -1, starts: -1, under: -1 };
    entry[key.kind === 'exact' || key.kind === 'under' ? key.kind : 'starts'] = group;
    entries.set(key.text, entry);
  }
  return entries.size === 0 ? [] : [{ side, isFolded, trie: new TextTrie(entries, side === 'end') }];
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

function buildIps(filed: readonly Filed[]): FieldTable['ips'] {
  const networks: Network[] = [];
  const groups: number[] = [];
  for (const [group, { key }] of filed.entries()) {
    if (key.kind !== 'ip') continue;
    networks.push(parseCidr(key.text)!);
    groups.push(group);
  }
  return networks.length === 0 ? null : { table: new IpTable(networks), groups: Int32Array.from(groups) };
}

function buildNumbers(filed: readonly Filed[]): FieldTable['numbers'] {
  const pairs: [value: number, group: number][] = [];
  for (const [group, { key }] of filed.entries()) {
    if (key.kind === 'number') pairs.push([key.number, group]);
  }
  if (pairs.length === 0) return null;
  pairs.sort(([a], [b]) => a - b);
  return {
    values: Float64Array.from(pairs, ([value]) => value),
    groups: Int32Array.from(pairs, ([, group]) => group),
  };
}
