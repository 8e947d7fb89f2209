import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FailedLogins } from '../../src/admin/failed-logins.ts';

function failing(times: number) {
  let now = 1000;
  const failed = new FailedLogins(() => now);
  for (let count = 0; count < times; count++) failed.add('198.51.100.7');
  return { failed, wait: (ms: number) => (now += ms) };
}

test('an address waits until the minute of its first wrong token is over', () => {
  const { failed, wait } = failing(20);
  assert.equal(failed.waitMs('198.51.100.7'), 60_000);
  assert.equal(failed.waitMs('198.51.100.8'), 0);
  wait(59_999);
  assert.equal(failed.waitMs('198.51.100.7'), 1);
  wait(1);
  assert.equal(failed.waitMs('198.51.100.7'), 0);
  failed.add('198.51.100.7');
  assert.equal(failed.waitMs('198.51.100.7'), 0, 'it begins again');
});

test('nineteen are allowed, and a Unix socket never waits', () => {
  const { failed } = failing(19);
  assert.equal(failed.waitMs('198.51.100.7'), 0);
  for (let count = 0; count < 100; count++) failed.add(null);
  assert.equal(failed.waitMs(null), 0);
});

test('what is remembered of addresses is limited', () => {
  const { failed } = failing(20);
  for (let index = 0; index < 4096; index++) failed.add(`2001:db8::${index.toString(16)}`);
  assert.equal(failed.waitMs('198.51.100.7'), 0, 'the oldest is forgotten');
});
