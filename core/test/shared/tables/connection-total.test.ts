import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionTotal } from '../../../src/shared/tables/connection-total.ts';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';

test('connections of all threads are summed, and those of a lost thread are subtracted', () => {
  const memory = createSharedMemory({ threads: 3 });
  const [first, second, third] = [0, 1, 2].map((thread) => new ConnectionTotal(memory, thread));
  first!.add(1);
  third!.add(1);
  third!.add(1);
  assert.equal(second!.sum(), 3);
  third!.add(-1);
  assert.equal(first!.sum(), 2);
  first!.forget(2);
  assert.equal(third!.sum(), 1);
});
