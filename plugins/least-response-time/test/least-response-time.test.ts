import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakePool, fakeFacts, seededRandom } from '@sluice/plugin-kit';
import { balancers } from '../src/data.ts';

const facts = fakeFacts();
const create = (pool: FakePool) => balancers['least-response-time']!(pool, {});
type Created = ReturnType<typeof create>;

/** known has a server answer often enough that its mean can be relied on. */
function known(balancer: Created, index: number, pool: FakePool, ms: number): void {
  for (let answer = 0; answer < 16; answer++) balancer.answered!(index, pool, ms, 200);
}

test('the server that answers soonest is picked, for its open requests and its weight', () => {
  const pool = new FakePool([1, 1, 2]);
  const balancer = create(pool);
  known(balancer, 0, pool, 10);
  known(balancer, 1, pool, 30);
  known(balancer, 2, pool, 50);
  assert.equal(balancer.pick(facts, pool), 0);
  pool.setOpen(0, 2);
  assert.equal(balancer.pick(facts, pool), 2, '50 × 1 / 2 is less than 10 × 3');
  pool.setOpen(2, 1);
  assert.ok([0, 1].includes(balancer.pick(facts, pool)), 'both would need 30');
});

test('servers of which nothing is known are tried in turn, with one request each', () => {
  const pool = new FakePool([1, 1, 1]);
  const balancer = create(pool);
  known(balancer, 0, pool, 20);
  const picked: number[] = [];
  for (let request = 0; request < 6; request++) {
    const index = balancer.pick(facts, pool);
    picked.push(index);
    pool.setOpen(index, pool.opens[index]! + 1);
  }
  assert.deepEqual([...picked].sort(), [0, 0, 0, 0, 1, 2]);
});

test('a server of which little is known gets no more at once than it has answered', () => {
  const pool = new FakePool([1, 1]);
  const balancer = create(pool);
  known(balancer, 0, pool, 20);
  for (let answers = 1; answers < 16; answers++) {
    // One lucky answer says that it is a hundred times as fast.
    balancer.answered!(1, pool, 0.2, 200);
    pool.setOpen(1, 0);
    let most = 0;
    while (most < 30 && balancer.pick(facts, pool) === 1) pool.setOpen(1, ++most);
    assert.equal(most, answers);
  }
  balancer.answered!(1, pool, 0.2, 200);
  for (let request = 0; request < 30; request++) assert.equal(balancer.pick(facts, pool), 1);
});

test('the mean covers about ten seconds of measurements', () => {
  const pool = new FakePool([1, 1]);
  const balancer = create(pool);
  for (const index of [0, 1]) known(balancer, index, pool, 20);
  pool.setOpen(0, 1);
  pool.setOpen(1, 1);
  for (let step = 0; step < 300; step++) {
    pool.nowMs += 100;
    balancer.answered!(0, pool, 100, 200);
    balancer.answered!(1, pool, 20, 200);
  }
  assert.ok(Math.abs(pool.note(0, 0) - 96) < 2, `${pool.note(0, 0)}`);
  assert.ok(Math.abs(pool.note(1, 0) - 20) < 0.1);
});

test('a failure is no fast answer', () => {
  for (const status of [0, 500, 503]) {
    const pool = new FakePool([1, 1]);
    const balancer = create(pool);
    balancer.answered!(0, pool, 40, 200);
    balancer.answered!(1, pool, 1, status);
    for (let request = 0; request < 5; request++) assert.equal(balancer.pick(facts, pool), 0);
  }
});

test('a server that was slow is tried again when it has been idle, with one request at a time', () => {
  const pool = new FakePool([1, 1]);
  const balancer = create(pool);
  balancer.answered!(0, pool, 20, 200);
  balancer.answered!(1, pool, 2000, 200);
  assert.equal(balancer.pick(facts, pool), 0);
  pool.nowMs += 60_000;
  balancer.answered!(0, pool, 20, 200);
  assert.equal(balancer.pick(facts, pool), 1);
  pool.setOpen(1, 1);
  for (let request = 0; request < 20; request++) assert.equal(balancer.pick(facts, pool), 0);
});

test('in a large pool a slow server gets next to nothing', () => {
  const pool = new FakePool(Array.from({ length: 50 }, () => 1));
  const balancer = create(pool);
  for (let index = 0; index < 50; index++) balancer.answered!(index, pool, index === 7 ? 500 : 10, 200);
  const random = seededRandom(11);
  let slow = 0;
  for (let request = 0; request < 2000; request++) {
    pool.randoms.splice(0, pool.randoms.length, ...Array.from({ length: 8 }, random));
    if (balancer.pick(facts, pool) === 7) slow++;
  }
  assert.ok(slow <= 2, `${slow} of 2000`);
});

test('a server that is down, tried or full is never picked', () => {
  for (const size of [4, 40]) {
    const pool = new FakePool(Array.from({ length: size }, () => 1));
    const balancer = create(pool);
    for (let index = 0; index < size - 1; index++) pool.setUp(index, false);
    for (let request = 0; request < 5; request++) assert.equal(balancer.pick(facts, pool), size - 1);
    pool.tried.add(size - 1);
    assert.equal(balancer.pick(facts, pool), -1);
  }
});

test('explain shows the mean of each server, and which is the best', () => {
  const pool = new FakePool([1, 1, 1]);
  const balancer = create(pool);
  balancer.answered!(0, pool, 20, 200);
  balancer.answered!(1, pool, 30, 200);
  pool.setUp(2, false);
  const explained = balancer.explain!(facts, pool);
  assert.equal(explained.picked, 0);
  assert.equal(explained.why(0), '20.0 ms with 0 open: the least for its weight');
  assert.equal(explained.why(1), '30.0 ms with 0 open; server-1 would answer sooner');
  assert.match(explained.why(2), /nothing is known of it/);
  const many = new FakePool(Array(40).fill(1));
  const drawn = create(many).explain!(facts, many);
  assert.equal(drawn.picked, -1);
  assert.match(drawn.why(0), /the best of three drawn is taken/);
});

test('means survive a reload', () => {
  const pool = new FakePool([1, 1]);
  const before = create(pool);
  before.answered!(0, pool, 50, 200);
  before.answered!(1, pool, 10, 200);
  const after = create(pool);
  after.inherit?.(before, pool, pool);
  assert.equal(after.pick(facts, pool), 1);
});
