import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangeOf } from '../src/range.ts';

for (const [header, size, wanted] of [
  [undefined, 10, null],
  ['bytes=0-0', 10, { from: 0, to: 1 }],
  ['bytes=2-5', 10, { from: 2, to: 6 }],
  ['BYTES=2-', 10, { from: 2, to: 10 }],
  ['bytes=2-999', 10, { from: 2, to: 10 }],
  ['bytes=-3', 10, { from: 7, to: 10 }],
  ['bytes=-30', 10, { from: 0, to: 10 }],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=999999999999999-', 10, 'unsatisfiable'],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-5', 0, null],
  ['bytes=5-2', 10, null],
  ['bytes=-', 10, null],
  ['bytes=', 10, null],
  ['bytes', 10, null],
  ['items=0-1', 10, null],
  ['bytes=0x1-2', 10, null],
  ['bytes=1.5-2', 10, null],
  ['bytes=--1', 10, null],
  ['bytes=9999999999999999999-', 10, null],
  ['bytes=0-1,3-4', 10, null],
  [`bytes=${'0-1,'.repeat(5000)}`, 10, null],
] as const) {
  test(`${String(header).slice(0, 30)} of ${size} bytes`, () => assert.deepEqual(rangeOf(header, size), wanted));
}
