/**
 * Condition: what the part of a rule behind `when` (or behind a guard) says, as plain data. Both planes.
 */
import type { Place } from './place.ts';
import type { ValueTable } from './value-table.ts';

/** Operator compares a field's value with the written values. `present` and `absent` take no values. */
export type Operator =
  | 'is'
  | 'in'
  | 'under'
  | 'starts'
  | 'ends'
  | 'contains'
  | 'like'
  | 'matches'
  | 'over'
  | 'below'
  | 'between'
  | 'present'
  | 'absent';

/**
 * ValueType is the type of a field's values, and so of what it may be compared with.
 *
 * In a plan, `ip` values are canonical text ("10.0.0.0/8", "2001:db8::1"), `text` values are strings, `number` values
 * are numbers, and the values of `matches` are the sources of RE2 expressions.
 */
export type ValueType = 'ip' | 'text' | 'number';

/** TestCondition compares one field. Several values: any of them. `between` has exactly two. */
export interface TestCondition {
  readonly kind: 'test';
  readonly field: string;
  /** The field's key, in lower case where the field's keys ignore case; null for a field that takes none. */
  readonly key: string | null;
  readonly type: ValueType;
  readonly operator: Operator;
  readonly values: readonly (string | number)[];
  /** The list whose entries the values are, the same array for all who name it; null: they stand in the rule. */
  readonly list: string | null;
  /** In a data thread: what is looked up in place of the values, which are left out then. Lower case where `anycase`. */
  readonly table?: ValueTable;
  /** Compare without regard to ASCII case. */
  readonly anycase: boolean;
  /** True: every value of the field must pass. False: one is enough. */
  readonly every: boolean;
  readonly place: Place;
}

export type Condition =
  | TestCondition
  | { readonly kind: 'all'; readonly place: Place }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[]; readonly place: Place }
  | { readonly kind: 'not'; readonly of: Condition; readonly place: Place }
  /** A `define`d condition, kept by name so that tools can show it. */
  | { readonly kind: 'named'; readonly name: string; readonly of: Condition; readonly place: Place };
