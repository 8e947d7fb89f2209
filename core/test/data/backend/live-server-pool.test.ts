import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish } from '@sluice/dsl/match';
import { LiveServerPool } from '../../../src/data/backend/live-server-pool.ts';
import { ServerEndpoint } from '../../../src/data/endpoint/server-endpoint.ts';
import { BackendTable } from '../../../src/shared/tables/backend-table.ts';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import {
  DRAIN,
  MAINT,
  RUNNING,
  ServerTable,
  STARTING,
  STOPPED,
  STOPPING,
} from '../../../src/shared/tables/server-table.ts';
import { backendPlan } from '../fixtures/plans.ts';

/** Servers a, b (slots 11, 12) and the backup z (slot 13), all running, weight 1. */
function setUp(): { pool: LiveServerPool; table: ServerTable } {
  const memory = createSharedMemory({ threads: 1 });
  const table = new ServerTable(memory.servers, 1);
  const slots = [11, 12, 13];
  for (const slot of slots) {
    table.setState(slot, RUNNING);
    table.setWeight(slot, 1);
  }
  const plan = backendPlan([
    { name: 'a', port: 1 },
    { name: 'b', port: 2 },
    { name: 'z', port: 3, isBackup: true },
  ]);
  const endpoints = plan.servers.map((server, index) => new ServerEndpoint(slots[index]!, server.address));
  const sources = { table, backends: new BackendTable(memory), slot: 0, random: () => 0.25, now: () => 0 };
  return { pool: finish(LiveServerPool.of(plan, endpoints, sources)), table };
}

/** What a strategy is asked to pick from: the servers, or the backups when there is none. */
function usable(pool: LiveServerPool, tried: number[] | null = null): string {
  pool.startPick(tried);
  for (const tier of [pool.primary, pool.backup!]) {
    let names = '';
    for (let index = 0; index < tier.size; index++) if (tier.isUsable(index)) names += tier.name(index);
    if (names !== '') return names;
  }
  return '';
}

test('servers that run and are ready take requests, backups do not', () => {
  const { pool } = setUp();
  assert.equal(usable(pool), 'ab');
});

test('states, admin states and weights are noticed with the next attempt', () => {
  const { pool, table } = setUp();
  const steps: [() => void, string][] = [
    [() => table.setState(11, STOPPED), 'b'],
    [() => table.setState(11, STARTING), 'ab'],
    [() => table.setState(11, STOPPING), 'b'],
    [() => table.setState(11, RUNNING), 'ab'],
    [() => table.setAdmin(12, DRAIN), 'a'],
    [() => table.setAdmin(12, MAINT), 'a'],
    [() => table.setAdmin(12, 0), 'ab'],
    [() => table.setWeight(11, 0), 'b'],
  ];
  for (const [change, expected] of steps) {
    change();
    assert.equal(usable(pool), expected, change.toString());
  }
});

test('backups take requests when no other server is up', () => {
  const { pool, table } = setUp();
  table.setState(11, STOPPED);
  table.setAdmin(12, MAINT);
  assert.equal(usable(pool), 'z');
  table.setState(13, STOPPED);
  assert.equal(usable(pool), '');
  table.setAdmin(12, 0);
  assert.equal(usable(pool), 'b');
});

test('an attempt goes to backups when the others were tried, the next one not', () => {
  const { pool } = setUp();
  assert.equal(usable(pool, [0, 1]), 'z');
  assert.deepEqual([pool.isUsable(0), pool.isUsable(1), pool.isUsable(2)], [false, false, true]);
  assert.equal(usable(pool), 'ab');
});

test('tried servers are left out of that request only', () => {
  const { pool } = setUp();
  assert.equal(usable(pool, [0]), 'b');
  assert.equal(usable(pool, [0, 0, 0, 0, 1]), 'z', 'tried again and again');
  assert.equal(usable(pool), 'ab');
});

test('a full server is not usable until a request ends', () => {
  const { pool, table } = setUp();
  table.setMax(11, 2);
  table.opened(11, 0);
  assert.equal(usable(pool), 'ab');
  table.opened(11, 0);
  assert.equal(usable(pool), 'b');
  assert.equal(pool.hasRoom(0), false);
  table.closed(11, 0);
  assert.equal(usable(pool), 'ab');
  assert.equal(pool.open(0), 1);
});

test('sticky clients keep a server that drains or stops, one of weight 0 and a backup, but none that is down or in maintenance', () => {
  const { pool, table } = setUp();
  pool.startPick(null);
  assert.equal(pool.keepsSticky(2), true);
  table.setAdmin(11, DRAIN);
  assert.equal(pool.keepsSticky(0), true);
  table.setWeight(11, 0);
  assert.equal(pool.keepsSticky(0), true);
  table.setAdmin(11, MAINT);
  assert.equal(pool.keepsSticky(0), false);
  table.setAdmin(11, 0);
  table.setState(11, STOPPED);
  assert.equal(pool.keepsSticky(0), false);
  table.setState(11, STOPPING);
  assert.equal(pool.keepsSticky(0), true);
  pool.startPick([1]);
  assert.equal(pool.keepsSticky(1), false, 'tried already');
});

test('an index out of range is neither usable nor skipped', () => {
  const { pool } = setUp();
  pool.startPick(null);
  for (const index of [-1, 3, Number.NaN, 0.5]) {
    assert.equal(pool.isUsable(index), false);
    assert.equal(pool.keepsSticky(index), false);
  }
});

test('names, slots and indexes belong together', () => {
  const { pool, table } = setUp();
  assert.deepEqual([pool.backend, pool.size, pool.name(1), pool.slot(1), pool.indexOfSlot(12)], ['app', 3, 'b', 12, 1]);
  assert.equal(pool.indexOfSlot(14), -1);
  assert.equal(pool.weight(1), 1);
  assert.equal(pool.random(), 0.25);
  const { version } = pool.primary;
  table.setWeight(12, 7);
  pool.startPick(null);
  assert.notEqual(pool.primary.version, version);
  assert.equal(pool.primary.totalWeight, 8);
});
