import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Balancer } from '@sluice/core/plugin';
import { FakePool, fakeFacts } from '@sluice/plugin-kit';
import { balancers } from '../src/data.ts';

const facts = fakeFacts();
const create = (pool: FakePool) => balancers['round-robin']!(pool, {});

function countPicks(balancer: Balancer, pool: FakePool, times: number): number[] {
  const counts = pool.weights.map(() => 0);
  for (let time = 0; time < times; time++) counts[balancer.pick(facts, pool)]!++;
  return counts;
}

const sum = (weights: readonly number[]) => weights.reduce((total, weight) => total + weight, 0);

test('equal weights rotate', () => {
  const pool = new FakePool([1, 1, 1]);
  const balancer = create(pool);
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map(() => balancer.pick(facts, pool)),
    [0, 1, 2, 0, 1, 2],
  );
});

test('weights 5, 1, 1 are spread smoothly', () => {
  const pool = new FakePool([5, 1, 1]);
  const balancer = create(pool);
  const names = Array.from({ length: 14 }, () => 'abc'[balancer.pick(facts, pool)]).join('');
  assert.equal(names, 'aabacaaaabacaa');
});

const CYCLES: readonly [name: string, weights: number[]][] = [
  ['a small pool', [3, 1, 2]],
  ['the lightest and the heaviest', [1, 256]],
  ['servers without weight', [0, 4, 0, 1]],
  ['every weight from 0 to 256', Array.from({ length: 257 }, (_, weight) => weight)],
  ['a large pool of equal weights', Array.from({ length: 1000 }, () => 7)],
  ['a large pool of three weights', Array.from({ length: 300 }, (_, index) => [1, 10, 100][index % 3]!)],
];
for (const [name, weights] of CYCLES) {
  test(`each server gets exactly its share of a cycle: ${name}`, () => {
    const pool = new FakePool(weights);
    const balancer = create(pool);
    assert.deepEqual(countPicks(balancer, pool, sum(weights)), weights);
    assert.deepEqual(countPicks(balancer, pool, sum(weights)), weights);
  });

  test(`the others share exactly while a server is down: ${name}`, () => {
    const pool = new FakePool(weights);
    const balancer = create(pool);
    const down = weights.lastIndexOf(Math.max(...weights));
    pool.setUp(down, false);
    const left = weights.map((weight, index) => (index === down ? 0 : weight));
    assert.deepEqual(countPicks(balancer, pool, sum(left)), left);
  });
}

test('a large pool spreads a heavy server over the whole cycle', () => {
  const weights = Array.from({ length: 40 }, (_, index) => (index === 0 ? 40 : 1));
  const pool = new FakePool(weights);
  const balancer = create(pool);
  let longest = 0;
  let run = 0;
  for (let time = 0; time < sum(weights); time++) {
    run = balancer.pick(facts, pool) === 0 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  assert.ok(longest <= 2, `the heavy server was picked ${longest} times in a row`);
});

for (const size of [4, 100]) {
  test(`with ${size} servers a retry goes to another server without using up its turn`, () => {
    const pool = new FakePool(Array.from({ length: size }, () => 1));
    const balancer = create(pool);
    const first = balancer.pick(facts, pool);
    pool.tried.add(first);
    assert.notEqual(balancer.pick(facts, pool), first);
    pool.tried.clear();
    assert.ok(countPicks(balancer, pool, size * 10).every((count) => count >= 9 && count <= 11));
  });

  test(`with ${size} servers a change of weight holds at once`, () => {
    const weights = Array.from({ length: size }, () => 1);
    const pool = new FakePool(weights);
    const balancer = create(pool);
    countPicks(balancer, pool, size);
    pool.setWeight(1, 0);
    assert.equal(countPicks(balancer, pool, size * 2)[1], 0);
    pool.setWeight(1, 5);
    const counts = countPicks(balancer, pool, (size + 4) * 10);
    assert.ok(Math.abs(counts[1]! - 50) <= 1, `picked ${counts[1]} times, expected 50`);
    assert.ok(counts.every((count, index) => index === 1 || Math.abs(count - 10) <= 1));
  });

  test(`with ${size} servers only the one that is left is picked, and none when all are down`, () => {
    const pool = new FakePool(Array.from({ length: size }, (_, index) => 1 + (index % 3)));
    const balancer = create(pool);
    for (let index = 1; index < size; index++) pool.setUp(index, false);
    assert.equal(countPicks(balancer, pool, 20)[0], 20);
    pool.setUp(0, false);
    assert.equal(balancer.pick(facts, pool), -1);
    pool.setUp(2, true);
    assert.equal(balancer.pick(facts, pool), 2);
  });

  test(`with ${size} servers all without weight none is picked`, () => {
    const pool = new FakePool(Array.from({ length: size }, () => 0));
    assert.equal(create(pool).pick(facts, pool), -1);
  });
}

test('a pool whose version changes before every pick still treats all alike', () => {
  const weights = Array.from({ length: 60 }, (_, index) => 1 + (index % 2) * 2);
  const pool = new FakePool(weights);
  const balancer = create(pool);
  const counts = weights.map(() => 0);
  for (let time = 0; time < sum(weights); time++) {
    pool.version++;
    counts[balancer.pick(facts, pool)]!++;
  }
  assert.deepEqual(counts, weights);
});

test('a light server is found when every heavy one is full', () => {
  const pool = new FakePool(Array.from({ length: 50 }, (_, index) => (index === 49 ? 1 : 256)));
  for (let index = 0; index < 49; index++) {
    pool.maxes[index] = 1;
    pool.opens[index] = 1;
  }
  const balancer = create(pool);
  for (let time = 0; time < 5; time++) assert.equal(balancer.pick(facts, pool), 49);
});

for (const size of [3, 40]) {
  test(`with ${size} servers the turns of remaining servers survive a reload`, () => {
    const weights = Array.from({ length: size }, (_, index) => 1 + (index % 3));
    const [pool, undisturbedPool] = [new FakePool(weights), new FakePool(weights)];
    const [before, undisturbed] = [create(pool), create(undisturbedPool)];
    const names = (balancer: Balancer, from: FakePool, times: number) =>
      Array.from({ length: times }, () => from.name(balancer.pick(facts, from)));
    const half = sum(weights) >> 1;
    names(before, pool, half);
    names(undisturbed, undisturbedPool, half);
    const reloaded = new FakePool(weights);
    const after = create(reloaded);
    after.inherit!(before, reloaded, pool);
    assert.deepEqual(names(after, reloaded, 3 * half), names(undisturbed, undisturbedPool, 3 * half));
  });

  test(`with ${size} servers a server added by a reload gets exactly its share`, () => {
    const pool = new FakePool(Array(size).fill(1));
    const before = create(pool);
    countPicks(before, pool, size * 5 + 1);
    const more = new FakePool(Array(size + 1).fill(1));
    const after = create(more);
    after.inherit!(before, more, pool);
    assert.ok(countPicks(after, more, (size + 1) * 4).every((count) => count >= 3 && count <= 5));
  });

  test(`with ${size} servers explain leaves it to turns`, () => {
    const pool = new FakePool(Array.from({ length: size }, (_, index) => (index === 0 ? 2 : 1)));
    const explained = create(pool).explain!(facts, pool);
    assert.equal(explained.picked, -1);
    assert.match(explained.why(0), new RegExp(`2 in ${size + 1}$`));
  });
}
