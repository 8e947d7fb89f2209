import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Args } from '@sluice/dsl/plan';
import { fakeFacts, fakeLinker } from '@sluice/plugin-kit';
import { verbs } from '../src/data.ts';
import { percentOf } from '../src/percent-of.ts';

const KEYS = Array.from({ length: 20_000 }, (_, index) => `session-${index}`);

/** taken are the sessions that such a line sends to its backend. */
function taken(args: Args): Set<string> {
  const action = verbs.send!(
    { backend: 'canary', key: ['cookie', 'sid'], ...args },
    fakeLinker({ backends: ['app', 'canary'] }),
  );
  assert.ok(action.kind === 'route');
  return new Set(
    KEYS.filter((key) => {
      const backend = action.route(fakeFacts({ headers: { cookie: `sid=${key}` } }));
      assert.ok(backend === 1 || backend === -1);
      return backend === 1;
    }),
  );
}

test('keys spread evenly: each percent holds about a hundredth of them', () => {
  const bins = new Array<number>(100).fill(0);
  for (const key of KEYS) bins[Math.floor(percentOf(key))]!++;
  // 200 are expected in each, with a standard deviation of 14.
  assert.ok(Math.min(...bins) > 130 && Math.max(...bins) < 270, bins.join());
});

test('a share takes its part of the keys, and the same ones every time', () => {
  for (const share of [0.5, 5, 50]) {
    const { size } = taken({ share });
    assert.ok(Math.abs(size / KEYS.length - share / 100) < 0.01, `${share}%: ${size} of ${KEYS.length}`);
  }
  assert.deepEqual(taken({ share: 5 }), taken({ share: 5 }));
  assert.equal(taken({ share: 0 }).size, 0);
  assert.equal(taken({ share: 100 }).size, KEYS.length);
});

test('raising the share only adds keys', () => {
  let before = taken({ share: 1 });
  for (const share of [2, 5, 5.5, 20, 99]) {
    const now = taken({ share });
    for (const key of before) assert.ok(now.has(key), key);
    before = now;
  }
});

test('lines in a row split the keys: none is taken twice, and all are taken at 100%', () => {
  const rows = [taken({ share: 10 }), taken({ share: 30, shareBefore: 10 }), taken({ share: 60, shareBefore: 40 })];
  assert.equal(
    rows.reduce((sum, { size }) => sum + size, 0),
    KEYS.length,
  );
  assert.equal(new Set(rows.flatMap((row) => [...row])).size, KEYS.length);
});

test('a place among the keys never changes from release to release', () => {
  assert.deepEqual(
    ['', 'a', 'session-1', '198.51.100.7', 'é€'].map((key) => Math.floor(percentOf(key) * 1000)),
    [66892, 10352, 13952, 12304, 57084],
  );
});
