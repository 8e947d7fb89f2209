import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { requiredLiteral } from '../../../src/match/text/required-literal.ts';

const prefix = (text: string) => ({ text, isPrefix: true });
const within = (text: string) => ({ text, isPrefix: false });

const cases: readonly (readonly [pattern: string, expected: ReturnType<typeof prefix> | null])[] = [
  ['^/api/v1/', prefix('/api/v1/')],
  ['^/u/(\\d+)$', prefix('/u/')],
  ['^/a\\.b', prefix('/a.b')],
  ['^/ab?c', prefix('/a')],
  ['^/ab*', prefix('/a')],
  ['^/ab{2}', prefix('/a')],
  ['^/ab+c', prefix('/ab')],
  ['^.*sqlmap', within('sqlmap')],
  ['\\.php$', within('.php')],
  ['[a-z]+/login', within('/login')],
  ['x[]|]yz', within('yz')],
  ['(?:a|b)cd', within('cd')],
  ['a|b', null],
  ['(?i)abc', null],
  ['(?i:a)bc', within('bc')],
  ['\\Qa.b\\E', null],
  ['\\x41bc', null],
  ['\\d+', null],
  ['', null],
  ['^', null],
  ['[[:alpha:]]+-x', within('-x')],
];

for (const [pattern, expected] of cases) {
  test(`${pattern === '' ? 'the empty expression' : pattern} needs ${expected === null ? 'nothing that can be told' : expected.text}`, () => {
    assert.deepEqual(requiredLiteral(pattern), expected);
  });
}

test('every text that an expression matches contains its required literal', () => {
  const atom = fc.oneof(
    fc.constantFrom(
      'a',
      'b',
      '/',
      '-',
      '\\.',
      '\\d',
      '\\w',
      '.',
      '[ab]',
      '[^a]',
      '[]a]',
      '[[:digit:]]',
      '^',
      '$',
      '\\b',
    ),
    fc.constantFrom('(a|b)', '(?:ab)', '(?i:b)', '(a(b|/)?)', '(?:a+b)', 'ab', 'a/b'),
  );
  const quantifier = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{0,1}', '+?', '*?');
  const pattern = fc
    .tuple(fc.constantFrom('', '^', '(?i)'), fc.array(fc.tuple(atom, quantifier), { maxLength: 6 }), fc.boolean())
    .map(([start, parts, isChoice]) => {
      const text = parts.map(([each, many]) => (/^[\^$]|\\b/.test(each) ? each : each + many));
      return start + (isChoice && text.length > 2 ? `${text[0]}|${text.slice(1).join('')}` : text.join(''));
    });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '/', '-', '.', '1', 'x'), maxLength: 12 });
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 20 }), (source, texts) => {
      const needed = requiredLiteral(source);
      if (needed === null) return;
      const expression = RE2JS.compile(source);
      for (const each of texts) {
        if (!expression.matcher(each).find()) continue;
        assert.ok(needed.isPrefix ? each.startsWith(needed.text) : each.includes(needed.text), `${source} on ${each}`);
      }
    }),
    { numRuns: 5000 },
  );
});
