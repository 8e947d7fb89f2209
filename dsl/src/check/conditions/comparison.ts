/**
 * Comparison: the values behind a field and its operator, and what they must be together. Main thread.
 */
import type { Operator } from '../../plan/condition.ts';
import type { ListType } from '../../plan/list.ts';
import type { Span } from '../../source/source-text.ts';
import type { Item, WordItem } from '../../syntax/tree.ts';
import type { FieldWord } from '../../vocabulary/word.ts';
import type { Reader } from '../scope/reader.ts';
import type { ListName, Scope } from '../scope/scope.ts';
import { expectLists, expectStatuses } from '../values/expected-values.ts';
import { fieldValue, listOf, listValues, networkValues } from '../values/field-value.ts';
import { refuseOutside } from '../values/outside-value.ts';

type Values = readonly (string | number)[];

/** ValueGroup is values that are compared by one test: those of a list, or all that stand in the rule. */
export interface ValueGroup {
  readonly values: Values;
  /** The list that they are the entries of. */
  readonly list: string | null;
  /** They are the two ends of a range such as `500..599`, both included. */
  readonly isRange?: true;
}

/**
 * readValues reads the values of a test, or reports and returns null. `after` is what stands before them. Only lists from
 * files are groups of their own beside other values: theirs may change.
 */
export function readValues(
  scope: Scope,
  reader: Reader,
  field: FieldWord,
  operator: Operator,
  after: Span,
): readonly ValueGroup[] | null {
  expectFieldValue(scope, reader, field, operator);
  if (refuseOutside(scope, reader)) return null;
  const all = reader.list();
  if (scope.reading !== null) {
    for (const item of all) scope.reading.mark(item, { kind: 'value', word: field });
    if (all.at(-1)?.hasComma === true) {
      expectFieldValue(scope, reader, field, operator);
      scope.reading.stop(reader);
    }
  }
  const isRanged = field.type === 'number' && (operator === 'is' || operator === 'in');
  const ranges = isRanged ? all.filter((item) => item.kind === 'word' && RANGE.test(item.value)) : [];
  const items = ranges.length === 0 ? all : all.filter((item) => !ranges.includes(item));
  if (all.length === 0) {
    scope.reading?.stop(reader);
    const word = scope.source.text.slice(after.start, after.end);
    return scope.error('SL0207', after, { word }, `For example \`${field.example}\``);
  }
  const values = items.map((item) => valuesOf(scope, item, field, operator));
  const next = reader.peek();
  if (next !== undefined && !reader.isWord('anycase')) {
    const word = scope.source.text.slice(next.start, next.end);
    const last = all[all.length - 1]!;
    // A line that went on by mistake has been reported at its verb.
    if (last === items.at(-1) && values.at(-1) === null && scope.vocabulary.verbs.startsWith(last.value)) return null;
    const fix = last.hasComma
      ? 'A comma is followed by a value'
      : 'Values are joined by `,`, tests by `and` or `or`, and a value with blanks is written in quotes';
    return scope.error('SL0206', next, { word }, fix);
  }
  if (values.some((value) => value === null)) return null;
  const known = values as Values[];
  if (!isRightNumber(scope, items, known.flat(), operator)) return null;
  const rangeGroups = ranges.map((item) => readRange(scope, item, field));
  if (rangeGroups.some((group) => group === null)) return null;
  if (known.length === 0) return rangeGroups as ValueGroup[];
  if (known.length === 1 && ranges.length === 0)
    return [{ values: known[0]!, list: listOf(scope, items[0]!) === undefined ? null : items[0]!.value }];
  warnOfRepeated(scope, items, known);
  const isOwn = items.map((item) => listOf(scope, item)?.isFromFile === true);
  const groups: ValueGroup[] = [];
  const written = known.filter((_, index) => !isOwn[index]).flat();
  if (written.length > 0) groups.push({ values: written, list: null });
  for (const [index, item] of items.entries()) {
    if (isOwn[index]) groups.push({ values: known[index]!, list: item.value });
  }
  return [...groups, ...(rangeGroups as ValueGroup[])];
}

const RANGE = /^\d{1,15}\.\.\d{1,15}$/;

