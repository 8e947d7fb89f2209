import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakePool, fakeFacts } from '@sluice/plugin-kit';
import { balancers } from '../src/data.ts';
import { OwnerNotes, OwnerTable } from '../src/owner-table.ts';
import { PARTS, PartRace } from '../src/part-race.ts';

const raceOf = (weights: readonly number[]) =>
  PartRace.of(
    weights.map((_, index) => `web${index + 1}`),
    Float64Array.from(weights),
  );
/** A clock that goes on with each look at it. */
const ticking =
  (time = 0) =>
  () =>
    time++;
const mixed = (size: number) => Array.from({ length: size }, (_, index) => index % 5);

function ready(race: PartRace): OwnerTable {
  const table = new OwnerTable(race, ticking());
  for (let part = 0; !table.isReady; part++) table.ownerOf(part % PARTS);
  return table;
}

/** By how much of its due each server's part is off, and how often each owns a part. */
function sharesOf(weights: readonly number[]) {
  const table = ready(raceOf(weights));
  const owned = new Int32Array(weights.length);
  for (let part = 0; part < PARTS; part++) owned[table.ownerOf(part)]!++;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight, index) => (owned[index]! * total) / (PARTS * weight) - 1);
}

for (const size of [1, 2, 40, 1000]) {
  test(`a table of ${size} servers gives the same results before and after it is complete`, () => {
    const race = raceOf([3, ...mixed(size - 1)]);
    const table = new OwnerTable(race, ticking());
    const notes = size < 255 ? new OwnerNotes(race) : null;
    const early: number[] = [];
    for (let part = 0; !table.isReady; part += 101) early.push(table.ownerOf(part % PARTS));
    assert.ok(early.length > 10, 'made in steps');
    for (const [at, owner] of early.entries()) assert.equal(table.ownerOf((at * 101) % PARTS), owner);
    for (let part = 0; part < PARTS; part += 37) {
      const owner = table.ownerOf(part);
      if (part % 5 === 0) assert.equal(race.winner(part), owner);
      if (notes !== null) assert.deepEqual([notes.ownerOf(part), notes.ownerOf(part)], [owner, owner]);
    }
  });
}

test('a burst of lookups does not speed up the building of the table, and results are remembered', () => {
  const race = raceOf(Array(1000).fill(1));
  let nowMs = 0;
  let looks = 0;
  const { winner } = race;
  race.winner = (part) => {
    looks++;
    return winner.call(race, part);
  };
  const table = new OwnerTable(race, () => nowMs);
  for (let question = 0; question < 10_000; question++) table.ownerOf(question % 50);
  assert.equal(table.isReady, false);
  assert.equal(looks, 50);
  for (; !table.isReady; nowMs++) table.ownerOf(7);
  for (let part = 0; part < 50; part++) assert.equal(table.ownerOf(part), winner.call(race, part));
});

test('after a change of weights, results equal those of a fresh table', () => {
  const [before, after] = [Array(60).fill(1), mixed(60)];
  const race = raceOf(before).withWeights(Float64Array.from(after));
  assert.ok(race.isAlike(raceOf(after)));
  for (let part = 0; part < 300; part++) assert.equal(race.winner(part), raceOf(after).winner(part));
});

test('one server more takes its share of the parts and moves no other', () => {
  for (const size of [40, 300]) {
    const [few, many] = [ready(raceOf(Array(size).fill(2))), ready(raceOf(Array(size + 1).fill(2)))];
    let moved = 0;
    for (let part = 0; part < PARTS; part++) {
      if (few.ownerOf(part) === many.ownerOf(part)) continue;
      assert.equal(many.ownerOf(part), size);
      moved++;
    }
    const share = PARTS / (size + 1);
    assert.ok(Math.abs(moved / share - 1) < 0.15, `${moved} parts moved; a share is ${share}`);
  }
});

test('with ten servers each has its share within 3%, whatever they weigh', () => {
  for (const weights of [Array(10).fill(1), [1, 2, 3, 4, 1, 2, 3, 4, 1, 2], [256, ...Array(9).fill(64)]]) {
    for (const off of sharesOf(weights)) assert.ok(Math.abs(off) < 0.03, `${weights}: ${off}`);
  }
});

test('with 1,000 servers a share is off by 7% on the average, and none by more than a third', () => {
  const offs = sharesOf(Array(1000).fill(1));
  const mean = Math.sqrt(offs.reduce((sum, off) => sum + off * off, 0) / offs.length);
  assert.ok(mean < 0.07, `${mean}`);
  for (const off of offs) assert.ok(Math.abs(off) < 0.34, `${off}`);
});

test('a change of weight in a large pool holds with the next pick', () => {
  const pool = new FakePool(Array(500).fill(1));
  const balancer = balancers['consistent-hash']!(pool, { key: ['path'] });
  const facts = fakeFacts({ path: '/x' });
  const own = balancer.pick(facts, pool);
  pool.setWeight(own, 0);
  pool.setUp(own, true);
  const other = balancer.pick(facts, pool);
  assert.notEqual(other, own);
  pool.setWeight(own, 1);
  assert.equal(balancer.pick(facts, pool), own);
});

test('a reload without changed servers keeps the results, any other discards them', () => {
  const create = (pool: FakePool) => balancers['consistent-hash']!(pool, { key: ['path'] });
  const before = new FakePool(mixed(60));
  const old = create(before);
  const picks = (pool: FakePool, balancer = create(pool)) =>
    Array.from({ length: 300 }, (_, key) => pool.name(balancer.pick(fakeFacts({ path: `/${key}` }), pool)));
  const known = picks(before, old);
  const same = new FakePool(mixed(60));
  const kept = create(same);
  kept.inherit!(old, same, before);
  assert.deepEqual(picks(same, kept), known);
  const other = new FakePool(mixed(59));
  const made = create(other);
  made.inherit!(old, other, before);
  assert.deepEqual(picks(other, made), picks(new FakePool(mixed(59))));
});
