import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEY_PERIOD_MS, TicketKeys } from '../src/ticket-keys.ts';

function keys(secret = 1) {
  const clock = { now: 10 * KEY_PERIOD_MS };
  return { clock, keys: new TicketKeys(Buffer.alloc(32, secret), () => clock.now) };
}

test('a ticket is valid for two more hours, is renewed meanwhile, and then expires', () => {
  const { clock, keys: own } = keys();
  const [, , , name] = own.sealing();
  const results: number[] = [];
  for (let hour = 0; hour < 4; hour++) {
    results.push(own.opening(name)[0]);
    clock.now += KEY_PERIOD_MS;
  }
  assert.deepEqual(results, [1, 2, 2, 0]);
});

test('only gateways with the same secret can open each other’s tickets', () => {
  const [, hmac, aes, name] = keys().keys.sealing();
  const opened = keys().keys.opening(name);
  assert.equal(opened[0], 1);
  assert.deepEqual([opened[1], opened[2]], [hmac, aes]);
  assert.equal(keys(2).keys.opening(name)[0], 0);
});

test('every ticket has its own start, and a key of every hour its own name', () => {
  const { clock, keys: own } = keys();
  const [first, second] = [own.sealing(), own.sealing()];
  assert.notDeepEqual(first[4], second[4]);
  clock.now += KEY_PERIOD_MS;
  assert.notDeepEqual(own.sealing()[3], first[3]);
});
