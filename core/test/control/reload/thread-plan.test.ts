import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish } from '@sluice/dsl/match';
import type { Condition, Plan } from '@sluice/dsl/plan';
import { threadPlan } from '../../../src/control/reload/thread-plan.ts';

const place = { file: 'a.sluice', line: 3, column: 5, length: 2 };

async function planWith(when: Condition, other: Condition) {
  const rule = (condition: Condition) =>
    ({ part: 'guard', verb: 'deny', args: {}, when: condition, text: 'deny …', place }) as const;
  const listener = {
    name: 'web',
    clientIp: null,
    guards: [rule(when), rule(other), { ...rule(when), when: null }],
    changes: [],
    routes: [],
    responseChanges: [],
  };
  const plan = { listeners: [listener], backends: [], lists: [], maps: [], tests: [{}] } as unknown as Plan;
  return finish(threadPlan(plan));
}

const testOf = (values: string[]): Condition => ({
  kind: 'test',
  field: 'host',
  key: null,
  type: 'text',
  operator: 'is',
  values,
  anycase: false,
  every: false,
  list: null,
  place,
});

test('conditions lose their places, rules keep theirs', async () => {
  const plan = await planWith({ kind: 'not', of: testOf(['a']), place }, { kind: 'all', place });
  const [first, second, third] = plan.listeners[0]!.guards;
  assert.equal(first!.place.line, 3);
  assert.equal(first!.when!.place.line, 0);
  assert.equal((first!.when as { of: Condition }).of.place.line, 0);
  assert.equal(second!.when!.place.file, '');
  assert.equal(third!.when, null);
  assert.deepEqual(plan.tests, []);
});

test('data shared between rules stays shared', async () => {
  const values = ['a', 'b'];
  const shared = testOf(values);
  const plan = await planWith(
    { kind: 'named', name: 'both', of: shared, place },
    { kind: 'and', of: [{ kind: 'named', name: 'both', of: shared, place }, testOf(values)], place },
  );
  const [first, second] = plan.listeners[0]!.guards.map((rule) => rule.when) as unknown as [
    { of: Condition },
    { of: [{ of: Condition }, { values: string[] }] },
  ];
  assert.equal(first.of, second.of[0].of);
  assert.equal(second.of[1].values, values);
});
