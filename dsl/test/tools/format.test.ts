import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { CODES } from '../../src/diagnostics/index.ts';
import { formatText, type Plan } from '../../src/index.ts';
import { compileText, inContext } from '../compile-text.ts';
import { REALISTIC } from '../realistic.ts';

/** neat formats a text that can be parsed, and sees that doing it twice changes nothing more. */
function neat(text: string): string {
  const once = formatText(text).text;
  assert.ok(once !== null, text);
  assert.equal(formatText(once).text, once, 'formatting twice gives something else');
  return once;
}

/** meaning is a plan without places, and without the blanks in the lines that it quotes. */
function meaning(plan: Plan | null): string {
  return JSON.stringify(plan, (key, value) => {
    if (key === 'place') return undefined;
    return key === 'text' && typeof value === 'string' ? value.replace(/[\s;]/g, '') : value;
  });
}

/** Returns the text as it is formatted. */
async function assertSameMeaning(text: string): Promise<string> {
  const formatted = neat(text);
  const [before, after] = await Promise.all([compileText(text), compileText(formatted)]);
  assert.equal(meaning(after.plan), meaning(before.plan), text);
  assert.deepEqual(after.diagnostics.map(({ code }) => code).sort(), before.diagnostics.map(({ code }) => code).sort());
  return formatted;
}

const EXAMPLES: readonly [name: string, written: string, expected: string][] = [
  ['an empty text stays empty', ' \n\t\n', ''],
  ['a comment alone stays', '\r\n  # a\r\n', '# a\n'],
  ['a block on one line stays on one line', 'a x{b;c  1 ;}', 'a x { b; c 1 }\n'],
  ['an empty block has no blank', 'a { ;; }', 'a {}\n'],
  ['a block over lines has a line each', 'a { b; c\nd }', 'a {\n  b\n  c\n  d\n}\n'],
  [
    'a block that is too long for one line is broken',
    `a { ${'b'.repeat(60)}; ${'c'.repeat(60)} }`,
    `a {\n  ${'b'.repeat(60)}\n  ${'c'.repeat(60)}\n}\n`,
  ],
  [
    'blank lines are one at most, and none at the ends of a block',
    '\n\na {\n\nb\n\n\n\nc\n\n}\n\n',
    'a {\n  b\n\n  c\n}\n',
  ],
  ['lines that go on are set further in', 'a {\nb c,\nd and\n e\n}', 'a {\n  b c,\n      d and\n      e\n}\n'],
  ['parentheses hug what is in them', 'a ( b or( not c ) )', 'a (b or (not c))\n'],
  [
    'parentheses over lines',
    'a {\nb (\nc\nor (d and\ne)\n)\n}',
    'a {\n  b (\n      c\n      or (d and\n        e)\n    )\n}\n',
  ],
  ['commas stand behind their word', 'a b ,c,d', 'a b, c, d\n'],
  [
    'comments behind neighbouring lines are aligned',
    'a {\nb # x\ncc# y\n\nd # z\n}',
    'a {\n  b   # x\n  cc  # y\n\n  d  # z\n}\n',
  ],
  ['a comment behind a brace or a semicolon stays there', 'a { # x\nb; # y\n}', 'a {  # x\n  b  # y\n}\n'],
  ['a comment in a line that goes on stays in it', 'a b, # x\n# y\nc', 'a b,  # x\n    # y\n    c\n'],
  ['a comment before a brace that closes stays in the block', 'a {\nb\n    # x\n}', 'a {\n  b\n  # x\n}\n'],
  ['strings are left alone', 'a "b  c # ; {"  r"x  y"', 'a "b  c # ; {" r"x  y"\n'],
];
for (const [name, written, expected] of EXAMPLES) {
  test(name, () => assert.equal(neat(written), expected));
}

