import assert from 'node:assert/strict';
import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ended, folderOf, sluice, start } from './sluice.ts';

const UGLY = `listener web on :8080 {
# mine
deny   ip 10.0.0.0/8;deny path is /a   # why


 otherwise send to app }
backend app of 127.0.0.1:9001
`;
const NEAT = `listener web on :8080 {
  # mine
  deny ip 10.0.0.0/8
  deny path is /a  # why

  otherwise send to app
}
backend app of 127.0.0.1:9001
`;

test('a file is formatted, keeps its mode, and no temporary file is left', async (t) => {
  const cwd = await folderOf(t, { 'a.sluice': UGLY });
  await chmod(join(cwd, 'a.sluice'), 0o640);
  const { code, stdout, stderr } = await sluice(['fmt', 'a.sluice'], { cwd });
  assert.deepEqual([code, stdout, stderr], [0, '✓ a.sluice: formatted\n', '']);
  assert.equal(await readFile(join(cwd, 'a.sluice'), 'utf8'), NEAT);
  assert.equal((await stat(join(cwd, 'a.sluice'))).mode & 0o777, 0o640);
  assert.deepEqual(await readdir(cwd), ['a.sluice']);
  assert.deepEqual(await sluice(['fmt', 'a.sluice'], { cwd }), { code: 0, stdout: '', stderr: '' });
});

test('a symbolic link stays one', async (t) => {
  const cwd = await folderOf(t, { 'a.sluice': UGLY });
  await symlink('a.sluice', join(cwd, 'link.sluice'));
  await sluice(['fmt', 'link.sluice'], { cwd });
  assert.equal(await readFile(join(cwd, 'a.sluice'), 'utf8'), NEAT);
});

test('--check changes nothing and exits with 1 for another style', async (t) => {
  const cwd = await folderOf(t, { 'ugly.sluice': UGLY, 'neat.sluice': NEAT });
  const { code, stdout } = await sluice(['fmt', '--check', 'ugly.sluice', 'neat.sluice'], { cwd });
  assert.equal(code, 1);
  assert.equal(stdout, '✗ ugly.sluice: not formatted\n');
  assert.equal(await readFile(join(cwd, 'ugly.sluice'), 'utf8'), UGLY);
  assert.equal((await sluice(['fmt', '--check', 'neat.sluice'], { cwd })).code, 0);
});

test('a file that cannot be parsed is left as it is, and its problems are shown', async (t) => {
  const bad = UGLY.replace('/a ', '/a" ');
  const cwd = await folderOf(t, { 'bad.sluice': bad });
  const { code, stdout, stderr } = await sluice(['fmt', 'bad.sluice'], { cwd });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^SL0102 bad\.sluice:3:/);
  assert.equal(await readFile(join(cwd, 'bad.sluice'), 'utf8'), bad);
});

test('bytes that are not UTF-8 are refused, not replaced', async (t) => {
  const cwd = await folderOf(t, {});
  const bytes = Buffer.concat([Buffer.from('# caf'), Buffer.from([0xe9]), Buffer.from(`\n${UGLY}`)]);
  await writeFile(join(cwd, 'latin.sluice'), bytes);
  const { code, stderr } = await sluice(['fmt', 'latin.sluice', 'missing.sluice'], { cwd });
  assert.equal(code, 1);
  assert.match(stderr, /`latin\.sluice`: it is not UTF-8\n.*`missing\.sluice`: there is no such file\n$/);
  assert.deepEqual(await readFile(join(cwd, 'latin.sluice')), bytes);
});

test('- reads stdin and writes stdout', async () => {
  const child = start(['fmt', '-']);
  child.stdin.end(UGLY);
  assert.deepEqual(await ended(child), { code: 0, stdout: NEAT, stderr: '' });
});

test('--json reports the result for each file', async (t) => {
  const cwd = await folderOf(t, { 'a.sluice': UGLY, 'bad.sluice': 'listener "' });
  const { code, stdout, stderr } = await sluice(['fmt', '--json', 'a.sluice', 'bad.sluice'], { cwd });
  assert.deepEqual([code, stderr], [1, '']);
  const { isOk, files } = JSON.parse(stdout);
  assert.equal(isOk, false);
  assert.deepEqual(files[0], { file: 'a.sluice', isChanged: true, problems: [], error: null });
  assert.equal(files[1].problems[0].code, 'SL0102');
});

test('every rule file of the examples is formatted', async () => {
  const cwd = fileURLToPath(new URL('../../examples/', import.meta.url));
  const files = (await readdir(cwd, { recursive: true })).filter((path) => path.endsWith('.sluice')).sort();
  assert.ok(files.includes(join('quickstart', 'gateway.sluice')), files.join(' '));
  assert.deepEqual(await sluice(['fmt', '--check', ...files], { cwd }), { code: 0, stdout: '', stderr: '' });
});
