import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TICK_MS, Timed, TimerWheel } from '../../../src/data/loop/timer-wheel.ts';

class Entry extends Timed {
  fired = 0;
  readonly #whenExpired: (() => void) | undefined;

  constructor(whenExpired?: () => void) {
    super();
    this.#whenExpired = whenExpired;
  }

  expired(): void {
    this.fired++;
    this.#whenExpired?.();
  }
}

class Clock {
  ms = 5_000;
  /** Its interval is stopped: only `pass` turns it. */
  readonly wheel: TimerWheel;

  constructor() {
    this.wheel = new TimerWheel(() => this.ms);
    this.wheel.stop();
  }

  pass(ms: number): void {
    this.ms += ms;
    this.wheel.turn();
  }
}

test('a limit fires once, not early, and at most two ticks late', () => {
  for (const limitMs of [1, 99, 100, 101, 250, 1000, 30_000, 102_300, 102_400, 250_000, 3_600_000]) {
    const clock = new Clock();
    clock.pass(37);
    const entry = new Entry();
    clock.wheel.limit(entry, limitMs);
    const startMs = clock.ms;
    while (entry.fired === 0) {
      clock.pass(TICK_MS);
      assert.ok(clock.ms - startMs <= limitMs + 2 * TICK_MS, `${limitMs} ms: late`);
    }
    assert.ok(clock.ms - startMs >= limitMs, `${limitMs} ms: fired after ${clock.ms - startMs}`);
    clock.pass(2 * limitMs + 110_000);
    assert.equal(entry.fired, 1);
  }
});

test('a limit can be moved later and earlier, taken away, and set again', () => {
  const clock = new Clock();
  const { wheel } = clock;
  const entry = new Entry();
  wheel.limit(entry, 1000);
  wheel.limit(entry, 5000);
  clock.pass(4000);
  assert.equal(entry.fired, 0, 'moved later');
  wheel.limit(entry, 60_000);
  wheel.limit(entry, 300);
  clock.pass(600);
  assert.equal(entry.fired, 1, 'moved earlier');
  wheel.limit(entry, 300);
  wheel.limit(entry, 0);
  clock.pass(110_000);
  assert.equal(entry.fired, 1, 'taken away');
  wheel.limit(entry, 300);
  clock.pass(600);
  assert.equal(entry.fired, 2, 'set again');
  wheel.limit(entry, 300);
  wheel.drop(entry);
  wheel.drop(entry);
  clock.pass(110_000);
  assert.equal(entry.fired, 2, 'dropped');
  assert.equal(entry.wheelSlot, -1);
});

test('what expires may limit and drop itself and its neighbours', () => {
  const clock = new Clock();
  const { wheel } = clock;
  const last = new Entry();
  const later = new Entry();
  const again: Entry = new Entry(() => wheel.limit(again, 200));
  const dropping = new Entry(() => {
    wheel.drop(last);
    wheel.drop(dropping);
    wheel.limit(later, 10_000);
  });
  // An entry is hung before those of its slot, and the first that expires is the one hung last.
  for (const entry of [last, later, again, dropping]) wheel.limit(entry, 500);
  clock.pass(700);
  assert.deepEqual([last.fired, later.fired, again.fired, dropping.fired], [0, 0, 1, 1]);
  clock.pass(2000);
  assert.equal(later.fired, 0);
  assert.ok(again.fired >= 2);
  clock.pass(9000);
  assert.deepEqual([last.fired, later.fired, dropping.fired], [0, 1, 1]);
});

test('after a long stall everything due fires once, and nothing else', () => {
  const clock = new Clock();
  const entries = Array.from({ length: 300 }, (_, index) => {
    const entry = new Entry();
    clock.wheel.limit(entry, 1 + index * 997);
    return { entry, limitMs: 1 + index * 997 };
  });
  clock.pass(200_000);
  for (const { entry, limitMs } of entries) {
    if (limitMs <= 199_700) assert.equal(entry.fired, 1, `${limitMs}`);
    else if (limitMs > 200_000) assert.equal(entry.fired, 0, `${limitMs}`);
  }
});

test('random limits, drops and waits: never early, never more than two ticks late, never twice', () => {
  const step = fc.record({
    entry: fc.nat({ max: 7 }),
    limitMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 300_000 })),
    isDrop: fc.boolean(),
    passMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 250 }), fc.integer({ min: 0, max: 150_000 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = new Clock();
      const due = new Map<Entry, number>();
      const entries = Array.from({ length: 8 }, () => new Entry(() => undefined));
      const seen = new Map<Entry, number>();
      for (const { entry: which, limitMs, isDrop, passMs } of steps) {
        const entry = entries[which]!;
        if (isDrop && limitMs % 5 === 0) {
          clock.wheel.drop(entry);
          due.delete(entry);
        } else {
          clock.wheel.limit(entry, limitMs);
          if (limitMs === 0) due.delete(entry);
          else due.set(entry, clock.ms + limitMs);
        }
        for (let left = passMs; left >= 0; left -= TICK_MS) {
          clock.pass(Math.min(left, TICK_MS));
          for (const each of entries) {
            const fired = each.fired - (seen.get(each) ?? 0);
            const dueMs = due.get(each);
            if (fired > 0) {
              assert.equal(fired, 1);
              assert.ok(dueMs !== undefined && clock.ms >= dueMs, 'early, or without a limit');
              due.delete(each);
              seen.set(each, each.fired);
            } else if (dueMs !== undefined) {
              assert.ok(clock.ms < dueMs + 2 * TICK_MS + 1, `due at ${dueMs}, not fired at ${clock.ms}`);
            }
          }
        }
      }
    }),
    { numRuns: 150 },
  );
});
