/**
 * BuildTables: the shared tables of tests with many values, and of maps. Main thread, in steps.
 */
import type { TestCondition } from '../../plan/condition.ts';
import type { MapPlan } from '../../plan/list.ts';
import type { MapTable, MapValues, TextTrieTable, ValueTable } from '../../plan/value-table.ts';
import { buildIpSet } from '../address/ip-set.ts';
import { buildIpTable } from '../address/ip-table.ts';
import { sharedNumbers, sharedWords } from '../build/shared-arrays.ts';
import type { Steps } from '../build/steps.ts';
import { WordPool } from '../build/word-pool.ts';
import { isNumeric, numbersOf } from '../condition/test-matcher.ts';
import { lowerAscii } from '../facts/fact-value.ts';
import { buildTextSet, packTexts } from '../text/text-set.ts';
import { buildTrie, type TrieEntry } from '../text/text-trie.ts';

/** A test with fewer values goes to the threads as it is written. */
const MANY_VALUES = 32;

const STEP = 1024;

/**
 * buildValueTable makes the table of a test; null where it has fewer values than `fewest` (default 32), or an operator that
 * tries each of them.
 */
export function* buildValueTable(test: TestCondition, fewest = MANY_VALUES): Steps<ValueTable | null> {
  const { operator, type, anycase } = test;
  if (test.values.length < fewest) return null;
  const isEquality = operator === 'is' || operator === 'in';
  if (isNumeric(test)) {
    if (!isEquality) return null;
    return { kind: 'number set', values: sharedNumbers(Float64Array.from(new Set(numbersOf(test))).sort()) };
  }
  const values: string[] = [];
  for (const value of test.values) {
    const text = String(value);
    values.push(anycase && type !== 'ip' ? lowerAscii(text) : text);
    if (values.length % STEP === 0) yield;
  }
  if (type === 'ip') return isEquality ? yield* buildIpSet(values) : null;
  switch (operator) {
    case 'is':
    case 'in':
    case 'under':
      return yield* buildTextSet(values);
    case 'starts':
    case 'ends':
    case 'contains':
      return yield* buildTextTrie(values, operator === 'ends');
    default:
      return null;
  }
}

function* buildTextTrie(values: readonly string[], isReversed: boolean): Steps<TextTrieTable> {
  const pool = new WordPool();
  const entries = new Map<string, TrieEntry>();
  for (const [index, value] of values.entries()) entries.set(value, { exact: -1, starts: index, under: -1 });
  yield;
  const at = yield* buildTrie(pool, entries, isReversed);
  return { kind: 'text trie', words: pool.share(), at };
}

/** So few different values are handed over as they are. */
const FEW_VALUES = 256;

/** buildMapTable makes the table of a map's entries. */
export function* buildMapTable({ from, entries }: Pick<MapPlan, 'from' | 'entries'>): Steps<MapTable> {
  const keys: string[] = [];
  for (const [key] of entries) {
    keys.push(key);
    if (keys.length % STEP === 0) yield;
  }
  const values = yield* buildMapValues(entries);
  if (from !== 'ip') return { keys: yield* buildTextSet(keys), values };
  const pool = new WordPool();
  const at = yield* buildIpTable(pool, keys);
  return { keys: { kind: 'ip table', words: pool.share(), at }, values };
}

function* buildMapValues(entries: MapPlan['entries']): Steps<MapValues> {
  const numbers = new Map<string | number, number>();
  const picks = sharedWords(entries.length, () => 0);
  for (const [index, [, value]] of entries.entries()) {
    let number = numbers.get(value);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(value, number);
    }
    picks[index] = number;
    if (index % STEP === 0) yield;
  }
  const values = [...numbers.keys()];
  if (values.length <= FEW_VALUES) return { kind: 'few', values, picks };
  const all = entries.map(([, value]) => value);
  if (values.every((value) => typeof value === 'number')) {
    return { kind: 'numbers', numbers: sharedNumbers(all as number[]) };
  }
  return { kind: 'texts', ...(yield* packTexts(all.map(String))) };
}
