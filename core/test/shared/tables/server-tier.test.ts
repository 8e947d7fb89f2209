import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish } from '@sluice/dsl/match';
import fc from 'fast-check';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import { CHANGES_KEPT, MAINT, READY, RUNNING, ServerTable, STOPPED } from '../../../src/shared/tables/server-table.ts';
import { ServerTier } from '../../../src/shared/tables/server-tier.ts';

function setUp(size: number, clock = { now: 0 }) {
  const memory = createSharedMemory({ threads: 2 });
  const table = new ServerTable(memory.servers, 2);
  const slots = Array.from({ length: size }, (_, index) => 50 + index);
  for (const slot of slots) {
    table.setState(slot, RUNNING);
    table.setWeight(slot, 1);
  }
  const create = () =>
    finish(
      ServerTier.of(
        'app',
        slots.map((slot) => `s${slot}`),
        Int32Array.from(slots),
        { table, openInAll: () => 0, random: () => 0.5, now: () => clock.now },
      ),
    );
  return { table, slots, create, tier: create() };
}

/** All that a tier says of its servers. */
function pictureOf(tier: ServerTier): unknown {
  tier.startPick();
  return {
    usable: Array.from({ length: tier.size }, (_, index) => tier.isUsable(index)),
    weights: Array.from({ length: tier.size }, (_, index) => tier.weight(index)),
    next: Array.from({ length: tier.size }, (_, index) => tier.nextUsable(index)),
    total: tier.totalWeight,
    up: tier.upCount,
    full: tier.hasFull,
    passedOver: Array.from({ length: tier.size }, (_, index) => tier.isPassedOver(index)),
    suspect: Array.from({ length: tier.size }, (_, index) => tier.isSuspect(index)),
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
  fc.record({ kind: fc.constant('refused' as const), at: fc.nat(19), value: fc.nat(1) }),
  fc.record({ kind: fc.constant('sound' as const), at: fc.nat(19), value: fc.nat(1) }),
  fc.record({ kind: fc.constant('wait' as const), at: fc.nat(19), value: fc.integer({ min: 20, max: 300 }) }),
  fc.record({ kind: fc.constant('look' as const), at: fc.nat(19), value: fc.nat(1) }),
);

test('a tier updated by changes equals one built from scratch', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
      const clock = { now: 5 };
      const { table, slots, create, tier } = setUp(20, clock);
      const open = slots.map(() => [0, 0]);
      for (const { kind, at, value } of changes) {
        const slot = slots[at]!;
        if (kind === 'state') table.setState(slot, value);
        else if (kind === 'admin') table.setAdmin(slot, value);
        else if (kind === 'weight') table.setWeight(slot, value);
        else if (kind === 'max') table.setMax(slot, value);
        else if (kind === 'share') table.setShare(slot, value);
        else if (kind === 'refused') table.refused(slot, clock.now, 0, value === 1, 0.5);
        else if (kind === 'sound') table.markReachable(slot);
        else if (kind === 'wait') clock.now += value;
        else if (kind === 'look') pictureOf(tier);
        else if (kind === 'opened') {
          table.opened(slot, value);
          open[at]![value]!++;
        } else if (open[at]![value]! > 0) {
          table.closed(slot, value);
          open[at]![value]!--;
        }
      }
      // Those passed over are let in no more often than each 20 ms.
      pictureOf(tier);
      clock.now += 20;
      assert.deepEqual(pictureOf(tier), pictureOf(create()));
    }),
  );
});

test('a tier that missed more changes than are kept looks at everything', () => {
  const { table, slots, tier } = setUp(3);
  table.setState(slots[0]!, STOPPED);
  for (let time = 0; time < CHANGES_KEPT; time++) table.setAdmin(900, time % 2 === 0 ? MAINT : READY);
  tier.startPick();
  assert.equal(tier.isUsable(0), false);
  assert.equal(tier.nextUsable(0), 1);
});

