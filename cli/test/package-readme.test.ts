import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { standard } from '@sluice/standard';
import { packageReadme } from '../scripts/package-readme.ts';

test("the README of every standard plugin's package is the one that its manifest gives", async () => {
  for (const manifest of standard) {
    const folder = new URL(`../../plugins/${manifest.name}/`, import.meta.url);
    const { description } = JSON.parse(await readFile(new URL('package.json', folder), 'utf8'));
    const readme = await readFile(new URL('README.md', folder), 'utf8');
    assert.equal(readme, packageReadme(manifest, description), 'run: node cli/scripts/write-package-readmes.ts');
  }
});
