/**
 * The access log's file: lines get there in order, a file that cannot be written costs its lines and is tried again.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { pino } from 'pino';
import { AccessLogFile } from '../../../src/control/watch/access-log-file.ts';

const LIMIT = { timeout: 20_000 };
let folder: string;
let messages: string[];
let nowMs: number;
let file: AccessLogFile;
const written = new Int32Array(new SharedArrayBuffer(4));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-access-log-'));
  messages = [];
  nowMs = 0;
  written[0] = 0;
  const log = pino({}, { write: (line: string) => void messages.push((JSON.parse(line) as { msg: string }).msg) });
  file = new AccessLogFile(log, () => nowMs);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const batch = (text: string, dropped = 0) => ({ text, lines: 1, dropped, written });

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

test('batches are written in order, and each is said to be dealt with', LIMIT, async () => {
  const path = join(folder, 'a.log');
  file.use(path);
  file.take(batch('one\n'));
  file.take(batch('two\n', 3));
  await file.close();
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n');
  assert.equal(written[0], 2);
  assert.deepEqual(messages, ['3 lines of the access log were dropped']);
});

test(
  'a file that cannot be opened costs its lines, is told once, and is written again when that is possible',
  LIMIT,
  async () => {
    const path = join(folder, 'later', 'a.log');
    file.use(path);
    file.take(batch('lost\n'));
    await until(() => written[0] === 1 && messages.length === 2);
    assert.deepEqual(messages.toSorted(), [
      '1 lines of the access log were dropped',
      `the access log ${path} cannot be written`,
    ]);
    // Not at once, …
    mkdirSync(join(folder, 'later'));
    nowMs = 4999;
    file.take(batch('lost too\n'));
    assert.equal(written[0], 2);
    // … but after a while.
    nowMs = 5000;
    file.take(batch('kept\n'));
    await until(() => written[0] === 3);
    await file.close();
    assert.equal(readFileSync(path, 'utf8'), 'kept\n');
    assert.equal(messages.at(-1), `the access log ${path} can be written again`);
  },
);

test('a file that goes on failing is not told over and over', LIMIT, async () => {
  file.use(join(folder, 'never', 'a.log'));
  for (let round = 1; round <= 5; round++) {
    file.take(batch('lost\n'));
    await until(() => written[0] === round);
    nowMs += 5000;
  }
  assert.equal(messages.filter((message) => message.includes('cannot be written')).length, 1);
  await file.close();
});
