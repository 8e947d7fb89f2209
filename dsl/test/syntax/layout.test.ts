import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codesOf, compileText, inContext, listenerOf, planOf } from '../compile-text.ts';

test('a line continues after a comma, `and`, `or`, `=` and an open parenthesis', async () => {
  const plan = await planOf(`define a =
    path is /a,
            /b
listener web on :80 {
  deny a and     # a comment does not end it

    ip 10.0.0.1 and (
      method GET or
      method POST
    )
  otherwise send to app
}
backend app of a:80,
  b:80
`);
  assert.equal(plan.backends[0]!.servers.length, 2);
  assert.equal(plan.listeners[0]!.guards[0]!.text, 'deny a and ip 10.0.0.1 and ( method GET or method POST )');
});

test('a whole file can be on one line', async () => {
  const plan = await planOf('listener web on :80 { deny ip 10.0.0.1; otherwise send to app }; backend app of a:80');
  assert.equal(plan.listeners[0]!.guards.length, 1);
});

for (const [name, text] of [
  ['a byte order mark', '\ufefflistener web on :80 {\n  dney all\n  otherwise deny\n}'],
  ['Windows line ends', 'listener web on :80 {\r\n  dney all\r\n  otherwise deny\r\n}\r\n'],
  ['tabs', 'listener web on :80 {\n\t\tdney all\n\totherwise deny\n}'],
  ['blank lines and comments', '# a\r\n# b\nlistener web on :80 {\n  dney all\n\n  # c\n  otherwise deny\n\n}\n\n'],
] as const) {
  test(`${name} change neither lines nor columns`, async () => {
    const { diagnostics } = await compileText(text);
    const line = name.startsWith('blank') ? 4 : 2;
    assert.deepEqual(codesOf(diagnostics), [`SL0101 ${line}:3`]);
  });
}

for (const [name, character] of [
  ['NUL', '\0'],
  ['a lone carriage return', '\r'],
  ['a form feed', '\f'],
  ['a non-breaking blank', '\u00a0'],
  ['a zero-width blank', '\u200b'],
  ['a byte order mark in the middle', '\ufeff'],
  ['what is not UTF-8', '\ufffd'],
] as const) {
  test(`${name} is reported once, at its place`, async () => {
    const { diagnostics } = await compileText(inContext('listener', `deny ip ${character}10.0.0.1`));
    assert.deepEqual(codesOf(diagnostics), ['SL0107 2:11']);
  });
}

test('strings keep spaces, hashes and braces, and support four escapes', async () => {
  const listener = await listenerOf('set header X-A to "a  # {{ } \\" \\\\ \\t \\u{e9}"'.replace('} ', '}} '));
  assert.deepEqual(listener.changes[0]!.args.value, { template: ['a  # { } " \\ \t é'] });
});

test('a string with blanks keeps them in the text of its rule', async () => {
  const listener = await listenerOf('set header X-A   to\t"a  # b"   # c');
  assert.equal(listener.changes[0]!.text, 'set header X-A to "a  # b"');
});

test('a keyword in quotes is a value', async () => {
  const listener = await listenerOf('deny header X-A is "and", "not", when-ever');
  assert.deepEqual((listener.guards[0]!.when as { values: unknown }).values, ['and', 'not', 'when-ever']);
});

test('an unclosed string before a block is one diagnostic', async () => {
  const { diagnostics } = await compileText(
    'use geo from "./geo.js" { database "geo.mmdb }\nlistener web on :80 { otherwise deny }',
  );
  assert.deepEqual(codesOf(diagnostics), ['SL0102 1:36']);
});

for (const [name, text] of [
  ['parentheses', `define a = ${'('.repeat(100_000)}`],
  ['closed parentheses', `define a = ${'('.repeat(100_000)}path is /a${')'.repeat(100_000)}`],
  ['braces', `listener a on :80 ${'{'.repeat(100_000)}`],
  ['lines of braces', 'x {\n'.repeat(100_000)],
] as const) {
  test(`a hundred thousand nested ${name} are one diagnostic`, async () => {
    const { diagnostics, plan } = await compileText(text);
    assert.deepEqual(
      diagnostics.map((diagnostic) => diagnostic.code),
      ['SL0108'],
    );
    assert.equal(plan, null);
  });
}

for (const [name, piece] of [
  ['closing brackets', '}\n)'],
  ['negations', 'not '],
  ['quotes', '"'],
  ['commas', 'a,'],
  ['joints', 'and\n'],
  ['empty parentheses', 'a ()\n'],
  ['unknown words', 'a\n'],
] as const) {
  test(`fifty thousand ${name} give at most a thousand diagnostics`, async () => {
    const { diagnostics, plan } = await compileText(piece.repeat(50_000));
    assert.ok(diagnostics.length >= 1 && diagnostics.length <= 1000);
    assert.equal(plan, null);
  });
}

test('ten megabytes in one word, one string, one comment or one run of blanks are read', async () => {
  for (const long of [
    'a'.repeat(10_000_000),
    `"${'\\\\'.repeat(5_000_000)}"`,
    `#${'a'.repeat(10_000_000)}`,
    '\n \t'.repeat(3_333_333),
  ]) {
    const { diagnostics } = await compileText(`listener web on :80 {\n  otherwise deny\n}\n${long}`);
    assert.ok(diagnostics.length <= 1);
  }
});

test('a text that is too long, or has too many words, is refused', async () => {
  for (const long of [' '.repeat(33 * 1024 * 1024), ';\n'.repeat(2_100_000)]) {
    const { diagnostics } = await compileText(long);
    assert.deepEqual(codesOf(diagnostics), ['SL0115 1:1']);
  }
});

test('places hold in a text that is lexed in pieces', async () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `  deny path is /p${index}\n`).join('');
  const { diagnostics } = await compileText(`listener web on :80 {\n${lines}  dney all\n  otherwise deny\n}`);
  assert.deepEqual(codesOf(diagnostics), ['SL0101 20002:3']);
});
