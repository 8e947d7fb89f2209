import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailureLog } from '../../../src/shared/plugins/failure-log.ts';

function staged() {
  const lines: { message: string; fields: object; stack: string | null }[] = [];
  const clock = { now: 0 };
  const log = new FailureLog(
    () => clock.now,
    (_level, message, fields, stack) => void lines.push({ message, fields, stack }),
  );
  return { lines, clock, log };
}

test('a failure is written at once, and then at most every ten seconds with a count', () => {
  const { lines, clock, log } = staged();
  for (let count = 0; count < 5; count++) log.report('a', 'it failed', { rule: 'x' }, new Error('why'));
  assert.deepEqual(
    lines.map(({ message, fields }) => [message, fields]),
    [['it failed', { rule: 'x', error: 'why' }]],
  );
  assert.match(lines[0]!.stack!, /^Error: why\n\s+at /);
  clock.now = 9999;
  log.writeDue();
  assert.equal(lines.length, 1);
  clock.now = 10_000;
  log.writeDue();
  assert.deepEqual(lines.slice(1), [
    { message: 'it failed (and 4 more since)', fields: { rule: 'x', error: 'why', suppressed: 4 }, stack: null },
  ]);
  clock.now = 20_000;
  log.writeDue();
  assert.equal(lines.length, 2);
  log.report('a', 'it failed', {}, 'text');
  assert.deepEqual(lines.at(-1), { message: 'it failed', fields: { error: 'text' }, stack: null });
});

test('kinds do not silence each other', () => {
  const { lines, log } = staged();
  log.report('a', 'a failed', {}, new Error('x'));
  log.report('b', 'b failed', {}, new Error('x'));
  assert.equal(lines.length, 2);
});

test('the causes of an error are in its stack', () => {
  const { lines, log } = staged();
  log.report('a', 'a failed', {}, new Error('outer', { cause: new TypeError('inner') }));
  assert.match(lines[0]!.stack!, /Error: outer.*caused by: TypeError: inner/s);
});

test('what cannot be shown is no second failure', () => {
  const { lines, log } = staged();
  log.report('a', 'a failed', {}, Object.create(null));
  assert.deepEqual(lines[0]!.fields, { error: 'what was thrown cannot be shown' });
});
