import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { plots } from './plots.ts';

const docs = new URL('../../docs/', import.meta.url);

for (const [path, plot] of Object.entries(plots)) {
  test(`docs/${path} is what the simulation draws`, async () => {
    const committed = await readFile(new URL(path, docs), 'utf8');
    assert.ok(committed.length < 40_000, `${committed.length} bytes`);
    assert.equal(committed, await plot(), 'run `npx node test/simulation/write-plots.ts`');
  });
}

test('every figure is on the page', async () => {
  const page = await readFile(new URL('simulation.md', docs), 'utf8');
  for (const path of Object.keys(plots)) assert.ok(page.includes(`](${path})`), path);
});
