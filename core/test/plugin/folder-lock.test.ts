/**
 * Of all gateways that share a folder, one at a time does something.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FolderLock, STALE_MS } from '../../src/plugin/folder-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-lock-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const fresh = (): string => join(folder, `${++count}.lock`);

const MODULE = new URL('../../src/plugin/folder-lock.ts', import.meta.url).href;

test('one takes it, others wait until it is given back', async () => {
  const file = fresh();
  const lock = await FolderLock.take(file);
  assert.ok(lock !== null);
  assert.equal(await FolderLock.take(file), null);
  assert.equal(await lock.isHeld(), true);
  await lock.release();
  assert.equal(existsSync(file), false);
  const next = await FolderLock.take(file);
  assert.ok(next !== null);
  await next.release();
});

test('of eight processes that want it in the same moment one gets it', async () => {
  const file = fresh();
  const program = `
    import { FolderLock } from '${MODULE}';
    process.stdin.once('data', async () => {
      const lock = await FolderLock.take('${file}');
      process.stdout.write(lock === null ? 'no' : 'yes');
      process.stdin.once('end', () => process.exit());
    });
    process.stdout.write('ready ');`;
  const processes = Array.from({ length: 8 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  try {
    await Promise.all(processes.map((each) => once(each.stdout!, 'data')));
    const answers = processes.map((each) => once(each.stdout!, 'data').then(([text]) => String(text)));
    for (const each of processes) each.stdin!.write('go');
    const said = await Promise.all(answers);
    assert.deepEqual(said.sort(), ['no', 'no', 'no', 'no', 'no', 'no', 'no', 'yes']);
    const left = readdirSync(folder).filter((name) => name.startsWith(`${count}.lock`));
    assert.deepEqual(left, [`${count}.lock`]);
  } finally {
    for (const each of processes) each.kill('SIGKILL');
  }
});

test('what a process left that is gone is taken', async () => {
  const file = fresh();
  const program = `
    import { FolderLock } from '${MODULE}';
    if ((await FolderLock.take('${file}')) === null) throw new Error('not taken');
    process.kill(process.pid, 'SIGKILL');`;
  assert.equal(spawnSync(process.execPath, ['--input-type=module', '-e', program]).signal, 'SIGKILL');
  assert.equal(existsSync(file), true);
  const lock = await FolderLock.take(file);
  assert.ok(lock !== null);
  await lock.release();
});

test('another machine’s lock is respected while it is renewed, and taken over after a minute', async () => {
  const file = fresh();
  writeFileSync(file, JSON.stringify({ token: 'x', pid: 1, host: 'elsewhere', space: 'pid:[1]' }));
  assert.equal(await FolderLock.take(file), null);
  const old = new Date(Date.now() - STALE_MS - 1000);
  utimesSync(file, old, old);
  const lock = await FolderLock.take(file);
  assert.ok(lock !== null);
  assert.equal(await lock.isHeld(), true);
  await lock.release();
});

test('rubbish in its place is left alone for a minute, then taken', async () => {
  for (const text of ['', '{', 'null', '{"token":"x","pid":"y"}', '\0'.repeat(100)]) {
    const file = fresh();
    writeFileSync(file, text);
    assert.equal(await FolderLock.take(file), null, text);
    const old = new Date(Date.now() - STALE_MS - 1000);
    utimesSync(file, old, old);
    const lock = await FolderLock.take(file);
    assert.ok(lock !== null, text);
    await lock.release();
  }
});

test('one that was taken away is known to be, and is not given back by who lost it', async () => {
  const file = fresh();
  const lost = await FolderLock.take(file);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/"token":"\w+"/, '"token":"another"'));
  assert.equal(await lost!.isHeld(), false);
  await lost!.release();
  assert.equal(existsSync(file), true);
});
