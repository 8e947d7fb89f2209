import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakePool, fakeFacts, seededRandom } from '@sluice/plugin-kit';
import { balancers } from '../src/data.ts';

const facts = fakeFacts();
const create = (pool: FakePool) => balancers.random!(pool, {});

function countPicks(pool: FakePool, times: number): number[] {
  const balancer = create(pool);
  const random = seededRandom(7);
  const counts = pool.weights.map(() => 0);
  for (let time = 0; time < times; time++) {
    pool.randoms.push(random(), random(), random(), random());
    counts[balancer.pick(facts, pool)]!++;
    pool.randoms.length = 0;
  }
  return counts;
}

test('an idle pool is used in proportion to the weights', () => {
  const counts = countPicks(new FakePool([1, 2, 5, 0]), 8000);
  for (const [index, expected] of [1000, 2000, 5000, 0].entries()) {
    assert.ok(Math.abs(counts[index]! - expected) < 200, `${counts} of 8000`);
  }
});

test('of two drawn the less busy one is taken, for its weight', () => {
  const pool = new FakePool([1, 1]);
  const balancer = create(pool);
  pool.opens.splice(0, 2, 5, 4);
  pool.randoms.push(0.1, 0.9);
  assert.equal(balancer.pick(facts, pool), 1);
  pool.setWeight(0, 2);
  pool.randoms.push(0.1, 0.9);
  assert.equal(balancer.pick(facts, pool), 0);
});

test('the busiest server of many is next to never picked, and loads stay close together', () => {
  const pool = new FakePool(Array.from({ length: 100 }, () => 1));
  const balancer = create(pool);
  const random = seededRandom(3);
  for (let request = 0; request < 10_000; request++) {
    pool.randoms.push(random(), random(), random(), random());
    pool.opens[balancer.pick(facts, pool)]!++;
    pool.randoms.length = 0;
  }
  assert.ok(
    Math.max(...pool.opens) < 106 && Math.min(...pool.opens) > 90,
    `${Math.min(...pool.opens)}..${Math.max(...pool.opens)}`,
  );
});

test('a server that is down, tried, full or without weight is never picked', () => {
  const pool = new FakePool([1, 1, 1, 0, 1]);
  const balancer = create(pool);
  pool.setUp(0, false);
  pool.tried.add(1);
  pool.maxes[2] = 1;
  pool.setOpen(2, 1);
  const random = seededRandom(5);
  for (let request = 0; request < 200; request++) {
    pool.randoms.splice(0, pool.randoms.length, random(), random(), random(), random());
    assert.equal(balancer.pick(facts, pool), 4);
  }
  pool.setUp(4, false);
  assert.equal(balancer.pick(facts, pool), -1);
  pool.setUp(0, true);
  assert.equal(balancer.pick(facts, pool), 0);
});

test('explain gives the chance of each server', () => {
  const pool = new FakePool([1, 3, 1]);
  pool.setUp(2, false);
  const explained = create(pool).explain!(facts, pool);
  assert.equal(explained.picked, -1);
  assert.match(explained.why(0), /a chance of 25\.0%/);
  assert.match(explained.why(1), /a chance of 75\.0%/);
});
