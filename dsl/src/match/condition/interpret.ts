/**
 * Interpreter: what conditions mean, as plainly as it can be said. Used by explain, test and tools; main thread.
 *
 * It is the reference that the compiled matchers are held to. It shares no matching code with them and never will: only
 * the reading of addresses. Slow on purpose.
 */
import { RE2JS } from 're2js';
import type { Condition, TestCondition } from '../../plan/condition.ts';
import type { Rule } from '../../plan/rule.ts';
import { IpAddress } from '../address/ip-address.ts';
import { parseCidr, parseIp } from '../address/parse-ip.ts';
import type { FactValue, FieldReader, RequestFacts } from '../facts/facts.ts';
import { FieldFailure, MatchError } from '../facts/match-error.ts';

/** interpretRules returns the index of the first rule from `start` on whose condition holds, or -1. Throws MatchError. */
export function interpretRules(
  rules: readonly Rule[],
  readers: ReadonlyMap<string, FieldReader>,
  facts: RequestFacts,
  start: number,
): number {
  for (let index = start; index < rules.length; index++) {
    try {
      const { when } = rules[index]!;
      if (when === null || conditionHolds(when, readers, facts)) return index;
    } catch (error) {
      throw MatchError.from(index, error);
    }
  }
  return -1;
}

/**
 * conditionHolds decides a condition, left to right, no further than needed. A part that cannot be decided matters only
 * when no other part decides; then what it threw is thrown.
 */
export function conditionHolds(
  condition: Condition,
  readers: ReadonlyMap<string, FieldReader>,
  facts: RequestFacts,
): boolean {
  switch (condition.kind) {
    case 'all':
      return true;
    case 'named':
      return conditionHolds(condition.of, readers, facts);
    case 'not':
      return !conditionHolds(condition.of, readers, facts);
    case 'and':
    case 'or': {
      const decides = condition.kind === 'or';
      const failures: unknown[] = [];
      for (const inner of condition.of) {
        try {
          if (conditionHolds(inner, readers, facts) === decides) return decides;
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return !decides;
    }
    case 'test':
      return testHolds(condition, readValues(condition, readers, facts));
  }
}

/** readValues returns the values of a test's field in order: none when it is absent. Throws FieldFailure. */
export function readValues(
  test: TestCondition,
  readers: ReadonlyMap<string, FieldReader>,
  facts: RequestFacts,
): readonly unknown[] {
  const reader = readers.get(test.field);
  let value: FactValue | null;
  try {
    if (reader === undefined) throw new TypeError('no plugin gives it');
    value = reader(facts, test.key);
  } catch (error) {
    throw new FieldFailure(test.field, error);
  }
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** testHolds compares the values that a field has with those that were written. Throws FieldFailure. */
export function testHolds(test: TestCondition, found: readonly unknown[]): boolean {
  if (test.operator === 'present') return found.length > 0;
  if (test.operator === 'absent') return found.length === 0;
  if (found.length === 0) return false;
  try {
    return test.every ? found.every((value) => passes(test, value)) : found.some((value) => passes(test, value));
  } catch (error) {
    throw new FieldFailure(test.field, error);
  }
}

function passes(test: TestCondition, value: unknown): boolean {
  if (typeof value !== 'string' && typeof value !== 'number' && !(value instanceof IpAddress)) {
    throw new TypeError(`a reader gave a value of type ${typeof value}: expected text, a number or an address`);
  }
  if (test.operator === 'between') {
    const [low, high] = test.values.map(asNumber) as [number, number];
    return asNumber(value) >= low && asNumber(value) <= high;
  }
  return test.values.some((written) => compare(test, value, written));
}

function compare(test: TestCondition, value: string | number | IpAddress, written: string | number): boolean {
  if (test.operator === 'over') return asNumber(value) > asNumber(written);
  if (test.operator === 'below') return asNumber(value) < asNumber(written);
  if (test.type === 'number') return asNumber(value) === asNumber(written);
  if (test.type === 'ip') return isWithin(value, String(written));
  const text = value instanceof IpAddress ? value.text : String(value);
  if (test.operator === 'matches') return search(String(written), test.anycase, text);
  return test.anycase
    ? compareText(test, lower(text), lower(String(written)))
    : compareText(test, text, String(written));
}

function compareText(test: TestCondition, text: string, written: string): boolean {
  switch (test.operator) {
    case 'is':
    case 'in':
      return text === written;
    case 'under':
      return text === written || text.startsWith(written.endsWith('/') ? written : `${written}/`);
    case 'starts':
      return text.slice(0, written.length) === written;
    case 'ends':
      return written === '' || text.slice(-written.length) === written;
    case 'contains':
      return text.indexOf(written) >= 0;
    case 'like':
      return isLike(text, written);
    default:
      throw new TypeError(`operator \`${test.operator}\` does not compare text`);
  }
}

function lower(text: string): string {
  return text.replace(/[A-Z]/g, (one) => one.toLowerCase());
}

/** isLike keeps the set of text positions that the pattern so far can end at. */
function isLike(text: string, pattern: string): boolean {
  let ends = new Set([0]);
  for (const one of pattern.split('')) {
    const next = new Set<number>();
    for (const end of ends) {
      if (one !== '*' && text[end] === one) next.add(end + 1);
    }
    if (one === '*') {
      for (let end = Math.min(...ends); end <= text.length; end++) next.add(end);
    }
    if (next.size === 0) return false;
    ends = next;
  }
  return ends.has(text.length);
}

/** Compiled expressions, by whether they ignore case and their source: a replay asks for the same few for every request. */
const expressions = new Map<string, RE2JS>();
const MOST_EXPRESSIONS = 256;

function search(source: string, anycase: boolean, text: string): boolean {
  const key = `${anycase} ${source}`;
  let expression = expressions.get(key);
  if (expression === undefined) {
    expression = RE2JS.compile(source, anycase ? RE2JS.CASE_INSENSITIVE : 0);
    if (expressions.size >= MOST_EXPRESSIONS) expressions.clear();
    expressions.set(key, expression);
  }
  return expression.matcher(text).find();
}

/** asNumber is NaN, which compares with nothing, for all but plain decimal numbers. */
function asNumber(value: string | number | IpAddress): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number.parseFloat(value) : Number.NaN;
}

function isWithin(value: string | number | IpAddress, cidr: string): boolean {
  const network = parseCidr(cidr);
  const address = value instanceof IpAddress ? value : typeof value === 'string' ? parseIp(value) : null;
  if (network === null || address === null || network.first.isV4 !== address.isV4) return false;
  const words = wordsOf(network.first);
  return wordsOf(address).every((word, index) => {
    const bits = Math.min(Math.max(network.prefix - index * 32, 0), 32);
    return bits === 0 || word >>> (32 - bits) === words[index]! >>> (32 - bits);
  });
}

function wordsOf(address: IpAddress): readonly number[] {
  return address.isV4 ? [address.word3] : [address.word0, address.word1, address.word2, address.word3];
}