test('a watcher hears of what has changed, and of nothing else', () => {
  const { table, slots, tier } = setUp(4);
  const heard: number[] = [];
  tier.watch({ changed: (index) => heard.push(index) });
  table.setWeight(slots[2]!, 9);
  table.setState(901, STOPPED);
  tier.startPick();
  assert.deepEqual(heard, [2]);
  table.setMax(slots[1]!, 1);
  table.opened(slots[1]!, 0);
  tier.startPick();
  assert.deepEqual(heard, [2, 1], 'it is full');
  tier.startPick();
  table.closed(slots[1]!, 0);
  tier.startPick();
  assert.deepEqual(heard, [2, 1, 1], 'it has room again');
});

test('a server found full while it is picked is no candidate until it has room', () => {
  const { table, slots, tier } = setUp(2);
  table.setMax(slots[0]!, 2);
  tier.startPick();
  table.opened(slots[0]!, 0);
  table.opened(slots[0]!, 1);
  assert.equal(tier.isCandidate(0), true);
  assert.equal(tier.isUsable(0), false);
  assert.equal(tier.isCandidate(0), false);
  assert.equal(tier.hasFull, true);
  table.closed(slots[0]!, 1);
  tier.startPick();
  assert.equal(tier.isUsable(0), true);
  assert.equal(tier.hasFull, false);
});

test('a server that was tried is not counted as full', () => {
  const { table, slots, tier } = setUp(2);
  table.setMax(slots[0]!, 1);
  table.opened(slots[0]!, 0);
  tier.startPick();
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
  table.tryWait(slot, 1);
  tier.startPick();
  assert.equal(tier.isUsable(0), false);
  table.forget(1);
  tier.startPick();
  assert.equal(tier.isUsable(0), true);
  assert.deepEqual([table.open(slot), table.waiting(slot)], [0, 0]);
});

test('a server whose connection failed is passed over for a time that grows, and is suspect then until it takes one', () => {
  const clock = { now: 1000 };
  const { table, slots, tier } = setUp(3, clock);
  const slot = slots[1]!;
  for (const passMs of [100, 200, 400, 800, 1600, 3200, 4000, 4000]) {
    tier.startPick();
    assert.equal(tier.isUsable(1), true);
    table.refused(slot, clock.now, 0, true, 0.5);
    tier.startPick();
    assert.deepEqual([tier.isUsable(1), tier.isPassedOver(1), tier.totalWeight], [false, true, 2]);
    assert.deepEqual([tier.upCount, tier.hasFull], [3, false], 'it is up, and not full');
    assert.equal(table.passedOverMs(slot, clock.now), passMs);
    clock.now += passMs - 1;
    tier.startPick();
    assert.equal(tier.isUsable(1), false);
    clock.now += 20;
    tier.startPick();
    assert.deepEqual([tier.isUsable(1), tier.isSuspect(1), tier.totalWeight], [true, true, 3]);
  }
  table.markReachable(slot);
  tier.startPick();
  assert.equal(tier.isSuspect(1), false);
  table.refused(slot, clock.now, 0, false, 0.5);
  assert.equal(table.passedOverMs(slot, clock.now), 100, 'it begins anew');
});

test('servers that died together are passed over for times of their own', () => {
  const { table, slots } = setUp(2);
  table.refused(slots[0]!, 0, 0, false, 0);
  table.refused(slots[1]!, 0, 0, false, 1);
  assert.deepEqual([table.passedOverMs(slots[0]!, 0), table.passedOverMs(slots[1]!, 0)], [75, 125]);
});

test('many who are refused in the same moment count as one', () => {
  const { table, slots } = setUp(1);
  for (let request = 0; request < 50; request++) table.refused(slots[0]!, request, 0, false, 0.5);
  assert.deepEqual([table.refusals(slots[0]!), table.passedOverMs(slots[0]!, 50)], [1, 50]);
});

