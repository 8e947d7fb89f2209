import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import { DRAIN, RUNNING, ServerTable } from '../../../src/shared/tables/server-table.ts';

function table(threads: number): ServerTable {
  return new ServerTable(createSharedMemory({ threads }).servers, threads);
}

test('the version changes with states, weights and maxima, and not with counts', () => {
  const servers = table(1);
  const changes = [
    () => servers.setState(3, RUNNING),
    () => servers.setAdmin(3, DRAIN),
    () => servers.setWeight(3, 7),
    () => servers.setMax(3, 9),
  ];
  for (const change of changes) {
    const { version } = servers;
    change();
    assert.notEqual(servers.version, version);
    const after = servers.version;
    change();
    assert.equal(servers.version, after, 'the same value again is no change');
  }
  const { version } = servers;
  servers.opened(3, 0);
  servers.setLastCheck(3, 2);
  assert.equal(servers.version, version);
});

test('open requests of a lost thread are subtracted, and no others', () => {
  const servers = table(2);
  for (const thread of [0, 1]) {
    servers.opened(5, thread);
    servers.opened(5, thread);
    servers.opened(16_383, thread);
  }
  servers.closed(5, 0);
  servers.forget(0);
  assert.deepEqual([servers.open(5), servers.open(16_383)], [2, 1]);
  servers.forget(1);
  assert.deepEqual([servers.open(5), servers.open(16_383)], [0, 0]);
});

test('a reset slot is as new, and its neighbours stay', () => {
  const servers = table(2);
  for (const slot of [1, 2]) {
    servers.setState(slot, RUNNING);
    servers.setWeight(slot, 4);
    servers.opened(slot, 1);
  }
  servers.reset(1);
  assert.deepEqual([servers.state(1), servers.weight(1), servers.open(1)], [0, 0, 0]);
  assert.deepEqual([servers.state(2), servers.weight(2), servers.open(2)], [RUNNING, 4, 1]);
  servers.forget(1);
  assert.equal(servers.open(1), 0);
});
