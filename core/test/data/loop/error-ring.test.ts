import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRORS_KEPT, ErrorRing, type NotedFailure } from '../../../src/data/loop/error-ring.ts';

const place = { file: 'a.sluice', line: 3, column: 5, length: 4 };

function noted(status: number, at: NotedFailure['place'] = null): NotedFailure {
  return {
    kind: 'rule',
    why: 'deny all',
    client: '::1',
    listener: 'web',
    status,
    place: at,
    backend: null,
    server: null,
  };
}

test('failures come newest first, with their rule as file:line', () => {
  const ring = new ErrorRing();
  ring.add(noted(403, place), 'GET', '/a', 1000);
  ring.add(noted(404), 'POST', '/b', 2000);
  assert.deepEqual(ring.latest(5), [
    {
      ...{ atMs: 2000, kind: 'rule', why: 'deny all', client: '::1', listener: 'web', method: 'POST', path: '/b' },
      ...{ status: 404, rule: null, backend: null, server: null },
    },
    {
      ...{ atMs: 1000, kind: 'rule', why: 'deny all', client: '::1', listener: 'web', method: 'GET', path: '/a' },
      ...{ status: 403, rule: 'a.sluice:3', backend: null, server: null },
    },
  ]);
  assert.equal(ring.latest(1).length, 1);
});

test('the oldest are forgotten, and long texts are cut', () => {
  const ring = new ErrorRing();
  for (let index = 0; index <= ERRORS_KEPT; index++)
    ring.add(noted(400), 'M'.repeat(99), `/${index}/${'x'.repeat(999)}`, index);
  const all = ring.latest(9999);
  assert.equal(all.length, ERRORS_KEPT);
  assert.deepEqual([all[0]!.atMs, all.at(-1)!.atMs], [ERRORS_KEPT, 1]);
  assert.ok(all.every(({ method, path }) => method.length === 32 && path.length === 200));
  assert.ok(all[0]!.path.startsWith(`/${ERRORS_KEPT}/xx`), 'each has its own text');
});
