/**
 * The pool that plugin authors test with answers as the pool of live traffic does.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish } from '@sluice/dsl/match';
import { FakePool, seededRandom } from '@sluice/plugin-kit';
import { LiveServerPool } from '../../../src/data/backend/live-server-pool.ts';
import { ServerEndpoint } from '../../../src/data/endpoint/server-endpoint.ts';
import type { ServerPool } from '../../../src/plugin/server-pool.ts';
import { BackendTable } from '../../../src/shared/tables/backend-table.ts';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import { RUNNING, ServerTable, STOPPED } from '../../../src/shared/tables/server-table.ts';
import { backendPlan } from '../fixtures/plans.ts';

const SERVERS = 5;
/** The slots of the fake pool. */
const FIRST_SLOT = 100;
const STEPS = 600;

/** picture is all that a strategy can see of a pool for one request. */
function picture(pool: ServerPool) {
  const indexes = Array.from({ length: pool.size }, (_, index) => index);
  return {
    usable: indexes.map((index) => pool.isUsable(index)),
    candidates: indexes.map((index) => pool.isCandidate(index)),
    next: indexes.map((from) => pool.nextUsable(from)),
    weights: indexes.map((index) => pool.weight(index)),
    fullWeights: indexes.map((index) => pool.fullWeight(index)),
    opens: indexes.map((index) => pool.open(index)),
    slots: indexes.map((index) => pool.slot(index)),
    places: indexes.map((index) => pool.indexOfSlot(pool.slot(index))),
    nobody: pool.indexOfSlot(99_999),
    totalWeight: pool.totalWeight,
    size: pool.size,
  };
}

test('a fake pool shows strategies what the live one shows, whatever happens to the servers', () => {
  const memory = createSharedMemory({ threads: 1 });
  const table = new ServerTable(memory.servers, 1);
  const slots = Array.from({ length: SERVERS }, (_, index) => FIRST_SLOT + index);
  const fake = new FakePool(slots.map(() => 1));
  for (const slot of slots) {
    table.setState(slot, RUNNING);
    table.setWeight(slot, 1);
  }
  const plan = backendPlan(slots.map((slot) => ({ name: `server-${slot}`, port: slot })));
  const endpoints = plan.servers.map((server, index) => new ServerEndpoint(slots[index]!, server.address));
  const sources = { table, backends: new BackendTable(memory), slot: 0, random: () => 0.5, now: () => 0 };
  const live = finish(LiveServerPool.of(plan, endpoints, sources));
  for (const pool of [live.primary, fake]) pool.watch({ changed: () => {} });

  const random = seededRandom(42);
  const below = (limit: number): number => Math.floor(random() * limit);
  const seen = new Set<string>();
  for (let step = 0; step < STEPS; step++) {
    const index = below(SERVERS);
    const slot = slots[index]!;
    const what = below(5);
    if (what === 0) {
      const isUp = below(3) > 0;
      table.setState(slot, isUp ? RUNNING : STOPPED);
      fake.setUp(index, isUp);
    } else if (what === 1) {
      const weight = below(4) * 64;
      table.setWeight(slot, weight);
      fake.setWeight(index, weight);
    } else if (what === 2) {
      const max = below(3);
      table.setMax(slot, max);
      fake.setMax(index, max);
    } else if (what === 3 || table.open(slot) === 0) {
      table.opened(slot, 0);
      fake.setOpen(index, table.open(slot));
    } else {
      table.closed(slot, 0);
      fake.setOpen(index, table.open(slot));
    }
    const tried = below(3) === 0 ? [below(SERVERS)] : null;
    live.startPick(tried);
    fake.tried.clear();
    for (const one of tried ?? []) fake.tried.add(one);
    const expected = picture(live.primary);
    assert.deepEqual(picture(fake), expected, `step ${step}: ${what} of server ${index}, tried ${tried}`);
    seen.add(JSON.stringify(expected));
  }
  assert.ok(seen.size > STEPS / 4, `only ${seen.size} pictures differ`);
});
