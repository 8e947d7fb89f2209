import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { checkFolder } from '../src/folder-check.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-folder-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'a.txt');
writeFileSync(file, '');

test('a folder is valid, and relative to the rule file', async () => {
  const options = { folder: basename(folder), index: 'index.html' };
  assert.deepEqual(await checkFolder(options, dirname(folder)), { ...options, folder });
});

for (const [name, options, problem] of [
  ['is not there', { folder: join(folder, 'no'), index: 'index.html' }, /there is no folder `.*no`/],
  ['is a file', { folder: file, index: 'index.html' }, /is not a folder/],
  ['needs a page', { folder, index: 'index.html', status: 503 }, /with `status`, the page `.*index.html` is required/],
  ['has an index outside', { folder, index: '../x' }, /`\.\.\/x` cannot be an index file/],
  ['has a hidden index', { folder, index: '.hidden' }, /cannot be an index file/],
] as const) {
  test(`a folder that ${name} is refused`, () => assert.rejects(checkFolder(options, '/'), problem));
}
