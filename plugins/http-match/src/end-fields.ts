/**
 * The declarations of the fields that tell how a request has ended, which only the conditions of access logs know. Main thread only.
 */
import type { Operator } from '@sluice/dsl/plan';
import type { FieldWord } from '@sluice/dsl/vocabulary';

const NUMBER: readonly Operator[] = ['is', 'in', 'over', 'below', 'between'];
const TEXT: readonly Operator[] = ['is', 'in', 'starts', 'ends', 'contains', 'like', 'matches'];

/** END_FIELDS: what `log access … when …` may ask of a request that has ended. */
export const END_FIELDS: readonly FieldWord[] = [
  {
    kind: 'field',
    name: 'duration',
    doc: 'How long the request took, from the end of its head to its end. Only in the condition of `log access`.',
    example: 'duration over 1s',
    phase: 'ended',
    type: 'number',
    operators: ['over', 'below', 'between'],
    defaultOperator: null,
    unit: 'duration',
    index: 'none',
  },
  {
    kind: 'field',
    name: 'retries',
    doc: 'How many attempts were made after the first. Only in the condition of `log access`.',
    example: 'retries over 0',
    phase: 'ended',
    type: 'number',
    operators: NUMBER,
    defaultOperator: 'is',
    index: 'number',
  },
  {
    kind: 'field',
    name: 'sent to',
    doc: 'The backend that the request was sent to; absent if it was sent to none. Only in the condition of `log access`.',
    example: 'sent to payments',
    phase: 'ended',
    type: 'text',
    operators: TEXT,
    defaultOperator: 'is',
    isOptional: true,
    index: 'text',
  },
  {
    kind: 'field',
    name: 'served by',
    doc: 'The server that answered, or was tried last; absent if there was none. Only in the condition of `log access`.',
    example: 'served by app-1',
    phase: 'ended',
    type: 'text',
    operators: TEXT,
    defaultOperator: 'is',
    isOptional: true,
    index: 'text',
  },
  {
    kind: 'field',
    name: 'ended by',
    doc: 'Who ended a request that went wrong; absent if it did not. Only in the condition of `log access`.',
    example: 'ended by server, gateway',
    phase: 'ended',
    type: 'text',
    operators: ['is', 'in'],
    defaultOperator: 'is',
    isOptional: true,
    values: ['client', 'server', 'gateway'],
    index: 'text',
  },
];
