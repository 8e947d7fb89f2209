import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakePool, fakeFacts } from '@sluice/plugin-kit';
import { balancers } from '../src/data.ts';

const KEYS = 20_000;
const create = (pool: FakePool, load?: number) =>
  balancers['consistent-hash']!(pool, { key: ['path'], ...(load === undefined ? {} : { load }) });
const weights = (size: number) => Array.from({ length: size }, () => 1);

/** The names of the servers that the keys go to. */
function placesOf(pool: FakePool, balancer = create(pool)): string[] {
  return Array.from({ length: KEYS }, (_, key) => pool.name(balancer.pick(fakeFacts({ path: `/p${key}` }), pool)));
}

function moved(before: readonly string[], after: readonly string[]): number[] {
  return [...before.keys()].filter((key) => before[key] !== after[key]);
}

for (const size of [2, 10, 100]) {
  test(`taking one of ${size + 1} servers away moves its keys alone, adding it moves keys to it alone`, () => {
    const few = placesOf(new FakePool(weights(size)));
    const many = placesOf(new FakePool(weights(size + 1)));
    const changed = moved(few, many);
    for (const key of changed) assert.equal(many[key], `server-${size + 1}`);
    assert.equal(changed.length, many.filter((name) => name === `server-${size + 1}`).length);
    const share = KEYS / (size + 1);
    assert.ok(changed.length < share * 1.35 + 20, `${changed.length} keys moved; a share is ${share}`);
    assert.ok(changed.length > share * 0.65 - 20, `${changed.length} keys moved; a share is ${share}`);
  });
}

test('shares follow the weights', () => {
  const pool = new FakePool([1, 2, 5, 0, 2]);
  const counts = new Map<string, number>();
  for (const name of placesOf(pool)) counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const [index, weight] of pool.weights.entries()) {
    const share = (counts.get(`server-${index + 1}`) ?? 0) / KEYS;
    assert.ok(Math.abs(share - weight / 10) < 0.02, `weight ${weight}: ${share}`);
  }
});

test('a change of weight moves keys to or from that server alone', () => {
  const pool = new FakePool(weights(10));
  const balancer = create(pool);
  const before = placesOf(pool, balancer);
  pool.setWeight(3, 2);
  const after = placesOf(pool, balancer);
  const changed = moved(before, after);
  for (const key of changed) assert.equal(after[key], 'server-4');
  assert.ok(changed.length > 0);
  pool.setWeight(3, 1);
  assert.deepEqual(placesOf(pool, balancer), before);
});

test('a server that is down, tried or full moves only its own keys, to all others, and gets them back', () => {
  const pool = new FakePool(weights(10));
  const balancer = create(pool);
  const before = placesOf(pool, balancer);
  const changes: [() => void, () => void][] = [
    [() => pool.setUp(2, false), () => pool.setUp(2, true)],
    [() => pool.tried.add(2), () => pool.tried.delete(2)],
    [
      () => {
        pool.maxes[2] = 1;
        pool.setOpen(2, 1);
      },
      () => pool.setOpen(2, 0),
    ],
  ];
  for (const [leave, come] of changes) {
    leave();
    const after = placesOf(pool, balancer);
    for (const key of moved(before, after)) assert.equal(before[key], 'server-3');
    assert.equal(after.includes('server-3'), false);
    assert.equal(new Set(moved(before, after).map((key) => after[key])).size, 9);
    come();
    assert.deepEqual(placesOf(pool, balancer), before);
  }
});

test('a second server that goes down moves only its current keys', () => {
  const pool = new FakePool(weights(10));
  const balancer = create(pool);
  pool.setUp(2, false);
  const before = placesOf(pool, balancer);
  pool.setUp(7, false);
  for (const key of moved(before, placesOf(pool, balancer))) assert.equal(before[key], 'server-8');
});

