/**
 * Errors of the standard plugins: all of them have codes, and all codes are used and documented.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { packageErrors, pluginErrorsPage } from '../scripts/plugin-errors.ts';

test('the page of plugins’ errors is the one that the tables give', async () => {
  const page = await readFile(new URL('../../docs/errors/plugins.md', import.meta.url), 'utf8');
  assert.equal(page, pluginErrorsPage(await packageErrors()), 'run: node cli/scripts/write-plugin-errors.ts');
});

test('each package has a family of codes of its own, in order, and says what to do', async () => {
  const families = new Set<string>();
  for (const { file, table } of await packageErrors()) {
    const codes = Object.keys(table);
    const family = codes[0]!.slice(0, 4);
    assert.match(family, /^SP\d\d$/, file);
    assert.ok(!families.has(family), `${family} is that of two packages`);
    families.add(family);
    assert.deepEqual(codes, [...codes].sort(), file);
    for (const [code, { message, fix }] of Object.entries(table)) {
      assert.ok(code.startsWith(family), `${code} in ${file}`);
      assert.match(message, /^[^A-Z\n][^\n]*[^.\n]$|^OCSP /, code);
      assert.match(fix, /^[`A-Z][^\n]+\.$/, code);
    }
  }
});
