/**
 * Where access logs go: lines get there in order, and whatever cannot be written costs its lines and is tried again.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { AccessLogPlan, Plan } from '@sluice/dsl/plan';
import { pino } from 'pino';
import { AccessLogs } from '../../../src/control/access-log/access-logs.ts';

const LIMIT = { timeout: 20_000 };
let folder: string;
let messages: string[];
let nowMs: number;
let logs: AccessLogs;
const written = new Int32Array(new SharedArrayBuffer(4));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-access-log-'));
  messages = [];
  nowMs = 0;
  written[0] = 0;
  const log = pino({}, { write: (line: string) => void messages.push((JSON.parse(line) as { msg: string }).msg) });
  logs = new AccessLogs(log, () => nowMs);
});

afterEach(async () => {
  await logs.close();
  rmSync(folder, { recursive: true, force: true });
});

/** planOf is a plan with logs in files, of which the first is the settings' and the others are a listener's. */
function planOf(first: string, ...others: string[]): Plan {
  const logTo = (path: string): AccessLogPlan => ({ format: 'json', to: { kind: 'file', path } }) as AccessLogPlan;
  return {
    settings: { accessLogs: [logTo(first)] },
    listeners: [{ accessLogs: others.map(logTo) }],
  } as unknown as Plan;
}

function batch(path: string, text: string, dropped = 0) {
  return { to: `file ${path}`, text, lines: text.split('\n').length - 1, dropped, written };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

test('batches are written in order, and each is said to be dealt with', LIMIT, async () => {
  const path = join(folder, 'a.log');
  logs.use(planOf(path));
  logs.take(batch(path, 'one\n'));
  logs.take(batch(path, 'two\nthree\n', 3));
  await logs.close();
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\nthree\n');
  assert.equal(written[0], 2);
  assert.deepEqual(messages, ['3 lines of the access log were dropped']);
  assert.deepEqual(logs.stats(), [{ destination: `file ${path}`, lines: 3, dropped: 3 }]);
});

test('a file that several logs name is opened once, and each file gets its own lines', LIMIT, async () => {
  const [a, b] = [join(folder, 'a.log'), join(folder, 'b.log')];
  logs.use(planOf(a, b, a));
  logs.take(batch(a, 'a1\n'));
  logs.take(batch(b, 'b1\n'));
  logs.take(batch(a, 'a2\n'));
  await logs.close();
  assert.deepEqual([readFileSync(a, 'utf8'), readFileSync(b, 'utf8')], ['a1\na2\n', 'b1\n']);
});

test('a batch that contains only a drop count is handled immediately', () => {
  const path = join(folder, 'a.log');
  logs.use(planOf(path));
  logs.take(batch(path, '', 2));
  assert.equal(written[0], 1);
  assert.deepEqual(logs.stats(), [{ destination: `file ${path}`, lines: 0, dropped: 2 }]);
});

test('a file that was moved is written until it is opened again', LIMIT, async () => {
  const path = join(folder, 'a.log');
  logs.use(planOf(path));
  logs.take(batch(path, 'before\n'));
  await until(() => written[0] === 1);
  renameSync(path, `${path}.1`);
  logs.take(batch(path, 'between\n'));
  await until(() => written[0] === 2);
  logs.reopen();
  logs.take(batch(path, 'after\n'));
  await logs.close();
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'before\nbetween\n');
  assert.equal(readFileSync(path, 'utf8'), 'after\n');
});

test('lines of requests that were begun before a reload still go where they were to go', LIMIT, async () => {
  const [old, next] = [join(folder, 'old.log'), join(folder, 'next.log')];
  logs.use(planOf(old));
  logs.use(planOf(next));
  logs.take(batch(old, 'late\n'));
  logs.take(batch(next, 'new\n'));
  await logs.close();
  assert.deepEqual([readFileSync(old, 'utf8'), readFileSync(next, 'utf8')], ['late\n', 'new\n']);
});

test(
  'a file that cannot be opened loses its lines, is reported once, and is written again once possible',
  LIMIT,
  async () => {
    const path = join(folder, 'later', 'a.log');
    logs.use(planOf(path));
    logs.take(batch(path, 'lost\n'));
    await until(() => written[0] === 1 && messages.length === 2);
    assert.deepEqual(messages.toSorted(), [
      '1 lines of the access log were dropped',
      `the access log ${path} cannot be written`,
    ]);
    // Not at once, …
    mkdirSync(join(folder, 'later'));
    nowMs = 4999;
    logs.take(batch(path, 'lost too\n'));
    await until(() => written[0] === 2);
    // … but after a while.
    nowMs = 5000;
    logs.take(batch(path, 'kept\n'));
    await until(() => written[0] === 3);
    await logs.close();
    assert.equal(readFileSync(path, 'utf8'), 'kept\n');
    assert.equal(messages.at(-1), `the access log ${path} can be written again`);
    assert.deepEqual(logs.stats(), [{ destination: `file ${path}`, lines: 1, dropped: 2 }]);
  },
);

test('a file that keeps failing is reported once', LIMIT, async () => {
  const path = join(folder, 'never', 'a.log');
  logs.use(planOf(path));
  for (let round = 1; round <= 5; round++) {
    logs.take(batch(path, 'lost\n'));
    await until(() => written[0] === round);
    nowMs += 5000;
  }
  assert.equal(messages.filter((message) => message.includes('cannot be written')).length, 1);
  await logs.close();
});
