import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakePool, fakeFacts } from '@sluice/plugin-kit';
import { balancers } from '../src/data.ts';

const facts = fakeFacts();

test('first fills the first server up to its max, then the next', () => {
  const pool = new FakePool([1, 1, 1]);
  pool.maxes.splice(0, 3, 2, 1, 0);
  const first = balancers.first!(pool, {});
  const picked: number[] = [];
  for (let request = 0; request < 5; request++) {
    const index = first.pick(facts, pool);
    picked.push(index);
    pool.opens[index]!++;
  }
  assert.deepEqual(picked, [0, 0, 1, 2, 2]);
  pool.opens[0] = 1;
  assert.equal(first.pick(facts, pool), 0);
});

test('first leaves out servers that are down, tried, or without weight', () => {
  const pool = new FakePool([1, 0, 1, 1]);
  const first = balancers.first!(pool, {});
  pool.setUp(0, false);
  assert.equal(first.pick(facts, pool), 2);
  pool.tried.add(2);
  assert.equal(first.pick(facts, pool), 3);
  pool.tried.add(3);
  assert.equal(first.pick(facts, pool), -1);
});

test('explain names the first that has room', () => {
  const pool = new FakePool([1, 1, 1]);
  pool.maxes[0] = 1;
  pool.opens[0] = 1;
  const explained = balancers.first!(pool, {}).explain!(facts, pool);
  assert.equal(explained.picked, 1);
  assert.equal(explained.why(1), 'the first that has room');
  assert.equal(explained.why(2), 'server-2 comes first and has room');
});
