import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdsForRange, precondition } from '../src/conditions.ts';

const NONE = { ifMatch: undefined, ifNoneMatch: undefined, ifModifiedSince: undefined, ifUnmodifiedSince: undefined };
const at = Date.parse('Sun, 06 Nov 1994 08:49:37 GMT') / 1000;
const version = { tag: '"v1"', modifiedSec: at };
const SAME = 'Sun, 06 Nov 1994 08:49:37 GMT';
const BEFORE = 'Sun, 06 Nov 1994 08:49:36 GMT';

for (const [name, fields, wanted] of [
  ['nothing is asked', {}, 0],
  ['the tag is known', { ifNoneMatch: '"v1"' }, 304],
  ['the tag is known among others, and weak', { ifNoneMatch: '"a", W/"v1"' }, 304],
  ['any tag will do', { ifNoneMatch: '*' }, 304],
  ['another tag is known', { ifNoneMatch: '"v2"' }, 0],
  ['the tag decides, and not the date', { ifNoneMatch: '"v2"', ifModifiedSince: SAME }, 0],
  ['the date is known', { ifModifiedSince: SAME }, 304],
  ['an older date is known', { ifModifiedSince: BEFORE }, 0],
  ['the date is none', { ifModifiedSince: 'yesterday' }, 0],
  ['the date has another form', { ifModifiedSince: 'Sunday, 06-Nov-94 08:49:37 GMT' }, 0],
  ['it must be this one', { ifMatch: '"v1"' }, 0],
  ['it must be another one', { ifMatch: '"v2"' }, 412],
  ['a weak tag never names the very same', { ifMatch: 'W/"v1"' }, 412],
  ['it was changed since', { ifUnmodifiedSince: BEFORE }, 412],
  ['it was not changed since', { ifUnmodifiedSince: SAME }, 0],
  ['both hold, then the other is asked', { ifMatch: '"v1"', ifNoneMatch: '"v1"' }, 304],
] as const) {
  test(name, () => assert.equal(precondition({ ...NONE, ...fields }, version), wanted));
}

test('a range is only sent of the very same file', () => {
  const now = at + 100;
  assert.ok(holdsForRange(undefined, version, now));
  assert.ok(holdsForRange('"v1"', version, now));
  assert.ok(holdsForRange(SAME, version, now));
  assert.ok(!holdsForRange('"v2"', version, now));
  assert.ok(!holdsForRange('W/"v1"', version, now));
  assert.ok(!holdsForRange(BEFORE, version, now));
  assert.ok(!holdsForRange(SAME, version, at + 1), 'it may have been written twice in that second');
});
