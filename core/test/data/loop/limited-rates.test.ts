import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEYS_KEPT, LimitedRates } from '../../../src/data/loop/limited-rates.ts';

/** Rates that refuse what begins with `bad`. */
function ratesOf() {
  const clock = { nowMs: 1_000 };
  const rates = new LimitedRates({ take: (_, key) => (key.startsWith('bad') ? 50 : 0) }, () => clock.nowMs);
  return { clock, rates };
}

test('keys that were refused are remembered with how often and when, and others are not', () => {
  const { clock, rates } = ratesOf();
  assert.equal(rates.take('login', 'good', 100, 2), 0);
  assert.equal(rates.take('login', 'bad', 100, 2), 50);
  clock.nowMs = 3_000;
  assert.equal(rates.take('login', 'bad', 100, 2), 50);
  const one = { scope: 'login', key: 'bad', refused: 2, firstMs: 1_000, lastMs: 3_000, intervalMs: 100, burst: 2 };
  assert.deepEqual(rates.limited(10), [one]);
});

test('of each limit the latest keys are remembered, and a flood at one limit pushes out none of another', () => {
  const { clock, rates } = ratesOf();
  rates.take('other', 'bad', 100, 1);
  for (let key = 0; key < 1_000; key++) {
    clock.nowMs++;
    rates.take('login', `bad ${key}`, 100, 1);
    rates.take('login', 'bad again', 100, 1);
  }
  const limited = rates.limited(10_000);
  assert.equal(limited.length, KEYS_KEPT + 1);
  const again = limited.find(({ key }) => key === 'bad again');
  assert.equal(again?.refused, 1_000);
  assert.ok(limited.some(({ scope }) => scope === 'other'));
  assert.ok(limited.some(({ key }) => key === 'bad 999'));
  assert.ok(!limited.some(({ key }) => key === 'bad 0'));
});

test('a long key is remembered by its first 200 characters', () => {
  const { rates } = ratesOf();
  for (const end of ['a', 'b']) rates.take('login', `bad${'x'.repeat(300)}${end}`, 100, 1);
  const [limited, none] = rates.limited(10);
  assert.equal(none, undefined);
  assert.equal(limited!.key.length, 200);
  assert.equal(limited!.refused, 2);
});

test('limits of rules that are gone do not pile up', () => {
  const { rates } = ratesOf();
  for (let limit = 0; limit < 5_000; limit++) rates.take(`limit ${limit}`, 'bad', 100, 1);
  assert.equal(rates.limited(10_000).length, 1_000);
});