test('a connection that failed slowly makes its server skipped for ten times as long, at most a minute', () => {
  const { table, slots } = setUp(2);
  table.refused(slots[0]!, 0, 1000, false, 0.5);
  table.refused(slots[1]!, 0, 30_000, false, 0.5);
  assert.deepEqual([table.passedOverMs(slots[0]!, 0), table.passedOverMs(slots[1]!, 0)], [10_000, 60_000]);
});

test('times at which servers are let in again hold where the clock passes 32 bits', () => {
  for (const nowMs of [2 ** 31 - 50, 2 ** 32 - 50, 2 ** 33 + 0.5]) {
    const { table, slots } = setUp(1);
    table.refused(slots[0]!, nowMs, 0, false, 0.5);
    assert.ok(Math.abs(table.passedOverMs(slots[0]!, nowMs) - 100) <= 1);
    assert.equal(table.passedOverMs(slots[0]!, nowMs + 101), 0);
  }
});

test('one request finds out how a suspect server is, and those that have failed somewhere leave it out', () => {
  const clock = { now: 0 };
  const { table, slots, create, tier } = setUp(3, clock);
  table.refused(slots[0]!, 0, 0, false, 0.5);
  tier.startPick();
  clock.now = 150;
  const other = create();
  tier.startPick();
  tier.spareSuspects();
  assert.deepEqual([tier.isUsable(0), tier.isUsable(1)], [false, true]);
  tier.startPick();
  assert.equal(tier.isTrialTaken(0, 5000), false);
  assert.equal(other.isTrialTaken(0, 5000), true);
  assert.equal(other.isUsable(0), false, 'passed over while that lasts');
  clock.now += 5020;
  other.startPick();
  assert.equal(other.isUsable(0), true, 'nobody has said how it is');
});

test('when all have refused, all are asked', () => {
  const clock = { now: 0 };
  const { table, slots, tier } = setUp(2, clock);
  for (const slot of slots) table.refused(slot, 0, 0, false, 0.5);
  tier.startPick();
  assert.deepEqual([tier.nextUsable(0), tier.hasFull], [-1, false]);
  assert.equal(tier.takeAll(), true);
  assert.deepEqual([tier.isUsable(0), tier.isUsable(1)], [true, true]);
  assert.equal(tier.isTrialTaken(0, 5000), false, 'nobody else is there, so anybody may go');
  assert.equal(tier.isTrialTaken(0, 5000), false);
  table.refused(slots[0]!, 10, 0, false, 0.5);
  tier.startPick();
  assert.deepEqual([tier.isUsable(0), tier.isUsable(1)], [false, true], 'one that fails again is out again');
});

test('a server that comes back, or refuses, is one of which nothing is known', () => {
  const { table, slots, tier } = setUp(1);
  for (const happen of [() => table.cameBack(slots[0]!), () => table.refused(slots[0]!, 0, 0, false, 0.5)]) {
    for (let which = 0; which < 4; which++) tier.setNote(0, which, 7);
    const before = table.epoch(slots[0]!);
    happen();
    assert.deepEqual(
      [0, 1, 2, 3].map((which) => tier.note(0, which)),
      [0, 0, 0, 0],
    );
    assert.notEqual(table.epoch(slots[0]!), before);
  }
  table.cameBack(slots[0]!);
  assert.equal(table.refusals(slots[0]!), 0);
});

test('no more wait for a server than may, whatever threads try at the same moment', () => {
  const { table, slots } = setUp(1);
  const slot = slots[0]!;
  table.setMostWaiting(slot, 2);
  assert.deepEqual(
    [0, 1, 0, 1].map((thread) => table.tryWait(slot, thread)),
    [true, true, false, false],
  );
  assert.equal(table.waiting(slot), 2);
  table.stopWaiting(slot, 1);
  assert.equal(table.tryWait(slot, 0), true);
  table.setMostWaiting(slot, 0);
  assert.equal(table.tryWait(slot, 0), true, '0: no limit of its own');
});
