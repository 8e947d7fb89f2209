import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerPlan } from '@sluice/dsl/plan';
import { changedMembers, differenceOf, membersAfter } from '../../../src/shared/orders/member-change.ts';

const PLACE = { file: '', line: 0, column: 0, length: 0 };
const server = (name: string, port = 80): ServerPlan => ({
  name,
  address: { host: name, port },
  weight: 1,
  max: 0,
  queue: 0,
  isBackup: false,
  place: PLACE,
});

test('the same servers in any order are no difference', () => {
  const [a, b] = [server('a'), server('b')];
  assert.equal(differenceOf('app', [a, b], [server('b'), a]), null);
});

test('applying a difference keeps remaining members in place and appends new ones', () => {
  const before = [server('a'), server('b'), server('c')];
  const wanted = [server('d'), server('c', 81), server('a')];
  const change = differenceOf('app', before, wanted)!;
  assert.deepEqual(change.removed, ['b']);
  const after = changedMembers(before, change);
  assert.deepEqual(
    after.map(({ name, address }) => `${name}:${'port' in address ? address.port : ''}`),
    ['a:80', 'c:81', 'd:80'],
  );
  assert.equal(after[0], before[0]);
  assert.equal(differenceOf('app', after, wanted), null);
});

test('previous places are reported for members that stay', () => {
  const before = [server('a'), server('b'), server('c')];
  const change = differenceOf('app', before, [server('d'), server('c', 81), server('a')])!;
  assert.deepEqual([...membersAfter(before, change).before], [0, -1, -1]);
  const all = differenceOf('app', before, [server('x')])!;
  assert.deepEqual([...membersAfter(before, all).before], [-1]);
});

test('any set of servers is reached from any other by their difference', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const some = (bits: number, port: number): ServerPlan[] =>
    names.filter((_, at) => (bits & (1 << at)) !== 0).map((name) => server(name, name < 'c' ? 80 : port));
  for (let from = 0; from < 32; from++) {
    for (let to = 0; to < 32; to++) {
      const [before, wanted] = [some(from, 80), some(to, 81)];
      const change = differenceOf('app', before, wanted);
      const after = change === null ? before : changedMembers(before, change);
      const sorted = [...after].sort((one, other) => (one.name < other.name ? -1 : 1));
      assert.deepEqual(sorted, wanted);
    }
  }
});
