import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileTextTest } from '../../../src/match/text/text-test.ts';

const text = fc.string({ unit: fc.constantFrom('/', 'a', 'b'), maxLength: 6 });

test('`under` many values is `under` any of them', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 4, maxLength: 8 }), text, (values, path) => {
      const each = values.some((value) => compileTextTest('under', [value], false)(path));
      assert.equal(compileTextTest('under', values, false)(path), each);
    }),
    { seed: 7, numRuns: 2000 },
  );
});
