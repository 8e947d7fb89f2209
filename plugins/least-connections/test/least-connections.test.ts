import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakePool, fakeFacts } from '@sluice/plugin-kit';
import { balancers } from '../src/data.ts';

const facts = fakeFacts();
const create = (pool: FakePool) => balancers['least-connections']!(pool, {});

test('the server with the fewest open requests is picked', () => {
  const pool = new FakePool([1, 1, 1]);
  pool.opens.splice(0, 3, 4, 2, 3);
  assert.equal(create(pool).pick(facts, pool), 1);
});

test('an idle pool uses its servers in turn', () => {
  const pool = new FakePool([1, 1, 1]);
  const balancer = create(pool);
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map(() => balancer.pick(facts, pool)),
    [0, 1, 2, 0, 1, 2],
  );
});

test('equally busy servers are used in turn', () => {
  const pool = new FakePool([1, 1, 1]);
  pool.opens.fill(7);
  const balancer = create(pool);
  assert.deepEqual(
    [0, 1, 2, 3].map(() => balancer.pick(facts, pool)),
    [0, 1, 2, 0],
  );
});

test('open requests settle in the ratio of the weights', () => {
  const pool = new FakePool([3, 1, 0, 256]);
  const balancer = create(pool);
  for (let request = 0; request < 2600; request++) pool.opens[balancer.pick(facts, pool)]!++;
  assert.deepEqual(pool.opens, [30, 10, 0, 2560]);
});

test('a server that is down, tried, full or without weight is never picked', () => {
  const pool = new FakePool([1, 1, 1, 0, 1]);
  const balancer = create(pool);
  pool.setUp(0, false);
  pool.tried.add(1);
  pool.maxes[2] = 1;
  pool.opens[2] = 1;
  pool.opens[4] = 50;
  for (let request = 0; request < 5; request++) assert.equal(balancer.pick(facts, pool), 4);
  pool.setUp(4, false);
  assert.equal(balancer.pick(facts, pool), -1);
});

test('servers picked under changing load never differ by more than one', () => {
  const pool = new FakePool([1, 1, 1, 1]);
  const balancer = create(pool);
  const running: number[] = [];
  for (let request = 0; request < 1000; request++) {
    const index = balancer.pick(facts, pool);
    pool.opens[index]!++;
    running.push(index);
    if (request % 3 === 2) pool.opens[running.shift()!]!--;
    assert.equal(pool.opens[index], Math.min(...pool.opens.map((open, at) => (at === index ? open - 1 : open))) + 1);
  }
});

for (const size of [4, 40]) {
  test(`with ${size} servers explain names the least busy one, or who share that`, () => {
    const pool = new FakePool(Array.from({ length: size }, () => 2));
    pool.opens.fill(5);
    pool.opens[1] = 3;
    const balancer = create(pool);
    const explained = balancer.explain!(facts, pool);
    assert.equal(explained.picked, 1);
    assert.equal(explained.picked, balancer.pick(facts, pool));
    assert.equal(explained.why(1), '3 open of weight 2, the least busy');
    assert.equal(explained.why(0), '5 open of weight 2; server-2 has 3 open of weight 2');
    pool.setOpen(2, 3);
    const shared = create(pool).explain!(facts, pool);
    assert.equal(shared.picked, -1);
    assert.match(shared.why(2), /2 are equally busy and take turns/);
  });

  test(`with ${size} servers a reload loses no count`, () => {
    const pool = new FakePool(Array(size).fill(1));
    pool.opens.fill(4);
    pool.opens[size - 1] = 1;
    const [before, after] = [create(pool), create(pool)];
    after.inherit?.(before, pool, pool);
    assert.equal(after.pick(facts, pool), size - 1);
  });
}
