import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestFacts } from '@sluice/dsl/match';
import type { Args } from '@sluice/dsl/plan';
import { FakePool, FakeStickTable, fakeFacts, fakeStickHost } from '@sluice/plugin-kit';
import { stickiness } from '../src/data.ts';

const from = (ip: string): RequestFacts => fakeFacts({ ip });

function setUp(options: Args = {}) {
  const table = new FakeStickTable();
  const pool = new FakePool([1, 1, 1]);
  return { table, pool, sticky: stickiness['on ip']!(options, fakeStickHost(pool, table)) };
}

/** Whether a client from `other` is sent where one from `one` was. */
function isSame(options: Args, one: string, other: string): boolean {
  const { pool, sticky } = setUp(options);
  assert.equal(sticky.find(from(one), pool), -1);
  assert.equal(sticky.learn(from(one), pool, 2, []), '');
  assert.equal(sticky.find(from(one), pool), 2);
  return sticky.find(from(other), pool) === 2;
}

const CASES: readonly [options: Args, one: string, other: string, same: boolean][] = [
  [{}, '198.51.100.7', '198.51.100.7', true],
  [{}, '198.51.100.7', '198.51.100.8', false],
  [{ prefix: 24 }, '198.51.100.7', '198.51.100.255', true],
  [{ prefix: 24 }, '198.51.100.7', '198.51.101.7', false],
  [{ prefix: 1 }, '198.51.100.7', '203.0.113.9', true],
  [{ prefix: 1 }, '198.51.100.7', '10.0.0.1', false],
  [{ prefix: 24 }, '2001:db8::1', '2001:db8::ffff:1', true],
  [{}, '2001:db8:1:2::1', '2001:db8:1:2:ffff::9', true],
  [{}, '2001:db8:1:2::1', '2001:db8:1:3::1', false],
  [{ prefix6: 56 }, '2001:db8:1:2::1', '2001:db8:1:3::1', true],
  [{ prefix6: 56 }, '2001:db8:1:2::1', '2001:db8:1:102::1', false],
  [{ prefix6: 128 }, '2001:db8::1', '2001:db8::2', false],
  [{ prefix6: 1 }, '2001:db8::1', '3fff::2', true],
  [{}, '::ffff:198.51.100.7', '198.51.100.7', true],
  [{ prefix: 32 }, '0.0.0.5', '::5', false],
];
for (const [options, one, other, same] of CASES) {
  test(`with ${JSON.stringify(options)} ${other} is ${same ? '' : 'not '}taken for ${one}`, () => {
    assert.equal(isSame(options, one, other), same);
  });
}

test('a client answered by another server than its own stays there from then on', () => {
  const { pool, sticky } = setUp();
  sticky.learn(from('198.51.100.7'), pool, 1, []);
  sticky.learn(from('198.51.100.7'), pool, 0, []);
  assert.equal(sticky.find(from('198.51.100.7'), pool), 0);
});

test('the ttl is handed to the table, and is 30 minutes when left out', () => {
  const short = setUp({ ttl: 5000 });
  short.sticky.find(from('198.51.100.7'), short.pool);
  assert.deepEqual(short.table.ttls, [5000]);
  const usual = setUp();
  usual.sticky.find(from('198.51.100.7'), usual.pool);
  assert.deepEqual(usual.table.ttls, [1_800_000]);
});

test('it reports the key it looked for', () => {
  const { pool, sticky } = setUp({ prefix: 24 });
  assert.equal(sticky.describe!(from('198.51.100.7'), pool), 'its network 198.51.100.7/24 is not in the stick table');
  sticky.learn(from('198.51.100.7'), pool, 1, []);
  assert.equal(sticky.describe!(from('198.51.100.9'), pool), 'its network 198.51.100.9/24, by the stick table');
});
