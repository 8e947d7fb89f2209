import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closest, distance } from '../../src/diagnostics/suggestion.ts';

test('a swap, a slip, a missing and a surplus letter are near', () => {
  const words = ['deny', 'allow', 'redirect', 'send', 'set header'];
  assert.equal(closest('dney', words), 'deny');
  assert.equal(closest('alow', words), 'allow');
  assert.equal(closest('redirectt', words), 'redirect');
  assert.equal(closest('SEND', words), 'send');
});

test('a word unlike all others has no suggestion', () => {
  assert.equal(closest('x', ['ip', 'is']), null);
  assert.equal(closest('block', ['deny', 'allow']), null);
  assert.equal(closest('a'.repeat(1000), ['deny']), null);
});

test('distance is symmetric, 0 only for equals, and at most the longer length', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const found = distance(a, b);
      assert.equal(found, distance(b, a));
      assert.equal(found === 0, a === b);
      assert.ok(found <= Math.max(a.length, b.length));
    }),
  );
});