test('a text that cannot be parsed gives its diagnostics and no text', () => {
  const { text, diagnostics } = formatText('a {\n  b and\n', 'x.sluice');
  assert.equal(text, null);
  assert.deepEqual(
    diagnostics.map(({ code, place }) => `${code} ${place.file}:${place.line}`),
    ['SL0104 x.sluice:1', 'SL0111 x.sluice:2'],
  );
});

test('a whole file means the same when it is formatted', async () => {
  await assertSameMeaning(REALISTIC);
});

test('every example of the error reference means the same when it is formatted', async () => {
  let count = 0;
  for (const { context, wrong, right } of Object.values(CODES)) {
    for (const example of [wrong, right]) {
      const text = inContext(context, example);
      if (formatText(text).text === null) continue;
      await assertSameMeaning(text);
      count++;
    }
  }
  assert.ok(count > 60, `only ${count}`);
});

test('every snippet of the docs and every example file means the same when it is formatted', async () => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  let count = 0;
  for (const folder of ['docs', 'examples']) {
    for (const name of await readdir(`${root}${folder}`, { recursive: true })) {
      if (name.includes('node_modules') || !/\.(?:md|sluice)$/.test(name)) continue;
      const page = await readFile(`${root}${folder}/${name}`, 'utf8');
      const snippets = name.endsWith('.md')
        ? [...page.matchAll(/^```sluice\n(.*?)^```/gms)].map((match) => match[1]!)
        : [page];
      for (const snippet of snippets) {
        if (formatText(snippet).text === null) continue;
        await assertSameMeaning(snippet);
        count++;
      }
    }
  }
  assert.ok(count >= 5, `only ${count}`);
});

const RUNS = Number(process.env.SLUICE_PROPERTY_RUNS ?? 1) * 150;

/** Ways to write the blanks between two tokens of a line, and the ends of lines. */
const blank = fc.constantFrom(' ', ' ', '  ', '\t');
const end = fc.constantFrom('\n', '\n', '\r\n', ' ;', '; # note; {\n', '  # why "\n', '\n\n\n# alone\n\n', ' ;;\n\t');

test('blanks, line ends and comments of any kind change nothing in the plan', async () => {
  const lines = REALISTIC.split('\n').map((line) => line.replace(/\s+# .*$/, ''));
  const shape = fc.array(fc.tuple(blank, end), { minLength: lines.length, maxLength: lines.length });
  await fc.assert(
    fc.asyncProperty(shape, async (shapes) => {
      let text = '';
      for (const [index, line] of lines.entries()) {
        const [gap, ending] = shapes[index]!;
        const isGoingOn = /(?:,|\band|\bor|\()$/.test(line) || lines[index + 1]?.trimStart().startsWith('or ') === true;
        const spread = line.includes('"') ? line : line.replace(/ /g, gap).replace(/,/g, `${gap},`);
        text += spread + (isGoingOn || line.startsWith('#') ? '\n' : ending);
      }
      // A line of one file may have to begin a new one.
      if (formatText(text).text === null) return;
      const formatted = await assertSameMeaning(text);
      for (const comment of text.match(/# (?:note; \{|why "|alone)/g) ?? []) assert.ok(formatted.includes(comment));
      assert.equal(formatted.match(/# alone/g)?.length, text.match(/# alone/g)?.length);
    }),
    { numRuns: RUNS },
  );
});

test('invalid input never throws, and formatting is idempotent', () => {
  const piece = fc.constantFrom(
    'a',
    'not',
    'and',
    'or',
    'when',
    ',',
    ';',
    '\n',
    '\n\n',
    '(',
    ')',
    '{',
    '}',
    '=',
    '"s"',
    'r"x"',
    '# c\n',
    ' ',
  );
  let formatted = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const text = pieces.join(' ');
      if (formatText(text).text === null) return;
      const words = (of: string): string => of.replace(/[\s;]/g, '');
      assert.equal(words(neat(text)), words(text));
      formatted++;
    }),
    { numRuns: RUNS * 40 },
  );
  assert.ok(formatted > RUNS, `only ${formatted} could be parsed`);
});
