import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APP, compileFiles, toldOf } from '../rule-folder.ts';

const utf16 = (text: string): Uint8Array => Buffer.from(text, 'utf16le');

for (const [what, bytes, told] of [
  [
    'UTF-16 with its mark',
    Buffer.concat([Uint8Array.of(0xff, 0xfe), utf16(APP)]),
    'it looks like UTF-16 | Save it as UTF-8',
  ],
  ['UTF-16 without one', utf16(APP), 'it looks like UTF-16 | Save it as UTF-8'],
  [
    'Latin-1',
    Buffer.from(`# ok\n\n${APP}# caf\xe9`, 'latin1'),
    'byte E9 on line 5, column 6 belongs to no character | Save it as UTF-8: it may be Latin-1 or Windows-1252 now',
  ],
  [
    'a character cut off',
    Buffer.concat([Buffer.from('# caf'), Uint8Array.of(0xc3)]),
    'byte C3 on line 1, column 6 belongs to no character | Save it as UTF-8: it may be Latin-1 or Windows-1252 now',
  ],
] as const) {
  test(`a file in ${what} is one diagnostic`, async () => {
    const result = await compileFiles({ 'edge.sluice': bytes });
    assert.deepEqual(toldOf(result), [`SL0623 edge.sluice:1:1 \`edge.sluice\` is not UTF-8: ${told}`]);
  });
}

for (const [what, text] of [
  ['a byte order mark', `\ufeff${APP}`],
  ['CRLF', APP.replaceAll('\n', '\r\n')],
  ['tabs', APP.replaceAll(' ', '\t')],
  ['characters beyond ASCII in comments', `# Grüße — ☃ 𝄞\n${APP}`],
] as const) {
  test(`a file with ${what} is read`, async () => {
    assert.deepEqual(toldOf(await compileFiles({ 'edge.sluice': text })), []);
  });
}

for (const [what, text, code] of [
  ['NUL', `${APP}\0`, 'SL0107'],
  ['a lone carriage return', APP.replace('\n', '\r'), 'SL0107'],
  ['nothing in it', '', 'SL0709'],
  ['only comments', '# nothing\n', 'SL0709'],
  ['nesting without end', '{'.repeat(100_000), 'SL0108'],
  ['parentheses without end', `listener web on :80 { deny ${'('.repeat(100_000)}`, 'SL0108'],
] as const) {
  test(`a file with ${what} is a clear diagnostic`, async () => {
    const { diagnostics } = await compileFiles({ 'edge.sluice': text });
    assert.ok(
      diagnostics.some((found) => found.code === code),
      JSON.stringify(diagnostics[0]),
    );
  });
}

test('ten megabytes of rubbish end in diagnostics, not in a hang', async () => {
  const { plan, diagnostics } = await compileFiles({ 'edge.sluice': `deny (( "x\n`.repeat(900_000) });
  assert.equal(plan, null);
  assert.ok(diagnostics.length > 0);
});
