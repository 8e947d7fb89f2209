/**
 * TextField: what most fields of connections have in common. Main thread only.
 */
import type { Operator } from '@sluice/dsl/plan';
import type { FieldWord } from '@sluice/dsl/vocabulary';

const OPERATORS: readonly Operator[] = ['is', 'in', 'starts', 'ends', 'contains', 'like', 'matches'];

/** textField is a field that may be missing, compared as text. */
export function textField(
  name: string,
  knownFrom: NonNullable<FieldWord['knownFrom']>,
  doc: string,
  example: string,
  more: Partial<FieldWord> = {},
): FieldWord {
  return {
    kind: 'field',
    name,
    doc,
    example,
    phase: 'connection',
    type: 'text',
    operators: OPERATORS,
    defaultOperator: 'is',
    isOptional: true,
    knownFrom,
    index: 'text',
    ...more,
  };
}
