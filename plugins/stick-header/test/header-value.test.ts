import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Args } from '@sluice/dsl/plan';
import { FakePool, FakeStickTable, fakeFacts, fakeStickHost } from '@sluice/plugin-kit';
import { stickiness } from '../src/data.ts';

const withUser = (user: string | string[]) => fakeFacts({ headers: { 'x-user': user } });

function setUp(options: Args = {}) {
  const table = new FakeStickTable();
  const pool = new FakePool([1, 1, 1]);
  return {
    table,
    pool,
    sticky: stickiness['on header']!({ header: 'X-User', ...options }, fakeStickHost(pool, table)),
  };
}

test('a client goes back to the server that answered for its value', () => {
  const { pool, sticky } = setUp();
  assert.equal(sticky.find(withUser('ann'), pool), -1);
  assert.equal(sticky.learn(withUser('ann'), pool, 2, []), '');
  assert.equal(sticky.find(withUser('ann'), pool), 2);
  assert.equal(sticky.find(withUser('Ann'), pool), -1, 'values are compared exactly');
  sticky.learn(withUser('ann'), pool, 0, []);
  assert.equal(sticky.find(withUser('ann'), pool), 0, 'answered elsewhere, it stays there');
});

test('of several fields the first counts', () => {
  const { pool, sticky } = setUp();
  sticky.learn(withUser(['ann', 'bob']), pool, 1, []);
  assert.equal(sticky.find(withUser('ann'), pool), 1);
  assert.equal(sticky.find(withUser('bob'), pool), -1);
});

test('nothing is learned of clients without the header, or with an empty or a very long value', () => {
  const { table, pool, sticky } = setUp();
  for (const facts of [fakeFacts(), withUser(''), withUser('x'.repeat(4097))]) {
    sticky.learn(facts, pool, 1, []);
    assert.equal(sticky.find(facts, pool), -1);
  }
  assert.equal(table.entries.size, 0);
  assert.equal(sticky.describe!(fakeFacts(), pool), 'it brought no header X-User');
});

test('the ttl is handed to the table, and is 8 hours when left out', () => {
  const short = setUp({ ttl: 5000 });
  short.sticky.find(withUser('ann'), short.pool);
  assert.deepEqual(short.table.ttls, [5000]);
  const usual = setUp();
  usual.sticky.find(withUser('ann'), usual.pool);
  assert.deepEqual(usual.table.ttls, [28_800_000]);
});
