import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { finish } from '../../../src/match/build/steps.ts';
import { buildTextSet, packTexts, TextSet, unpackText } from '../../../src/match/text/text-set.ts';

const RUNS = Number(process.env.SLUICE_PROPERTY_RUNS ?? 1) * 300;

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('', '/', '/a', '/a/', '/a/b', 'é', '😀'),
);

test('a set gives each text its number, and others none', () => {
  fc.assert(
    fc.property(fc.uniqueArray(text, { maxLength: 60 }), fc.array(text, { maxLength: 20 }), (texts, others) => {
      const set = new TextSet(finish(buildTextSet(texts)));
      for (const one of [...texts, ...others]) assert.equal(set.indexOf(one), texts.indexOf(one), JSON.stringify(one));
    }),
    { numRuns: RUNS },
  );
});

test('of paths the longest is found that a path is under', () => {
  const path = fc.array(fc.constantFrom('a', 'b', 'ab', ''), { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
  const isUnder = (one: string, top: string): boolean =>
    one === top || one.startsWith(top.endsWith('/') ? top : `${top}/`);
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 20 }), fc.array(path, { maxLength: 20 }), (texts, paths) => {
      const set = new TextSet(finish(buildTextSet(texts)));
      for (const one of paths) {
        const longest = texts.filter((top) => isUnder(one, top)).sort((a, b) => b.length - a.length)[0];
        assert.equal(set.longestAbove(one), longest === undefined ? -1 : texts.indexOf(longest), one);
      }
    }),
    { numRuns: RUNS },
  );
});

test('packed texts come out as they went in', () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 30 }), (texts) => {
      const { starts, characters } = finish(packTexts(texts));
      assert.deepEqual(
        texts.map((_, number) => unpackText(starts, characters, number)),
        texts,
      );
    }),
    { numRuns: RUNS },
  );
});

test('a hundred thousand slashes are looked through once', () => {
  const set = new TextSet(finish(buildTextSet(['/a', '/'])));
  assert.equal(set.longestAbove('/'.repeat(100_000)), 1);
});
