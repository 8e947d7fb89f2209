/**
 * RuleCover: which look-ups can find a rule. Used when a plan is linked, never per request.
 *
 * A key is a fact about one field that a table can look up: "path is under /admin", "ip is in 10.0.0.0/8". A rule's cover
 * is a set of keys of which at least one is true whenever the rule's condition holds. Of all covers the one is taken
 * whose keys are shared with the fewest other rules, so that a look-up leaves little to test.
 */
import type { Condition, TestCondition } from '../../plan/condition.ts';
import type { Steps } from '../build/steps.ts';
import { isNumeric, numbersOf } from '../condition/test-matcher.ts';
import { lowerAscii } from '../facts/fact-value.ts';
import { fieldId } from '../facts/field-source.ts';
import { requiredLiteral } from '../text/required-literal.ts';

export type KeyKind = 'exact' | 'starts' | 'under' | 'ends' | 'contains' | 'ip' | 'number' | 'present';

export interface Key {
  /** The field and its key, as `fieldId` writes it. */
  readonly field: string;
  readonly kind: KeyKind;
  /** Compared in lower case. */
  readonly isFolded: boolean;
  /** CIDR for `ip`; empty for `present`. */
  readonly text: string;
  readonly number: number;
  /** The same for equal keys. */
  readonly id: string;
  /** How much broader than one exact value it is likely to be. */
  readonly breadth: number;
  /** A test that has the key, to read its field by. */
  readonly test: TestCondition;
}

export interface Cover {
  readonly keys: readonly Key[];
  readonly cost: number;
}

export class RuleCover {
  readonly #keys = new Map<TestCondition, readonly Key[]>();
  readonly #covers = new WeakMap<ReadonlyMap<string, number>, Map<TestCondition, Cover>>();

  /** count adds up in how many of the conditions each key stands. */
  *count(conditions: Iterable<Condition>): Steps<Map<string, number>> {
    const tests = new Map<TestCondition, number>();
    const visit = (condition: Condition): void => {
      if (condition.kind === 'test') tests.set(condition, (tests.get(condition) ?? 0) + 1);
      else if (condition.kind === 'named') visit(condition.of);
      else if (condition.kind === 'and' || condition.kind === 'or') condition.of.forEach(visit);
    };
    for (const condition of conditions) {
      visit(condition);
      yield;
    }
    const counts = new Map<string, number>();
    for (const [test, times] of tests) {
      for (const key of this.#keysOf(test)) counts.set(key.id, (counts.get(key.id) ?? 0) + times);
      yield;
    }
    return counts;
  }

  /** cover returns the best cover without the skipped fields, or null when there is none. */
  cover(condition: Condition, counts: ReadonlyMap<string, number>, skipped: ReadonlySet<string>): Cover | null {
    switch (condition.kind) {
      case 'test':
        if (skipped.has(fieldId(condition)) || condition.operator === 'absent') return null;
        return this.#coverOfTest(condition, counts);
      case 'named':
        return this.cover(condition.of, counts, skipped);
      case 'and': {
        let best: Cover | null = null;
        for (const inner of condition.of) {
          const cover = this.cover(inner, counts, skipped);
          if (cover !== null && (best === null || cover.cost < best.cost)) best = cover;
        }
        return best;
      }
      case 'or': {
        const covers = condition.of.map((inner) => this.cover(inner, counts, skipped));
        if (covers.some((cover) => cover === null)) return null;
        const keys = covers.flatMap((cover) => cover!.keys);
        return { keys, cost: covers.reduce((sum, cover) => sum + cover!.cost, 0) };
      }
      default:
        return null;
    }
  }

  /** coverOfTest adds a test's cost up once for each set of counts: many rules may share a test with many values. */
  #coverOfTest(test: TestCondition, counts: ReadonlyMap<string, number>): Cover {
    let covers = this.#covers.get(counts);
    if (covers === undefined) {
      covers = new Map();
      this.#covers.set(counts, covers);
    }
    let cover = covers.get(test);
    if (cover === undefined) {
      const keys = this.#keysOf(test);
      cover = { keys, cost: keys.reduce((sum, key) => sum + key.breadth * (counts.get(key.id) ?? 1), 0) };
      covers.set(test, cover);
    }
    return cover;
  }

  #keysOf(test: TestCondition): readonly Key[] {
    let keys = this.#keys.get(test);
    if (keys === undefined) {
      keys = keysOf(test);
      this.#keys.set(test, keys);
    }
    return keys;
  }
}

/** A test with more values than this is left to its own Set or IpSet: filing its rule under each would cost more. */
const MOST_KEYS = 1024;

/** PRESENT_BREADTH makes "the field is there" the last choice: it only helps for fields that most requests lack. */
const PRESENT_BREADTH = 64;

function keysOf(test: TestCondition): readonly Key[] {
  const field = fieldId(test);
  const key = (kind: KeyKind, value: string | number, breadth: number): Key => {
    const isFolded = test.anycase && kind !== 'ip' && kind !== 'number' && kind !== 'present';
    const text = typeof value === 'string' ? (isFolded ? lowerAscii(value) : value) : '';
    const number = typeof value === 'number' ? value : 0;
    const id = `${field}\0${kind}\0${isFolded}\0${kind === 'number' ? number : text}`;
    return { field, kind, isFolded, text, number, id, breadth, test };
  };
  const present = [key('present', '', PRESENT_BREADTH)];
  const isEquality = test.operator === 'is' || test.operator === 'in';
  if (test.table !== undefined) return present;
  if (isNumeric(test)) return isEquality ? numbersOf(test).map((value) => key('number', value, 1)) : present;
  if (test.values.length > MOST_KEYS) return present;
  const values = test.values.map(String);
  if (test.type === 'ip') return isEquality ? values.map((value) => key('ip', value, cidrBreadth(value))) : present;
  const prefixed = (kind: KeyKind, value: string) => key(kind, value, 1 + Math.ceil(32 / 4 ** value.length));
  switch (test.operator) {
    case 'is':
    case 'in':
      return values.map((value) => key('exact', value, 1));
    case 'starts':
    case 'ends':
      return values.map((value) => prefixed(test.operator as 'starts' | 'ends', value));
    case 'under':
      return values.map((value) => prefixed(value.endsWith('/') ? 'starts' : 'under', value));
    case 'contains':
      return values.map((value) => prefixed('contains', value));
    case 'like':
      return values.map((value) => {
        const head = value.slice(0, Math.max(0, value.indexOf('*')));
        const tail = value.slice(value.lastIndexOf('*') + 1);
        if (!value.includes('*')) return key('exact', value, 1);
        return head.length > tail.length ? prefixed('starts', head) : prefixed('ends', tail);
      });
    case 'matches':
      return keysOfPatterns(test, values, prefixed) ?? present;
    default:
      return present;
  }
}

/** keysOfPatterns: what each expression needs in a text that it matches; null when one needs nothing that can be told. */
function keysOfPatterns(
  test: TestCondition,
  patterns: readonly string[],
  prefixed: (kind: KeyKind, value: string) => Key,
): Key[] | null {
  // Expressions without case fold more letters than a table does.
  if (test.anycase) return null;
  const keys: Key[] = [];
  for (const pattern of patterns) {
    const literal = requiredLiteral(pattern);
    if (literal === null) return null;
    keys.push(prefixed(literal.isPrefix ? 'starts' : 'contains', literal.text));
  }
  return keys;
}

function cidrBreadth(cidr: string): number {
  const prefix = Number(cidr.split('/')[1] ?? 128);
  return prefix < 8 ? PRESENT_BREADTH : prefix < 16 ? 4 : 1;
}
