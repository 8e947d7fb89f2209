/**
 * FieldSource: where compiled conditions get a field's value. Data plane, hot path.
 *
 * Fields that several conditions of a list use are read once a pass. One source belongs to one thread's matcher.
 */
import type { TestCondition } from '../../plan/condition.ts';
import type { FactValue, FieldReader, RequestFacts } from './facts.ts';
import { FieldFailure } from './match-error.ts';

/** Readers are the implementations of the vocabulary's fields, by field name. */
export type Readers = ReadonlyMap<string, FieldReader>;

/** Read returns a field's value for a request; it throws FieldFailure when the reader throws. */
export type Read = (facts: RequestFacts) => FactValue;

/** Pass counts the passes of a matcher; whatever is remembered holds for one of them. */
export interface Pass {
  number: number;
}

/** fieldId tells fields with different keys apart. */
export function fieldId(test: Pick<TestCondition, 'field' | 'key'>): string {
  return test.key === null ? test.field : `${test.field}\0${test.key}`;
}

/** compileRead returns the reader of a test's field; it throws when there is none. */
export function compileRead(test: Pick<TestCondition, 'field' | 'key'>, readers: Readers): Read {
  const { field, key } = test;
  const reader = readers.get(field);
  if (reader === undefined) throw new TypeError(`no plugin gives the field \`${field}\``);
  return (facts) => {
    try {
      return reader(facts, key);
    } catch (error) {
      throw new FieldFailure(field, error);
    }
  };
}

/** readOnce remembers the value for the rest of a pass. */
export function readOnce(read: Read, pass: Pass): Read {
  let known = 0;
  let value: FactValue;
  return (facts) => {
    if (known !== pass.number) {
      value = read(facts);
      known = pass.number;
    }
    return value;
  };
}