/** readRange reads `500..599`, where the field's numbers have an order. */
function readRange(scope: Scope, item: WordItem, field: FieldWord): ValueGroup | null {
  if (!field.operators.includes('between')) return scope.error('SL0605', item, { value: item.value });
  const [low, high] = item.value.split('..').map(Number) as [number, number];
  if (low > high) return scope.error('SL0215', item, { low, high }, `Write \`${high}..${low}\``);
  return { values: [low, high], list: null, isRange: true };
}

function valuesOf(scope: Scope, item: WordItem, field: FieldWord, operator: Operator): Values | null {
  if (field.type === 'ip' && item.kind !== 'regex') return networkValues(scope, item);
  const list = operator === 'matches' ? undefined : listOf(scope, item);
  if (list !== undefined) scope.reading?.name(item, 'list');
  if (list !== undefined) return valuesOfList(scope, item, list, field, operator);
  const value = fieldValue(scope, item, field, operator);
  return value === null ? null : [value];
}

/** A field is compared with the list whose entries have its form. */
function valuesOfList(
  scope: Scope,
  item: WordItem,
  list: ListName,
  field: FieldWord,
  operator: Operator,
): Values | null {
  list.isUsed = true;
  if (operator === 'over' || operator === 'below' || operator === 'between') {
    return scope.error('SL0227', item, { name: item.value, operator });
  }
  const [type, what] = listedAs(field);
  const values = listValues(scope, item, list, type, what);
  const { values: allowed } = field;
  const wrong = field.isOpen === true ? undefined : values?.find((value) => allowed?.includes(String(value)) === false);
  if (wrong === undefined) return values;
  return scope.error('SL0221', item, { field: field.name, value: wrong }, `It is in the list \`${item.value}\``);
}

function listedAs(field: FieldWord): readonly [type: ListType, what: string] {
  return LISTED[field.type === 'text' ? field.index : field.type] ?? ['texts', 'texts'];
}

/** expectFieldValue notes what a field may be compared with: values that can be counted, and lists. */
export function expectFieldValue(scope: Scope, reader: Reader, field: FieldWord, operator: Operator): void {
  const { reading } = scope;
  if (reading?.isOpen(reader) !== true || operator === 'matches') return;
  if (operator === 'over' || operator === 'below' || operator === 'between') return;
  if (operator === 'is' || operator === 'in') {
    for (const value of field.values ?? []) reading.value(reader, value);
    if (field.index === 'number' && field.phase === 'response') expectStatuses(scope, reader, {});
  }
  if (operator !== 'present' && operator !== 'absent') expectLists(scope, reader, listedAs(field)[0]);
}

const LISTED: Readonly<Record<string, readonly [type: ListType, what: string]>> = {
  ip: ['ips', 'addresses'],
  number: ['numbers', 'numbers'],
  host: ['hosts', 'hosts'],
  path: ['paths', 'paths'],
};

/** isRightNumber: `between` takes two values in order, `over` and `below` one. */
function isRightNumber(scope: Scope, items: readonly WordItem[], values: Values, operator: Operator): boolean {
  if (operator === 'between') {
    const [low, high] = values as readonly number[];
    const span = { start: items[0]!.start, end: items[items.length - 1]!.end };
    if (values.length !== 2) return scope.error('SL0214', span) ?? false;
    if (low! > high!) return scope.error('SL0215', span, { low: low!, high: high! }) ?? false;
  } else if ((operator === 'over' || operator === 'below') && values.length > 1) {
    return scope.error('SL0224', items[1]!, { operator }) ?? false;
  }
  return true;
}

function warnOfRepeated(scope: Scope, items: readonly WordItem[], values: readonly Values[]): void {
  const seen = new Set<string | number>();
  for (const [index, list] of values.entries()) {
    if (list.some((value) => seen.has(value))) scope.error('SL0222', items[index]!, { value: items[index]!.value });
    for (const value of list) seen.add(value);
  }
}

/** compareHow shows what may be said of a field without a default operator, with the value that was written. */
export function compareHow(field: FieldWord, item: Item | undefined): string {
  const isValue = item !== undefined && (item.kind === 'word' || item.kind === 'text');
  const value = isValue ? (item.kind === 'text' ? `"${item.value}"` : item.value) : null;
  if (field.index === 'path') {
    const path = value ?? '/admin';
    return `Write \`${field.name} is ${path}\` (exactly) or \`${field.name} under ${path}\` (and all below)`;
  }
  return `Say \`${field.example}\`; it can be: ${field.operators.join(', ')}`;
}
