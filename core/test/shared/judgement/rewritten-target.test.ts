import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalisePath } from '@sluice/dsl/match';
import { DEFAULT_PATHS, type PathPolicy } from '@sluice/dsl/plan';
import fc from 'fast-check';
import { rewrittenPath, rewrittenQuery } from '../../../src/shared/judgement/rewritten-target.ts';

const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom(
    '/',
    '..',
    '.',
    '%2F',
    '%2f',
    '%00',
    '%5C',
    '\\',
    '%',
    '%4',
    '%41',
    '%zz',
    '%C3%A9',
    '%ff',
    ' ',
    '?',
    '#',
  ),
  fc.constantFrom('\r\n', '\0', 'HTTP/1.1', 'é', '\u{1f600}', '\ud800', '//', 'a', 'b-c_d~e'),
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));

test('a rewritten path is a normal path whatever it was made of, or none at all', () => {
  fc.assert(
    fc.property(text, fc.boolean(), (made, allowSlashes) => {
      const paths: PathPolicy = { ...DEFAULT_PATHS, encodedSlashes: allowSlashes ? 'keep' : 'refuse' };
      const path = rewrittenPath(made, paths);
      if (path === null) return;
      assert.match(path, /^\/[\x21-\x7e]*$/);
      assert.doesNotMatch(path, /[\\?#"<>]|\/\.\.?(\/|$)|\/\//);
      if (!allowSlashes) assert.doesNotMatch(path, /%2f/i);
      assert.equal(normalisePath(path, paths), path);
      assert.equal(rewrittenPath(path, paths), path);
    }),
    { numRuns: 500 },
  );
});

test('a path that is normal already stays as it is', () => {
  for (const path of ['/', '/a/b/', "/a:@!$&'()*+,;=b", '/%20%C3%A9'])
    assert.equal(rewrittenPath(path, DEFAULT_PATHS), path);
  assert.equal(rewrittenPath('a', DEFAULT_PATHS), '/a');
  assert.equal(rewrittenPath('/a%2Fb', DEFAULT_PATHS), null);
  assert.equal(rewrittenPath('/a%2Fb', { ...DEFAULT_PATHS, encodedSlashes: 'keep' }), '/a%2Fb');
});

test('a rewritten query never ends the request line', () => {
  fc.assert(
    fc.property(text, (made) => {
      const query = rewrittenQuery(made);
      assert.match(query, /^[\x21-\x7e]*$/);
      assert.doesNotMatch(query, /#/);
      assert.equal(rewrittenQuery(query), query);
    }),
    { numRuns: 500 },
  );
  assert.equal(rewrittenQuery('a=1&b[]=%zz|"'), 'a=1&b[]=%zz|"');
});