test('in slow start a server takes a part of its own keys, and more with time, and none leaves again', () => {
  const pool = new FakePool(weights(10));
  const balancer = create(pool);
  const all = placesOf(pool, balancer);
  let before = new Set<number>();
  for (const share of [0.25, 0.5, 0.75, 1]) {
    pool.setShare(4, share);
    const places = placesOf(pool, balancer);
    const own = new Set([...places.keys()].filter((key) => places[key] === 'server-5'));
    for (const key of before) assert.ok(own.has(key));
    for (const key of moved(all, places)) assert.equal(all[key], 'server-5');
    const whole = all.filter((name) => name === 'server-5').length;
    assert.ok(Math.abs(own.size / whole - share) < 0.05, `${own.size} of ${whole} at ${share}`);
    before = own;
  }
});

test('with bounded load no server has more than its part, whatever the key', () => {
  const pool = new FakePool([1, 1, 2, 4]);
  const balancer = create(pool, 125);
  const hot = fakeFacts({ path: '/hot' });
  for (let request = 0; request < 800; request++) {
    const index = balancer.pick(hot, pool);
    const most = Math.ceil((1.25 * (request + 1) * pool.weights[index]!) / 8);
    pool.setOpen(index, pool.opens[index]! + 1);
    assert.ok(pool.opens[index]! <= most, `${pool.opens[index]} of at most ${most}`);
  }
  assert.equal(pool.openInAll, 800);
});

test('a key keeps its server under bounded load while there is room', () => {
  const pool = new FakePool(weights(10));
  const bounded = create(pool, 125);
  assert.deepEqual(placesOf(pool, bounded), placesOf(pool));
});

test('the same names and weights give the same places in every process', () => {
  const pool = new FakePool([1, 1, 1, 1, 1]);
  const balancer = create(pool);
  const picked = ['/', '/a', '/b', '/c', '/d', '/e', '/f', '/g'].map((path) =>
    balancer.pick(fakeFacts({ path }), pool),
  );
  assert.deepEqual(picked, PINNED);
});

test('requests without the key use the client address', () => {
  const pool = new FakePool(weights(10));
  const byHeader = balancers['consistent-hash']!(pool, { key: ['header', 'x-user'] });
  const byQuery = balancers['consistent-hash']!(pool, { key: ['query', 'user'] });
  assert.equal(byHeader.pick(fakeFacts({ path: '/a' }), pool), byHeader.pick(fakeFacts({ path: '/b' }), pool));
  assert.equal(byHeader.pick(fakeFacts(), pool), byQuery.pick(fakeFacts({ query: 'users=1' }), pool));
  const picks = new Set(
    Array.from({ length: 50 }, (_, user) => byQuery.pick(fakeFacts({ query: `x=1&user=${user}` }), pool)),
  );
  assert.ok(picks.size > 5);
});

test('ip-hash keeps a client together', () => {
  const pool = new FakePool(weights(10));
  const balancer = balancers['ip-hash']!(pool, {});
  assert.equal(balancer.pick(fakeFacts({ path: '/a' }), pool), balancer.pick(fakeFacts({ path: '/b' }), pool));
});

test('none is picked when all are down or without weight', () => {
  const pool = new FakePool([0, 0]);
  assert.equal(create(pool).pick(fakeFacts(), pool), -1);
  const down = new FakePool(weights(3));
  for (const index of [0, 1, 2]) down.setUp(index, false);
  assert.equal(create(down).pick(fakeFacts(), down), -1);
});

test('the last usable server of many is found', () => {
  const pool = new FakePool(weights(200));
  const balancer = create(pool);
  for (let index = 0; index < 199; index++) pool.setUp(index, false);
  for (let key = 0; key < 50; key++) assert.equal(balancer.pick(fakeFacts({ path: `/${key}` }), pool), 199);
});

test('explain distinguishes a server’s own key, its next choice, and a load above its share', () => {
  const pool = new FakePool(weights(4));
  const balancer = create(pool, 125);
  const facts = fakeFacts({ path: '/x' });
  const own = balancer.pick(facts, pool);
  assert.match(balancer.explain!(facts, pool).why(own), /own server/);
  pool.setOpen(own, 100);
  const said = balancer.explain!(facts, pool);
  assert.notEqual(said.picked, own);
  assert.match(said.why(own), /more than its share: 100 open/);
  assert.match(said.why(said.picked), /next choice/);
});

/** Changing these moves every user's keys at an update. */
const PINNED: readonly number[] = [0, 3, 3, 1, 3, 4, 2, 1];
