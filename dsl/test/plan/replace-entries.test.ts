import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Condition, replaceEntries, type TestCondition } from '../../src/plan/index.ts';
import { planOf } from '../compile-text.ts';

test('new entries reach every rule that names the list, and nothing else is copied', async () => {
  const plan = await planOf(`
list inside = ips 10.0.0.0/8
list ports = numbers 80
define far = not ip inside
listener web on :8080 {
  deny far
  deny path is /x
  deny far and port in ports
  otherwise send to app
}
backend app of 127.0.0.1:9001`);
  const next = replaceEntries(plan, { lists: { inside: ['192.0.2.1'], ports: ['81', '82'] } });
  const [first, second, third] = next.listeners[0]!.guards;
  const far = first!.when as Extract<Condition, { kind: 'named' }>;
  assert.deepEqual(((far.of as Extract<Condition, { kind: 'not' }>).of as TestCondition).values, ['192.0.2.1']);
  const [again, port] = (third!.when as Extract<Condition, { kind: 'and' | 'or' }>).of;
  assert.equal((again as typeof far).of, far.of, 'a definition is still shared');
  assert.deepEqual((port as TestCondition).values, [81, 82]);
  assert.equal(second, plan.listeners[0]!.guards[1]);
  assert.equal(next.backends, plan.backends);
  assert.deepEqual(
    next.lists.map(({ entries }) => entries),
    [['192.0.2.1'], ['81', '82']],
  );
  assert.deepEqual(plan.lists[0]!.entries, ['10.0.0.0/8'], 'the old plan is as it was');
});
