import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish } from '@sluice/dsl/match';
import { WeightedDraw } from '../../src/plugin/weighted-draw.ts';
import { createSharedMemory } from '../../src/shared/tables/create-shared-memory.ts';
import { RUNNING, ServerTable, STARTING, STOPPED } from '../../src/shared/tables/server-table.ts';
import { ServerTier } from '../../src/shared/tables/server-tier.ts';

/** Running servers of these weights; numbers are drawn evenly, so that counts are exact. */
function setUp(weights: readonly number[], draws = 1000) {
  const table = new ServerTable(createSharedMemory({ threads: 1 }).servers, 1);
  for (const [slot, weight] of weights.entries()) {
    table.setState(slot, RUNNING);
    table.setWeight(slot, weight);
  }
  let at = 0;
  const random = () => ((at++ % draws) + 0.5) / draws;
  const names = weights.map((_, index) => `web${index}`);
  const slots = weights.map((_, index) => index);
  const tier = finish(
    ServerTier.of('app', names, Int32Array.from(slots), { table, openInAll: () => 0, random, now: () => 0 }),
  );
  const draw = new WeightedDraw(tier);
  tier.watch(draw);
  const count = () => {
    tier.startPick();
    const counts = weights.map(() => 0);
    for (let drawn = 0; drawn < draws; drawn++) counts[draw.draw()]!++;
    return counts;
  };
  return { table, tier, draw, count };
}

test('each server is drawn exactly in proportion to its weight', () => {
  for (const weights of [[1], [1, 2, 5, 0, 2], [0, 0, 10], [256, 244], Array(100).fill(1)]) {
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const { count } = setUp(weights);
    assert.deepEqual(
      count(),
      weights.map((weight) => (weight * 1000) / sum),
    );
  }
});

test('changes of state, weight and share hold with the next draw', () => {
  const { table, count, draw } = setUp([1, 1, 2]);
  table.setState(2, STOPPED);
  assert.deepEqual(count(), [500, 500, 0]);
  table.setWeight(0, 3);
  assert.deepEqual(count(), [750, 250, 0]);
  table.setState(2, STARTING);
  table.setShare(2, 128);
  assert.deepEqual(count(), [600, 200, 200]);
  assert.deepEqual([0, 1, 2].map(draw.chance, draw), [0.6, 0.2, 0.2]);
});

test('a server that this request has tried is not drawn, nor is a full one', () => {
  const { table, tier, draw, count } = setUp([1, 1, 98]);
  tier.startPick();
  tier.exclude(2);
  for (let drawn = 0; drawn < 200; drawn++) assert.notEqual(draw.draw(), 2);
  table.setMax(2, 1);
  table.opened(2, 0);
  assert.deepEqual(count(), [500, 500, 0]);
  table.closed(2, 0);
  assert.deepEqual(count(), [10, 10, 980]);
});

test('no server is drawn if all are down or tried', () => {
  const { table, tier, draw } = setUp([1, 2]);
  tier.startPick();
  tier.exclude(0);
  tier.exclude(1);
  assert.equal(draw.draw(), -1);
  for (const slot of [0, 1]) table.setState(slot, STOPPED);
  tier.startPick();
  assert.equal(draw.draw(), -1);
  assert.equal(draw.chance(0), 0);
  table.setState(1, RUNNING);
  tier.startPick();
  assert.equal(draw.draw(), 1);
});
