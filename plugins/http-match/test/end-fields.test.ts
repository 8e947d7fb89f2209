/**
 * The fields of the conditions of access logs: what they read of a request that has ended.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndFacts } from '@sluice/dsl/match';
import { fakeFacts } from '@sluice/plugin-kit';
import { fields } from '../src/data.ts';
import { END_FIELDS } from '../src/end-fields.ts';

function endOf(end: Partial<EndFacts>): EndFacts {
  return Object.assign(fakeFacts({}), {
    status: 200,
    answerHeader: () => undefined,
    durationMs: 0,
    retries: 0,
    backend: undefined,
    server: undefined,
    endedBy: undefined,
    ...end,
  });
}

const VALUES: readonly (readonly [field: string, end: Partial<EndFacts>, value: unknown])[] = [
  ['duration', { durationMs: 1500.5 }, 1500.5],
  ['retries', { retries: 2 }, 2],
  ['sent to', { backend: 'app' }, 'app'],
  ['sent to', {}, undefined],
  ['served by', { server: 'app-1' }, 'app-1'],
  ['served by', {}, undefined],
  ['ended by', { endedBy: 'gateway' }, 'gateway'],
  ['ended by', {}, undefined],
];
for (const [field, end, value] of VALUES) {
  test(`${field} of ${JSON.stringify(end)} is ${value}`, () => {
    assert.equal(fields[field]!(endOf(end), null), value);
  });
}

test('all of them are known only once a request has ended', () => {
  assert.deepEqual(
    END_FIELDS.map(({ name, phase }) => [name, phase, name in fields]),
    ['duration', 'retries', 'sent to', 'served by', 'ended by'].map((name) => [name, 'ended', true]),
  );
});
