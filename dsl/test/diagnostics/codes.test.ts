import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODES, FAMILIES } from '../../src/diagnostics/index.ts';
import { formatDiagnostic } from '../../src/index.ts';
import { compileText, inContext } from '../compile-text.ts';

process.env.SLUICE_SECRET_ADMIN_TOKEN = 'x';

/** Examples that a text alone cannot give. */
const OTHERWISE_TESTED = new Set([
  'SL0115',
  'SL0615',
  'SL0228',
  'SL0623',
  'SL0625',
  'SL0715',
  'SL0716',
  'SL0518',
  'SL0519',
  'SL0626',
  'SL0629',
  'SL0718',
  'SL0719',
  'SL0631',
]);

for (const { digits, codes } of FAMILIES) {
  test(`every code of SL${digits}xx has the digits of its family and an example that causes it`, () => {
    for (const [code, entry] of Object.entries(codes)) {
      assert.match(code, new RegExp(`^SL${digits}\\d\\d$`));
      assert.doesNotMatch(entry.message, /^[A-Z]|\.$/, code);
      assert.match(entry.why, /^\S.*\.$/, code);
    }
  });
}

test('the codes that the language page shows keep their numbers', () => {
  for (const code of ['SL0101', 'SL0212', 'SL0305', 'SL0407', 'SL0501', 'SL0608']) assert.ok(code in CODES, code);
});

for (const [code, entry] of Object.entries(CODES)) {
  test(`${code}: the wrong example gives it alone`, async (t) => {
    if (OTHERWISE_TESTED.has(code)) {
      t.diagnostic('needs a file or a very long text: tested elsewhere');
      return;
    }
    const { diagnostics, plan, sources } = await compileText(inContext(entry.context, entry.wrong));
    const frames = diagnostics.map((found) => formatDiagnostic(found, sources)).join('\n');
    assert.deepEqual([...new Set(diagnostics.map((found) => found.code))], [code], frames);
    assert.equal(plan === null, entry.severity === 'error');
    for (const { message } of diagnostics)
      assert.doesNotMatch(message, /(?<![{\w])\{[a-z]+\}(?!`)/i, 'a placeholder was not filled in');
  });

  test(`${code}: the right example gives nothing`, async () => {
    const { diagnostics, plan, sources } = await compileText(inContext(entry.context, entry.right));
    assert.equal(diagnostics.map((found) => formatDiagnostic(found, sources)).join('\n'), '');
    assert.ok(plan !== null);
  });
}
