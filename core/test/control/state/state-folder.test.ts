import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
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
import { after, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { finish } from '@sluice/dsl/match';
import { pino } from 'pino';
import { decodeSnapshot, encodeSnapshot } from '../../../src/control/state/snapshot.ts';
import { StateFolder } from '../../../src/control/state/state-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-state-'));
after(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

function stage() {
  const path = join(root, `${++count}`);
  mkdirSync(path);
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  return { path, file: join(path, 'gateway.state'), lines, folder: () => new StateFolder(path, log) };
}

const stateOf = (takenAtMs: number): Uint8Array =>
  finish(encodeSnapshot(takenAtMs, [{ name: 'servers', version: 1, pieces: [Buffer.from('{"name":"app/a"}\n')] }]));

const takenAt = (bytes: Uint8Array | null): number | null => (bytes === null ? null : decodeSnapshot(bytes).takenAtMs);

/** A whole file of a format that only a later release knows. */
function later(): Uint8Array {
  const bytes = Uint8Array.from(stateOf(9));
  const view = new DataView(bytes.buffer);
  view.setUint32(8, 2, true);
  view.setUint32(12, crc32(bytes.subarray(0, 12)), true);
  return bytes;
}

test('a folder that is empty has no state, and nothing is wrong with that', async () => {
  const { folder, lines } = stage();
  assert.equal(await folder().read(true), null);
  assert.deepEqual(lines, []);
});

test('what is written is read, only its owner may, and nothing else is left but the one before', async () => {
  const { path, file, folder } = stage();
  const one = folder();
  await one.write(stateOf(1));
  assert.deepEqual(readdirSync(path), ['gateway.state']);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await one.write(stateOf(2));
  assert.deepEqual(readdirSync(path).sort(), ['gateway.state', 'gateway.state.previous']);
  assert.equal(takenAt(await folder().read(true)), 2);
  assert.equal(takenAt(readFileSync(`${file}.previous`)), 1);
});

test('of a file that is torn, whatever is left of it, the one before is read, and stays until there is a whole one', async () => {
  const { file, folder, lines } = stage();
  const whole = Buffer.from(stateOf(2));
  const one = folder();
  await one.write(stateOf(1));
  await one.write(whole);
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(file, whole.subarray(0, length));
    assert.equal(takenAt(await folder().read(true)), 1, `${length} bytes`);
  }
  writeFileSync(file, Buffer.alloc(whole.length));
  const next = folder();
  lines.length = 0;
  assert.equal(takenAt(await next.read(true)), 1);
  assert.deepEqual(lines, [
    `the state in ${file} is not used: it is empty`,
    `the newest whole state is the one before, ${file}.previous`,
  ]);
  await next.write(stateOf(3));
  assert.equal(takenAt(readFileSync(`${file}.previous`)), 1, 'the torn one has not taken its place');
  assert.equal(takenAt(await folder().read(true)), 3);
});

test('a process that died between its two renames has lost nothing', async () => {
  const { file, folder } = stage();
  await folder().write(stateOf(1));
  writeFileSync(`${file}.previous`, readFileSync(file));
  writeFileSync(`${file}.next`, 'half of');
  rmSync(file);
  const next = folder();
  assert.equal(takenAt(await next.read(true)), 1);
  await next.write(stateOf(2));
  assert.equal(takenAt(await folder().read(true)), 2);
});

test('if both files are torn there is no state', async () => {
  const { file, folder } = stage();
  writeFileSync(file, stateOf(2).subarray(0, 50));
  writeFileSync(`${file}.previous`, stateOf(1).subarray(0, 40));
  assert.equal(await folder().read(true), null);
});

test('the file of a later release is moved aside and kept, and the gateway starts without', async () => {
  const { path, file, folder, lines } = stage();
  writeFileSync(`${file}.previous`, stateOf(1));
  writeFileSync(file, later());
  const one = folder();
  assert.equal(await one.read(true), null);
  assert.match(lines[0]!, /^the state in .* is not used: it has format 2, this release reads 1; it is kept as (.*)$/);
  await one.write(stateOf(3));
  const aside = readdirSync(path).find((name) => /^gateway\.state\.aside-\d{8}T\d{6}Z$/.test(name));
  assert.deepEqual(readFileSync(join(path, aside!)), Buffer.from(later()));
});

test('a file of something else is moved aside and kept, and the state before is read', async () => {
  const { path, file, folder } = stage();
  writeFileSync(`${file}.previous`, stateOf(1));
  writeFileSync(file, 'somebody’s notes');
  assert.equal(takenAt(await folder().read(true)), 1);
  assert.ok(readdirSync(path).some((name) => name.startsWith('gateway.state.aside-')));
});

test('a folder that another gateway writes to is read, and nothing in it is moved', async () => {
  const { path, file, folder } = stage();
  writeFileSync(file, later());
  assert.equal(await folder().read(false), null);
  assert.deepEqual(readdirSync(path), ['gateway.state']);
});

test('a link where the next file is to be is not followed', async () => {
  const { path, file, folder } = stage();
  const other = join(path, 'precious');
  writeFileSync(other, 'precious');
  symlinkSync(other, `${file}.next`);
  await folder().write(stateOf(1));
  assert.equal(readFileSync(other, 'utf8'), 'precious');
  assert.equal(takenAt(await folder().read(true)), 1);
});

test('on a full disk a write is refused, the file before stays, and the next write works once there is room', (t) => {
  const { path } = stage();
  const modules = ['snapshot', 'state-folder'].map(
    (name) => new URL(`../../../src/control/state/${name}.ts`, import.meta.url).href,
  );
  const program = `
    import { writeFileSync, rmSync, readdirSync } from 'node:fs';
    import { finish } from '@sluice/dsl/match';
    import { pino } from 'pino';
    import { decodeSnapshot, encodeSnapshot } from '${modules[0]}';
    import { StateFolder } from '${modules[1]}';
    const stateOf = (at) => finish(encodeSnapshot(at, [{ name: 'x', version: 1, pieces: [new Uint8Array(20000)] }]));
    const folder = new StateFolder('${path}', pino({ enabled: false }));
    const taken = async () => decodeSnapshot(await new StateFolder('${path}', pino({ enabled: false })).read(true)).takenAtMs;
    await folder.write(stateOf(1));
    writeFileSync('${path}/ballast', Buffer.alloc(32768));
    const problem = await folder.write(stateOf(2)).then(() => 'none', (error) => error.code);
    const between = await taken();
    const files = readdirSync('${path}').join(' ');
    rmSync('${path}/ballast');
    await folder.write(stateOf(3));
    console.log(JSON.stringify([problem, between, files, await taken()]));`;
  const own = new URL('../../../', import.meta.url).pathname;
  const node = `exec '${process.execPath}' --input-type=module -e "$PROGRAM"`;
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    [
      '--user',
      '--map-root-user',
      '--mount',
      'sh',
      '-c',
      `mount -t tmpfs -o size=60k tmpfs '${path}' || exit 77; ${node}`,
    ],
    { cwd: own, env: { ...process.env, PROGRAM: program }, encoding: 'utf8' },
  );
  if (status === 77 || status === null || /unshare/.test(stderr)) {
    t.skip(`a small disk cannot be mounted here: ${stderr.trim()}`);
    return;
  }
  assert.equal(status, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), ['ENOSPC', 1, 'ballast gateway.state', 3]);
});
