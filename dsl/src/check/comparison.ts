/**
 * Comparison: the values behind a field and its operator, and what they must be together. Main thread.
 */
import type { Operator } from '../plan/condition.ts';
import type { Span } from '../syntax/source-text.ts';
import type { Item, WordItem } from '../syntax/tree.ts';
import type { FieldWord } from '../vocabulary/word.ts';
import { fieldValue, networkValues } from './field-value.ts';
import type { Reader } from './reader.ts';
import type { Scope } from './scope.ts';

type Values = readonly (string | number)[];

/** readValues reads the values of a test, or reports and returns null. `after` is what stands before them. */
export function readValues(
  scope: Scope,
  reader: Reader,
  field: FieldWord,
  operator: Operator,
  after: Span,
): Values | null {
  const items = reader.list();
  if (items.length === 0) {
    const word = scope.source.text.slice(after.start, after.end);
    return scope.error('SL0207', after, { word }, `For example \`${field.example}\``);
  }
  const values = items.map((item) => valuesOf(scope, item, field, operator));
  const next = reader.peek();
  if (next !== undefined && !reader.isWord('anycase')) {
    const word = scope.source.text.slice(next.start, next.end);
    const last = items[items.length - 1]!;
    // A line that went on by mistake has been reported at its verb.
    if (values[values.length - 1] === null && scope.vocabulary.verbs.startsWith(last.value)) return null;
    const mend = last.hasComma
      ? 'A comma is followed by a value'
      : 'Values are joined by `,`, tests by `and` or `or`, and a value with blanks is written in quotes';
    return scope.error('SL0206', next, { word }, mend);
  }
  if (values.some((value) => value === null)) return null;
  const known = values as Values[];
  if (!isRightNumber(scope, items, known.flat(), operator)) return null;
  if (known.length === 1) return known[0]!;
  warnOfRepeated(scope, items, known);
  return known.flat();
}

function valuesOf(scope: Scope, item: WordItem, field: FieldWord, operator: Operator): Values | null {
  if (field.type === 'ip' && item.kind !== 'regex') return networkValues(scope, item);
  const value = fieldValue(scope, item, field, operator);
  return value === null ? null : [value];
}

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
    return `Say \`${field.name} is ${path}\` (only it) or \`${field.name} under ${path}\` (it and below)`;
  }
  return `Say \`${field.example}\`; it can be: ${field.operators.join(', ')}`;
}
