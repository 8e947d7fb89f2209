/**
 * TestMatcher: one comparison of a field, compiled for its type, operator and number of values. Data plane, hot path.
 */
import type { TestCondition } from '../../plan/condition.ts';
import type { NumberSetTable } from '../../plan/value-table.ts';
import { IpSet } from '../address/ip-set.ts';
import { isAbsent, isMany, type OneValue, toAddress, toNumber, toText } from '../facts/fact-value.ts';
import type { FactValue, RequestFacts } from '../facts/facts.ts';
import type { Read } from '../facts/field-source.ts';
import { FieldFailure } from '../facts/match-error.ts';
import { indexOfNumber } from '../text/number-set.ts';
import { compileTableTest, compileTextTest } from '../text/text-test.ts';

export type Matcher = (facts: RequestFacts) => boolean;

/** compileTest throws for an operator that does not compare the test's type, and for values of another type. */
export function compileTest(test: TestCondition, read: Read): Matcher {
  if (test.operator === 'present') return (facts) => !isAbsent(read(facts));
  if (test.operator === 'absent') return (facts) => isAbsent(read(facts));
  if (isNumeric(test)) return compileNumberTest(test, read);
  if (test.type === 'ip') return compileIpTest(test, read);
  const passes =
    test.table === undefined
      ? compileTextTest(test.operator, test.values.map(String), test.anycase)
      : compileTableTest(test.operator, test.table, test.anycase);
  const others = overValues(test, (value) => passes(toText(value)));
  return (facts) => {
    const value = read(facts);
    return typeof value === 'string' ? passes(value) : others(value);
  };
}

/** isNumeric tells whether a test compares numbers. */
export function isNumeric(test: TestCondition): boolean {
  return test.type === 'number' || ['over', 'below', 'between'].includes(test.operator);
}

/** numbersOf returns a numeric test's values; it throws when one is no number. */
export function numbersOf(test: TestCondition): number[] {
  return test.values.map((value) => {
    const number = toNumber(value);
    if (Number.isNaN(number)) throw new TypeError(`\`${value}\` is not a number to compare \`${test.field}\` with`);
    return number;
  });
}

function compileIpTest(test: TestCondition, read: Read): Matcher {
  if (test.operator !== 'is' && test.operator !== 'in') throw wrongOperator(test);
  const set = test.table?.kind === 'ip set' ? new IpSet(test.table) : ipSetOf(test.values);
  const others = overValues(test, (value) => {
    const address = toAddress(value);
    return address !== null && set.has(address);
  });
  return (facts) => others(read(facts));
}

/** Sets by the list of values that they were built from: a list that many rules name is built once. */
const ipSets = new WeakMap<TestCondition['values'], IpSet>();

function ipSetOf(values: TestCondition['values']): IpSet {
  let set = ipSets.get(values);
  if (set === undefined) {
    set = IpSet.from(values.map(String));
    ipSets.set(values, set);
  }
  return set;
}

function compileNumberTest(test: TestCondition, read: Read): Matcher {
  const passes = test.table?.kind === 'number set' ? inTable(test.table) : numberTest(test, numbersOf(test));
  const others = overValues(test, (value) => passes(toNumber(value)));
  return (facts) => {
    const value = read(facts);
    return typeof value === 'number' ? passes(value) : others(value);
  };
}

function inTable({ values }: NumberSetTable): (value: number) => boolean {
  return (value) => indexOfNumber(values, 0, values.length, value) >= 0;
}

function numberTest(test: TestCondition, values: readonly number[]): (value: number) => boolean {
  const [first = Number.NaN, second = Number.NaN] = values;
  switch (test.operator) {
    case 'is':
    case 'in': {
      if (values.length === 1) return (value) => value === first;
      const set = new Set(values);
      return (value) => set.has(value);
    }
    case 'over': {
      const least = values.reduce((lowest, value) => Math.min(lowest, value), Number.POSITIVE_INFINITY);
      return (value) => value > least;
    }
    case 'below': {
      const most = values.reduce((highest, value) => Math.max(highest, value), Number.NEGATIVE_INFINITY);
      return (value) => value < most;
    }
    case 'between':
      return (value) => value >= first && value <= second;
    default:
      throw wrongOperator(test);
  }
}

/** overValues applies a test to one value, or to any or every one of several; what is absent never passes. */
function overValues(test: TestCondition, passes: (value: OneValue) => boolean): (value: FactValue) => boolean {
  const { every, field } = test;
  return (value) => {
    if (isAbsent(value)) return false;
    try {
      if (!isMany(value)) return passes(value);
      for (let index = 0; index < value.length; index++) {
        if (passes(value[index]!) !== every) return !every;
      }
      return every;
    } catch (error) {
      throw new FieldFailure(field, error);
    }
  };
}

function wrongOperator(test: TestCondition): TypeError {
  return new TypeError(
    `operator \`${test.operator}\` does not compare a field of type ${test.type} (\`${test.field}\`)`,
  );
}
