import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ADMITTED, CircuitTable, REFUSED, TRIAL } from '../../../src/shared/tables/circuit-table.ts';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';

let circuits: CircuitTable;
beforeEach(() => {
  circuits = new CircuitTable(createSharedMemory({ threads: 1 }));
});

test('a closed circuit allows all requests', () => {
  assert.deepEqual([circuits.state(3), circuits.admit(3, 0, 5000)], ['closed', ADMITTED]);
});

test('an open circuit allows no request until its time, then one trial', () => {
  assert.equal(circuits.open(3, 1000, 5000), true);
  assert.equal(circuits.open(3, 1000, 5000), false, 'only one thread opens it');
  assert.equal(circuits.admit(3, 5900, 5000), REFUSED);
  assert.equal(circuits.admit(3, 6000, 5000), TRIAL);
  assert.equal(circuits.state(3), 'half-open');
  assert.equal(circuits.admit(3, 6000, 5000), REFUSED);
  assert.equal(circuits.state(4), 'closed');
});

test('a trial that went well closes it, one that did not leaves it open for as long again', () => {
  circuits.open(3, 0, 5000);
  assert.equal(circuits.admit(3, 5000, 5000), TRIAL);
  assert.equal(circuits.tried(3, false, 7000, 5000), true);
  assert.equal(circuits.state(3), 'open');
  assert.equal(circuits.admit(3, 11_900, 5000), REFUSED);
  assert.equal(circuits.admit(3, 12_000, 5000), TRIAL);
  assert.equal(circuits.tried(3, true, 12_000, 5000), true);
  assert.equal(circuits.tried(3, true, 12_000, 5000), false);
  assert.equal(circuits.admit(3, 12_000, 5000), ADMITTED);
});

test('a trial without a result is followed by another', () => {
  circuits.open(3, 0, 5000);
  assert.equal(circuits.admit(3, 5000, 5000), TRIAL);
  assert.equal(circuits.admit(3, 9900, 5000), REFUSED);
  assert.equal(circuits.admit(3, 10_000, 5000), TRIAL);
});

test('a circuit that was reset is closed', () => {
  circuits.open(3, 0, 5000);
  circuits.reset(3);
  assert.equal(circuits.admit(3, 0, 5000), ADMITTED);
});
