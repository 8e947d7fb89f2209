import assert from 'node:assert/strict';
import test from 'node:test';
import { type ConditionTrace, traceRules } from '../../../src/match/condition/trace.ts';
import { and, facts, is, named, not, or, readers, rule } from '../requests.ts';

/** shape writes a trace on one line: what held, with which value, and what was not reached. */
function shape(trace: ConditionTrace | null): string {
  if (trace === null) return 'always';
  const { condition, holds, value, isReached, error, of } = trace;
  const name = condition.kind === 'test' ? condition.field : condition.kind;
  const inner = of.length > 0 ? `(${of.map(shape).join(' ')})` : '';
  const outcome = error === null ? (holds ? '+' : '-') : '!';
  return `${isReached ? '' : '?'}${outcome}${name}${value === null ? '' : `=${value}`}${inner}`;
}

test('a trace shows every rule up to the verdict, with the value of every comparison', () => {
  const rules = [
    rule(and(is('ip', 'in', ['10.0.0.0/8']), is('header x-a', 'is', ['a']))),
    rule(or(named('admin', is('path', 'under', ['/admin'])), is('header x-b', 'present'))),
    rule(null),
  ];
  const traces = traceRules(rules, readers, facts({ path: '/admin/x', headers: { 'x-a': ['a', 'b'] } }));
  assert.deepEqual(
    traces.map(({ index, outcome, condition }) => [index, outcome, shape(condition)]),
    [
      [0, 'no match', '-and(-ip=198.51.100.7 ?+header=a, b)'],
      [1, 'match', '+or(+named(+path=/admin/x) ?-header)'],
    ],
  );
  assert.equal(traces[1]!.rule, rules[1]);
});

test('for changes, a trace continues after a match', () => {
  const rules = [rule(null), rule(not(is('path', 'is', ['/']))), rule(null)];
  const outcomes = traceRules(rules, readers, facts({}), true).map(({ outcome, condition }) => [
    outcome,
    shape(condition),
  ]);
  assert.deepEqual(outcomes, [
    ['match', 'always'],
    ['no match', '-not(+path=/)'],
    ['match', 'always'],
  ]);
});

test('a failure that matters ends the trace, and one that does not is shown', () => {
  const broken = is('broken', 'is', ['a']);
  const rules = [
    rule(and(broken, is('path', 'is', ['/x']))),
    rule(and(is('path', 'is', ['/x']), broken)),
    rule(or(broken, is('path', 'is', ['/y']))),
    rule(null),
  ];
  const traces = traceRules(rules, readers, facts({ path: '/' }));
  assert.deepEqual(
    traces.map(({ outcome, condition }) => [outcome, shape(condition)]),
    [
      ['no match', '-and(!broken -path=/)'],
      ['no match', '-and(-path=/ ?!broken)'],
      ['error', '-or(!broken -path=/)'],
    ],
  );
  assert.deepEqual([traces[2]!.error!.rule, traces[2]!.error!.field], [2, 'broken']);
});
