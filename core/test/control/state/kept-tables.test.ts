import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish } from '@sluice/dsl/match';
import type { StickTables } from '../../../src/control/slots/stick-tables.ts';
import { decodeRates, encodeRates, fillRates } from '../../../src/control/state/rate-section.ts';
import type { Section, WrittenSection } from '../../../src/control/state/snapshot.ts';
import { decodeSticks, encodeSticks, fillTable } from '../../../src/control/state/stick-section.ts';
import { SharedRateTable } from '../../../src/shared/tables/shared-rate-table.ts';
import { SharedStickTable } from '../../../src/shared/tables/shared-stick-table.ts';
import { StickClock } from '../../../src/shared/tables/stick-clock.ts';
import { SeededRandom } from '../../../src/simulation/seeded-random.ts';

const HOUR = 3_600_000;

function tablesOf(clock: StickClock, tables: ReadonlyMap<string, SharedStickTable>): StickTables {
  return { clock, tables: () => tables } as Partial<StickTables> as StickTables;
}

/** A section as it comes out of a snapshot: in one piece. */
const read = ({ pieces, ...section }: WrittenSection): Section => ({ ...section, bytes: Buffer.concat(pieces) });

const newTable = (clock: StickClock, clients: number) =>
  new SharedStickTable(SharedStickTable.allocate(clients, 1), clock, 1);

test('clients, their servers and their times come back as they were, whatever they are', () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = new SeededRandom(seed, 'sticks');
    const clock = new StickClock(StickClock.allocate());
    clock.set(random.below(1_000_000) * 1000);
    const servers = Array.from({ length: 1 + random.below(5) }, (_, slot) => `s${slot}`);
    const backends = Array.from({ length: 1 + random.below(3) }, (_, number) => `b${number}`);
    const tables = new Map(backends.map((backend) => [backend, newTable(clock, 400)]));
    const keys = Array.from({ length: random.below(300) }, (_, number) => `client ${number}`);
    for (const table of tables.values()) {
      for (const key of keys) table.set('on header', key, random.below(servers.length), random.below(HOUR));
    }
    const slots = Object.fromEntries(
      backends.flatMap((backend) => servers.map((server, slot) => [`${backend}/${server}`, slot])),
    );
    const section = finish(encodeSticks(tablesOf(clock, tables), slots));
    const kept = decodeSticks(read(section));
    // The next process has another clock, and gives its servers other slots.
    const nextClock = new StickClock(StickClock.allocate({ seeds: kept.seeds, secret: kept.secret }));
    nextClock.set(random.below(1000) * 1000);
    assert.deepEqual(nextClock.secret, clock.secret);
    for (const [backend, table] of tables) {
      const next = newTable(nextClock, 400);
      const slotOf = (server: string) => 100 + servers.indexOf(server);
      const count = finish(fillTable(kept.tables.get(backend)!, next, slotOf, 0));
      assert.equal(count, table.entries());
      for (const key of keys) {
        const before = table.peek('on header', key);
        const after = next.peek('on header', key);
        if (before === null) assert.equal(after, null);
        else assert.deepEqual(after, { ...before, slot: before.slot + 100 });
      }
    }
  }
});

test('time that has passed is taken off, and clients of servers that are gone are dropped', () => {
  const clock = new StickClock(StickClock.allocate());
  clock.set(5000);
  const table = newTable(clock, 100);
  table.set('k', 'short', 0, 60_000);
  table.set('k', 'long', 0, 600_000);
  table.set('k', 'gone', 1, 600_000);
  table.set('k', 'not in force', 2, 600_000);
  const kept = decodeSticks(
    read(finish(encodeSticks(tablesOf(clock, new Map([['b', table]])), { 'b/a': 0, 'b/z': 1 }))),
  );
  const nextClock = new StickClock(StickClock.allocate({ seeds: kept.seeds }));
  const next = newTable(nextClock, 100);
  const count = finish(fillTable(kept.tables.get('b')!, next, (server) => (server === 'a' ? 9 : undefined), 61));
  assert.equal(count, 1);
  assert.deepEqual(next.peek('k', 'long'), { slot: 9, expiresInS: 539, sinceS: 61 });
  assert.deepEqual(
    [next.peek('k', 'short'), next.peek('k', 'gone'), next.peek('k', 'not in force')],
    [null, null, null],
  );
});

test('a table of 100,000 clients is recorded in many steps, each of a small part', () => {
  const clock = new StickClock(StickClock.allocate());
  clock.set(1000);
  const table = newTable(clock, 100_000);
  for (let client = 0; client < 100_000; client++) table.set('k', `${client}`, client & 3, HOUR);
  const slots = { 'b/a': 0, 'b/b': 1, 'b/c': 2, 'b/d': 3 };
  const steps = encodeSticks(tablesOf(clock, new Map([['b', table]])), slots);
  let count = 0;
  let step = steps.next();
  while (step.done !== true) {
    count++;
    step = steps.next();
  }
  assert.ok(count >= 24, `${count} steps`);
  const { entries } = decodeSticks(read(step.value)).tables.get('b')!;
  assert.equal(entries.length / 20, table.entries());
  assert.ok(table.entries() > 99_000);
});

test('what limits have counted comes back, less the time that has passed', () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = new SeededRandom(seed, 'rates');
    let now = random.below(1_000_000);
    const table = new SharedRateTable({ rates: SharedRateTable.allocate(1024) }, 0, () => now);
    const keys = Array.from({ length: 100 }, (_, number) => `client ${number}`);
    for (const key of keys) for (let uses = random.below(8); uses > 0; uses--) table.take('rule', key, 1000, 5);
    const kept = decodeRates(read(finish(encodeRates(table))));
    const agoMs = random.below(4000);
    let nextNow = random.below(1000);
    const rates = SharedRateTable.allocate(1024, kept.seeds);
    const next = new SharedRateTable({ rates }, 0, () => nextNow);
    finish(fillRates(kept, next, agoMs));
    now += agoMs;
    for (const key of keys) {
      const [before, after] = [table.peek('rule', key, 1000, 5), next.peek('rule', key, 1000, 5)];
      assert.ok(Math.abs(before - after) < 0.001, `${key}: ${before} ms before, ${after} ms after`);
    }
    nextNow += 60_000;
    assert.equal(next.peek('rule', keys[0]!, 1000, 5), 0);
  }
});
