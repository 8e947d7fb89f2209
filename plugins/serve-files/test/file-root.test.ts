import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FileRoot, openFiles, type Place } from '../src/file-root.ts';

const base = mkdtempSync(join(tmpdir(), 'sluice-root-'));
after(() => rmSync(base, { recursive: true }));
const folder = join(base, 'site');
mkdirSync(join(folder, 'docs'), { recursive: true });
writeFileSync(join(base, 'secret.txt'), 'secret');
writeFileSync(join(folder, 'a.txt'), 'hello');
writeFileSync(join(folder, 'docs', 'b.txt'), 'b');

const root = () => new FileRoot(folder, () => 0);
const asFile = (place: Place) => {
  assert.equal(place.kind, 'file');
  return place as Extract<Place, { kind: 'file' }>;
};

test('a file is found, opened, read and closed', async () => {
  const files = root();
  const file = await files.open(asFile(await files.find(['a.txt'])));
  const into = Buffer.alloc(10);
  assert.equal(await file!.read(into, 1), 4);
  assert.equal(into.toString('latin1', 0, 4), 'ello');
  assert.equal(openFiles(), 1);
  file!.close();
  while (openFiles() > 0) await new Promise((resolve) => setImmediate(resolve));
});

test('a folder is recognised, and a missing path is not found', async () => {
  assert.equal((await root().find(['docs'])).kind, 'folder');
  for (const names of [['nope'], ['a.txt', 'below'], ['x'.repeat(300)], ['docs', '..', '..', 'secret.txt']]) {
    assert.equal((await root().find(names)).kind, 'none', names.join('/').slice(0, 40));
  }
});

test('a symlink inside the folder is followed, one that leads outside is not found', async () => {
  symlinkSync('docs', join(folder, 'latest'));
  symlinkSync('../secret.txt', join(folder, 'out.txt'));
  symlinkSync('..', join(folder, 'up'));
  symlinkSync(`${folder}-other`, join(folder, 'sibling'));
  mkdirSync(`${folder}-other`);
  writeFileSync(join(`${folder}-other`, 'x.txt'), 'x');
  symlinkSync('loop', join(folder, 'loop'));
  assert.equal((await root().find(['latest', 'b.txt'])).kind, 'file');
  for (const names of [['out.txt'], ['up', 'secret.txt'], ['up'], ['sibling', 'x.txt'], ['loop']]) {
    assert.equal((await root().find(names)).kind, 'none', names.join('/'));
  }
});

test('a folder that becomes a link after it was found opens nothing', async () => {
  mkdirSync(join(folder, 'swapped'));
  writeFileSync(join(folder, 'swapped', 'secret.txt'), 'secret');
  const files = root();
  const place = asFile(await files.find(['swapped', 'secret.txt']));
  renameSync(join(folder, 'swapped'), join(folder, 'moved'));
  symlinkSync(base, join(folder, 'swapped'));
  assert.equal(await files.open(place), null);
  assert.equal(openFiles(), 0);
});

test('a link to the very same file outside opens nothing either', async () => {
  mkdirSync(join(folder, 'same'));
  writeFileSync(join(folder, 'same', 'c.txt'), 'c');
  const files = root();
  const place = asFile(await files.find(['same', 'c.txt']));
  renameSync(join(folder, 'same'), join(base, 'same'));
  symlinkSync(join(base, 'same'), join(folder, 'same'));
  assert.equal(await files.open(place), null);
});

test('a file that was replaced or written to after it was found opens nothing', async () => {
  const files = root();
  writeFileSync(join(folder, 'd.txt'), 'old');
  const place = asFile(await files.find(['d.txt']));
  writeFileSync(join(folder, 'd.txt'), 'newer');
  assert.equal(await files.open(place), null);
  rmSync(join(folder, 'd.txt'));
  assert.equal(await files.open(place), null);
  assert.equal(openFiles(), 0);
});

test('pipes, sockets and devices are nothing, and are not waited for', async (t) => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const server = createServer().listen(join(folder, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  symlinkSync('/dev/zero', join(folder, 'zero'));
  for (const name of ['pipe', 'socket', 'zero']) assert.equal((await root().find([name])).kind, 'none', name);
});

test('a folder that is a link to its newest release is followed to it within a second', async () => {
  mkdirSync(join(base, 'one'));
  mkdirSync(join(base, 'two'));
  writeFileSync(join(base, 'two', 'new.txt'), 'new');
  symlinkSync('one', join(base, 'current'));
  let now = 0;
  const files = new FileRoot(join(base, 'current'), () => now);
  assert.equal((await files.find(['new.txt'])).kind, 'none');
  rmSync(join(base, 'current'));
  symlinkSync('two', join(base, 'current'));
  now = 1000;
  assert.equal((await files.find(['new.txt'])).kind, 'file');
});
