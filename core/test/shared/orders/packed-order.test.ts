import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish } from '@sluice/dsl/match';
import type { Condition, Plan, Rule, TestCondition } from '@sluice/dsl/plan';
import { threadPlan } from '../../../src/control/reload/thread-plan.ts';
import type { PrepareOrder } from '../../../src/shared/orders/orders.ts';
import { packOrder, unpackOrder } from '../../../src/shared/orders/packed-order.ts';

const place = { file: 'a.sluice', line: 3, column: 5, length: 2 };

const hostIn = (values: readonly string[]): TestCondition => ({
  kind: 'test',
  field: 'host',
  key: null,
  type: 'text',
  operator: 'in',
  values,
  list: 'hosts',
  anycase: false,
  every: false,
  place,
});

const rule = (when: Condition | null): Rule => ({
  part: 'guard',
  verb: 'deny',
  args: { status: 403 },
  when,
  text: 'deny …',
  place,
});

const listener = (guards: readonly Rule[], routes: readonly Rule[]) => ({
  name: 'web',
  clientIp: null,
  guards,
  changes: [],
  routes,
  responseChanges: [],
});

function order(listeners: readonly object[], backends: readonly object[]): PrepareOrder {
  const plan = { listeners, backends, lists: [], maps: [], tests: [] } as unknown as Plan;
  return { generation: 7, plan, slots: { listeners: {}, backends: {}, servers: {} }, entries: [], ports: {} };
}

/** Over the channel as a thread gets it. */
const received = (packed: PrepareOrder): PrepareOrder =>
  finish(unpackOrder(structuredClone(finish(packOrder(packed)))));

test('an order survives packing and unpacking', () => {
  const rules = Array.from({ length: 100 }, (_, at) => rule(at % 3 === 0 ? null : hostIn([`h${at}`])));
  const backends = Array.from({ length: 70 }, (_, at) => ({ name: `b${at}`, servers: [], place }));
  const sent = order([listener(rules, rules.slice(0, 3)), listener([], [rule(null)])], backends);
  assert.deepEqual(received(sent), sent);
});

test('named conditions stay shared, within each other too', () => {
  const inner: Condition = { kind: 'named', name: 'inner', of: hostIn(['a']), place };
  const outer: Condition = { kind: 'named', name: 'outer', of: { kind: 'not', of: inner, place }, place };
  const { plan } = received(
    order([listener([rule(outer)], [rule(inner), rule({ kind: 'and', of: [outer, inner], place })])], []),
  );
  const [first] = plan.listeners[0]!.guards;
  const [second, third] = plan.listeners[0]!.routes;
  const named = (condition: unknown): { of: { of: unknown } } => condition as { of: { of: unknown } };
  const [a, b] = (third!.when as unknown as { of: { of: unknown }[] }).of;
  assert.equal(named(first!.when).of, a!.of);
  assert.equal(named(second!.when).of, b!.of);
  assert.equal((named(first!.when).of.of as { of: unknown }).of, named(second!.when).of);
});

test('a long list is one table, in memory that threads share', () => {
  const values = Array.from({ length: 1000 }, (_, at) => `h${at}.example.com`);
  const plan = finish(threadPlan(order([listener([rule(hostIn(values)), rule(hostIn(values))], [])], []).plan));
  const packed = finish(packOrder({ ...order([], []), plan }));
  const tables = finish(unpackOrder(packed)).plan.listeners[0]!.guards.map(({ when }) => when as TestCondition);
  assert.equal(packed.tables.length, 1);
  assert.deepEqual(tables[0]!.values, []);
  assert.equal(tables[0]!.table, tables[1]!.table);
  assert.ok(tables[0]!.table!.kind === 'text set' && tables[0]!.table!.slots.buffer instanceof SharedArrayBuffer);
});
