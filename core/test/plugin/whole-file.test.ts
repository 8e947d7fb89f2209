import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { rewriteWhole, writeWhole } from '../../src/plugin/whole-file.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-whole-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('a file is written for its owner alone, unless another mode is given, whatever the mask', async (t) => {
  const folder = folderOf(t);
  const mask = process.umask(0o077);
  t.after(() => process.umask(mask));
  await writeWhole(join(folder, 'key'), 'secret');
  await writeWhole(join(folder, 'page'), 'public', { mode: 0o644 });
  assert.deepEqual([modeOf(join(folder, 'key')), modeOf(join(folder, 'page'))], [0o600, 0o644]);
});

test('a new file is never written over another, and of writes at once one is whole', async (t) => {
  const folder = folderOf(t);
  const path = join(folder, 'file');
  await writeWhole(path, 'first', { isNew: true });
  await assert.rejects(writeWhole(path, 'second', { isNew: true }), { code: 'EEXIST' });
  assert.equal(readFileSync(path, 'utf8'), 'first');
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000));
  await Promise.all(texts.map((text) => writeWhole(path, text)));
  assert.ok(texts.includes(readFileSync(path, 'utf8')));
  assert.deepEqual(readdirSync(folder), ['file'], 'nothing is left behind');
});

test('a file that is rewritten keeps its permissions, and a symbolic link stays one', async (t) => {
  const folder = folderOf(t);
  const [file, link] = [join(folder, 'file'), join(folder, 'link')];
  writeFileSync(file, 'old');
  chmodSync(file, 0o640);
  symlinkSync('file', link);
  await rewriteWhole(link, 'new');
  assert.equal(readFileSync(file, 'utf8'), 'new');
  assert.equal(modeOf(file), 0o640);
  assert.ok(lstatSync(link).isSymbolicLink());
  await rewriteWhole(join(folder, 'fresh'), 'text');
  assert.equal(modeOf(join(folder, 'fresh')), 0o600);
});

test('a file that cannot be written leaves what is there, and nothing besides', async (t) => {
  const folder = folderOf(t);
  await assert.rejects(writeWhole(join(folder, 'missing', 'file'), 'text'), { code: 'ENOENT' });
  await assert.rejects(writeWhole(folder, 'text'));
  assert.deepEqual(readdirSync(folder), []);
  assert.deepEqual(
    readdirSync(join(folder, '..')).filter((name) => name.startsWith('.sluice-whole-')),
    [],
  );
});
