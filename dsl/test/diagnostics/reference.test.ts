import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { CODES } from '../../src/diagnostics/index.ts';
import { errorReference } from '../../src/diagnostics/reference.ts';

test('docs/errors agrees with the table of codes', async () => {
  const page = await readFile(new URL('../../../docs/errors/README.md', import.meta.url), 'utf8');
  assert.equal(page, errorReference(), 'run: node dsl/scripts/write-error-docs.ts');
});

test('docs/errors has every code', () => {
  const page = errorReference();
  for (const code of Object.keys(CODES)) assert.ok(page.includes(`### ${code}`), code);
});
