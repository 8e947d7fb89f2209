import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { openApiText, referenceText } from '../../scripts/openapi-text.ts';
import { ADMIN_ERRORS } from '../../src/admin/admin-errors.ts';

const DOCS = new URL('../../../docs/', import.meta.url);
const HINT = 'run `npx node core/scripts/write-openapi.ts`';

test('the committed documents of the admin API are those of its routes', async () => {
  assert.equal(await readFile(new URL('openapi.json', DOCS), 'utf8'), openApiText(), HINT);
  assert.equal(await readFile(new URL('admin-reference.md', DOCS), 'utf8'), referenceText(), HINT);
});

test('every code of the admin API is used, and every code used is in the table', async () => {
  const folder = new URL('../../src/admin/', import.meta.url);
  const used = new Set<string>();
  const names = await readdir(folder, { recursive: true });
  for (const name of names.filter((each) => each.endsWith('.ts'))) {
    const text = await readFile(new URL(name, folder), 'utf8');
    for (const [, code] of text.matchAll(/AdminError\('(SA\d{4})'/g)) used.add(code!);
  }
  assert.deepEqual([...used].sort(), Object.keys(ADMIN_ERRORS).sort());
});
