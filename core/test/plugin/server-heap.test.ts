import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerHeap } from '../../src/plugin/server-heap.ts';

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

for (const size of [1, 5, 17, 300]) {
  test(`the first of ${size} servers is the one that a look at all of them finds, whatever is set, used and removed`, () => {
    const random = seeded(size);
    const heap = new ServerHeap(size);
    const known = new Map<number, { key: number; use: number }>();
    const uses = new Map<number, number>();
    let lastUse = 0;
    for (let step = 0; step < 5000; step++) {
      const index = Math.floor(random() * size);
      const key = Math.floor(random() * 6);
      const what = random();
      if (what < 0.5) heap.set(index, key);
      else if (what < 0.8) {
        heap.use(index, key);
        uses.set(index, ++lastUse);
      } else heap.remove(index);
      if (what < 0.8) known.set(index, { key, use: uses.get(index) ?? 0 });
      else known.delete(index);
      const [first] = [...known].sort(([a, one], [b, other]) => one.key - other.key || one.use - other.use || a - b);
      assert.equal(heap.first, first === undefined ? -1 : first[0], `step ${step}`);
      assert.equal(heap.count, known.size);
      assert.equal(heap.has(index), known.has(index));
    }
  });
}

test('servers of the same key are used in turn', () => {
  const heap = new ServerHeap(6);
  for (let index = 0; index < 6; index++) heap.set(index, 1);
  const used = Array.from({ length: 18 }, () => {
    const { first } = heap;
    heap.use(first, 1);
    return first;
  });
  assert.deepEqual(used, [...used.slice(0, 6), ...used.slice(0, 6), ...used.slice(0, 6)]);
  assert.equal(new Set(used).size, 6);
});

test('a server that was removed keeps its key, and comes back where it belongs', () => {
  const heap = new ServerHeap(3);
  for (const index of [0, 1, 2]) heap.set(index, index);
  heap.remove(0);
  heap.remove(0);
  assert.deepEqual([heap.first, heap.count, heap.key(0)], [1, 2, 0]);
  heap.set(0, heap.key(0));
  assert.equal(heap.first, 0);
});

test('an empty heap has no first', () => {
  assert.equal(new ServerHeap(0).first, -1);
  assert.equal(new ServerHeap(4).first, -1);
});
