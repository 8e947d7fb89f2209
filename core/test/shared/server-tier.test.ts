import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSharedMemory } from '../../src/shared/memory.ts';
import { CHANGES_KEPT, MAINT, READY, RUNNING, ServerTable, STOPPED } from '../../src/shared/server-table.ts';
import { ServerTier } from '../../src/shared/server-tier.ts';

function setUp(size: number) {
  const memory = createSharedMemory({ threads: 2 });
  const table = new ServerTable(memory.servers, 2);
  const slots = Array.from({ length: size }, (_, index) => 50 + index);
  for (const slot of slots) {
    table.setState(slot, RUNNING);
    table.setWeight(slot, 1);
  }
  const create = () =>
    new ServerTier(
      'app',
      slots.map((slot) => `s${slot}`),
      slots,
      { table, openInAll: () => 0, random: () => 0.5, now: () => 0 },
    );
  return { table, slots, create, tier: create() };
}

/** All that a tier says of its servers. */
function pictureOf(tier: ServerTier): unknown {
  tier.begin();
  return {
    usable: Array.from({ length: tier.size }, (_, index) => tier.isUsable(index)),
    weights: Array.from({ length: tier.size }, (_, index) => tier.weight(index)),
    next: Array.from({ length: tier.size }, (_, index) => tier.nextUsable(index)),
    total: tier.totalWeight,
    up: tier.upCount,
  };
}

const change = fc.oneof(
  fc.record({ kind: fc.constant('state' as const), at: fc.nat(19), value: fc.nat(3) }),
  fc.record({ kind: fc.constant('admin' as const), at: fc.nat(19), value: fc.nat(2) }),
  fc.record({ kind: fc.constant('weight' as const), at: fc.nat(19), value: fc.nat(256) }),
  fc.record({ kind: fc.constant('max' as const), at: fc.nat(19), value: fc.nat(2) }),
  fc.record({ kind: fc.constant('share' as const), at: fc.nat(19), value: fc.integer({ min: 1, max: 256 }) }),
  fc.record({ kind: fc.constant('opened' as const), at: fc.nat(19), value: fc.nat(1) }),
  fc.record({ kind: fc.constant('closed' as const), at: fc.nat(19), value: fc.nat(1) }),
  fc.record({ kind: fc.constant('look' as const), at: fc.nat(19), value: fc.nat(1) }),
);

test('a tier that follows the changes knows what one that has just begun would find', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const { table, slots, create, tier } = setUp(20);
      const open = slots.map(() => [0, 0]);
      for (const { kind, at, value } of changes) {
        const slot = slots[at]!;
        if (kind === 'state') table.setState(slot, value);
        else if (kind === 'admin') table.setAdmin(slot, value);
        else if (kind === 'weight') table.setWeight(slot, value);
        else if (kind === 'max') table.setMax(slot, value);
        else if (kind === 'share') table.setShare(slot, value);
        else if (kind === 'look') pictureOf(tier);
        else if (kind === 'opened') {
          table.opened(slot, value);
          open[at]![value]!++;
        } else if (open[at]![value]! > 0) {
          table.closed(slot, value);
          open[at]![value]!--;
        }
      }
      assert.deepEqual(pictureOf(tier), pictureOf(create()));
    }),
  );
});

test('a tier that missed more changes than are kept looks at everything', () => {
  const { table, slots, tier } = setUp(3);
  table.setState(slots[0]!, STOPPED);
  for (let time = 0; time < CHANGES_KEPT; time++) table.setAdmin(900, time % 2 === 0 ? MAINT : READY);
  tier.begin();
  assert.equal(tier.isUsable(0), false);
  assert.equal(tier.nextUsable(0), 1);
});

test('a watcher hears of what has changed, and of nothing else', () => {
  const { table, slots, tier } = setUp(4);
  const heard: number[] = [];
  tier.watch({ changed: (index) => heard.push(index) });
  table.setWeight(slots[2]!, 9);
  table.setState(901, STOPPED);
  tier.begin();
  assert.deepEqual(heard, [2]);
  table.setMax(slots[1]!, 1);
  table.opened(slots[1]!, 0);
  tier.begin();
  assert.deepEqual(heard, [2, 1], 'it is full');
  tier.begin();
  table.closed(slots[1]!, 0);
  tier.begin();
  assert.deepEqual(heard, [2, 1, 1], 'it has room again');
});

test('a server found full while it is picked is no candidate until it has room', () => {
  const { table, slots, tier } = setUp(2);
  table.setMax(slots[0]!, 2);
  tier.begin();
  table.opened(slots[0]!, 0);
  table.opened(slots[0]!, 1);
  assert.equal(tier.isCandidate(0), true);
  assert.equal(tier.isUsable(0), false);
  assert.equal(tier.isCandidate(0), false);
  assert.equal(tier.hasFull, true);
  table.closed(slots[0]!, 1);
  tier.begin();
  assert.equal(tier.isUsable(0), true);
  assert.equal(tier.hasFull, false);
});

test('a server that was tried is not counted as full', () => {
  const { table, slots, tier } = setUp(2);
  table.setMax(slots[0]!, 1);
  table.opened(slots[0]!, 0);
  tier.begin();
  tier.exclude(0);
  assert.equal(tier.hasFull, false);
  tier.exclude(1);
  assert.equal(tier.nextUsable(0), -1);
});

test('a max holds for threads that try at the same moment', () => {
  const { table, slots } = setUp(1);
  const slot = slots[0]!;
  table.setMax(slot, 2);
  assert.deepEqual(
    [0, 1, 0, 1].map((thread) => table.tryOpen(slot, thread)),
    [true, true, false, false],
  );
  assert.equal(table.open(slot), 2);
  table.closed(slot, 1);
  assert.equal(table.tryOpen(slot, 0), true);
});

test('in slow start a server has its share of its max, and at least one', () => {
  const { table, slots } = setUp(1);
  const slot = slots[0]!;
  table.setMax(slot, 10);
  table.setShare(slot, 128);
  assert.equal(table.limit(slot), 5);
  table.setShare(slot, 1);
  assert.equal(table.limit(slot), 1);
  table.setMax(slot, 0);
  assert.equal(table.limit(slot), 0);
});

test('what a lost thread had open or waiting is given back, and makes room', () => {
  const { table, slots, tier } = setUp(1);
  const slot = slots[0]!;
  table.setMax(slot, 1);
  table.opened(slot, 1);
  table.addWaiting(slot, 1, 1);
  tier.begin();
  assert.equal(tier.isUsable(0), false);
  table.forget(1);
  tier.begin();
  assert.equal(tier.isUsable(0), true);
  assert.deepEqual([table.open(slot), table.waiting(slot)], [0, 0]);
});
