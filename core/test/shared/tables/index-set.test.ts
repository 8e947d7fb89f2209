import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IndexSet } from '../../../src/shared/tables/index-set.ts';

test('the next member is the one that a walk over all would find', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3000 }),
      fc.array(fc.tuple(fc.boolean(), fc.nat(2999)), { maxLength: 200 }),
      fc.array(fc.nat(3100), { maxLength: 20 }),
      (size, changes, asked) => {
        const set = new IndexSet(size);
        const model = new Set<number>();
        for (const [isIn, at] of changes) {
          if (at >= size) continue;
          if (isIn) {
            set.add(at);
            model.add(at);
          } else {
            set.delete(at);
            model.delete(at);
          }
        }
        const sorted = [...model].sort((one, other) => one - other);
        for (const from of asked) assert.equal(set.next(from), sorted.find((member) => member >= from) ?? -1);
        for (const [, at] of changes) if (at < size) assert.equal(set.has(at), model.has(at));
      },
    ),
  );
});

test('the largest set finds its last member from its first', () => {
  const set = new IndexSet(32_768);
  set.add(32_767);
  assert.equal(set.next(0), 32_767);
  set.delete(32_767);
  assert.equal(set.next(0), -1);
  assert.equal(new IndexSet(0).next(0), -1);
});
