/**
 * Lines of access logs: each is one line that can be read back, whatever a request holds; they are gathered, and dropped rather than waited for.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIp } from '@sluice/dsl/match';
import { combinedLine } from '../../../src/data/access-log/combined-line.ts';
import { jsonLine } from '../../../src/data/access-log/json-line.ts';
import { clfTime, isoTime } from '../../../src/data/access-log/log-time.ts';
import { RequestEnd } from '../../../src/data/access-log/request-end.ts';
import { textLine } from '../../../src/data/access-log/text-line.ts';
import { AccessLog } from '../../../src/data/loop/access-log.ts';
import { LiveRequest } from '../../../src/data/message/live-request.ts';
import type { AccessBatch } from '../../../src/shared/orders/access-batch.ts';

function endOf(request: Partial<LiveRequest>): RequestEnd {
  const end = new RequestEnd();
  end.request = Object.assign(new LiveRequest(), {
    ip: parseIp('198.51.100.7')!,
    sentMethod: 'GET',
    target: '/',
    path: '/',
    status: 200,
    ...request,
  });
  end.listener = 'web';
  end.totalMs = 1.4;
  return end;
}

const json = jsonLine([], []);

function logOf(): { log: AccessLog; batches: AccessBatch[] } {
  const batches: AccessBatch[] = [];
  return { log: new AccessLog('stdout', (batch) => batches.push(batch)), batches };
}

function add(log: AccessLog, line: string): void {
  if (log.hasRoom()) log.add(line);
}

test('lines are batched per destination', () => {
  const { log, batches } = logOf();
  add(log, 'a\n');
  add(log, 'b\n');
  assert.equal(batches.length, 0);
  log.flush();
  log.flush();
  assert.deepEqual(
    batches.map(({ to, text, lines }) => [to, text, lines]),
    [['stdout', 'a\nb\n', 2]],
  );
});

test('a large batch goes out at once', () => {
  const { log, batches } = logOf();
  add(log, `${'x'.repeat(70_000)}\n`);
  assert.equal(batches.length, 1);
});

test('lines are dropped and counted while the writer is behind, and resume afterwards', () => {
  const { log, batches } = logOf();
  const large = `${'x'.repeat(70_000)}\n`;
  for (let index = 0; index < 40; index++) add(log, large);
  assert.equal(batches.length, 32);
  for (const { written } of batches) Atomics.add(written, 0, 1);
  add(log, large);
  assert.equal(batches.length, 33);
  assert.equal(batches[32]!.dropped, 8);
});

test('a request that got no answer has no status, and none that a server gave has no time', () => {
  const line = JSON.parse(json(endOf({ status: 0 }))) as Record<string, unknown>;
  assert.deepEqual(['status' in line, line.backend, line.timings], [false, null, { responseMs: null, totalMs: 1 }]);
  assert.match(combinedLine(endOf({ status: 0 })), /" 499 0 "/);
});

/** What clients may try to put into a log: line ends, quotes, escapes, colours, and bytes that are no UTF-8. */
const ODD = '/"\\\r\n\t\u0000\u001b[31m\u007f\u0085\u2028é\xff';

test('any request produces a single line of JSON with the same values', () => {
  const line = json(endOf({ path: ODD, query: ODD, sentMethod: 'M"', host: ODD }));
  assert.deepEqual([line.indexOf('\n'), line.at(-1)], [line.length - 1, '\n']);
  const { path, query, method, host } = JSON.parse(line) as Record<string, string>;
  assert.deepEqual([path, query, method, host], [ODD, ODD, 'M"', ODD]);
});

test('any request produces a single line of printable ASCII, without quotes inside values', () => {
  const format = {
    template: ['"', { placeholder: 'path', key: null }, '" "', { placeholder: 'method', key: null }, '"'],
  };
  for (const line of [
    textLine(format, new Map())(endOf({ path: ODD, sentMethod: ODD })),
    combinedLine(endOf({ target: ODD, sentMethod: ODD })),
  ]) {
    assert.match(line, /^[\x20-\x7e]+\n$/);
    assert.equal(line.split('"').length % 2, 1);
    assert.ok(line.includes('/\\x22\\x5C\\x0D\\x0A\\x09\\x00\\x1B[31m\\x7F\\x85\\xE2\\x80\\xA8\\xE9\\xFF'), line);
  }
  assert.equal(textLine(format, new Map())(endOf({ path: ODD })).split('"').length, 5);
});

test('unknown values are a hyphen', () => {
  const fields = [
    'trace.id',
    'rule',
    'backend',
    'server',
    'server.address',
    'ended.by',
    'duration.connect',
    'client.port',
  ];
  const format = { template: fields.flatMap((placeholder) => [{ placeholder, key: null }, ' ']) };
  assert.equal(textLine(format, new Map())(endOf({})), `${'- '.repeat(fields.length)}\n`);
});

test('secrets cannot be logged, and unknown fields do not compile', () => {
  assert.throws(() => textLine({ template: [{ secret: 'key' }] }, new Map()), TypeError);
  assert.throws(() => textLine({ template: [{ placeholder: 'team', key: null }] }, new Map()), TypeError);
});

test('times are right in every millisecond of a second, and over its end', () => {
  const start = Date.UTC(2026, 1, 28, 23, 59, 59, 0);
  for (let ms = 0; ms < 2000; ms++) assert.equal(isoTime(start + ms + 0.7), new Date(start + ms).toISOString());
  assert.equal(clfTime(start + 999), '28/Feb/2026:23:59:59 +0000');
  assert.equal(clfTime(start + 1000), '01/Mar/2026:00:00:00 +0000');
});
