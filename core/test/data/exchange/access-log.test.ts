import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIp } from '@sluice/dsl/match';
import { accessLine, type LoggedEnd } from '../../../src/data/exchange/access-line.ts';
import { AccessLog } from '../../../src/data/loop/access-log.ts';
import { LiveRequest } from '../../../src/data/message/live-request.ts';
import type { AccessBatch } from '../../../src/shared/orders/access-batch.ts';

const END: LoggedEnd = {
  listener: { name: 'web' } as never,
  rule: null,
  backend: null,
  server: -1,
  status: 200,
  responseMs: -1,
  totalMs: 1.4,
  isRelayed: false,
  bytesIn: 0,
  bytesOut: 0,
};

function requestOf(path: string): LiveRequest {
  const request = new LiveRequest();
  request.ip = parseIp('198.51.100.7')!;
  request.sentMethod = 'GET';
  request.path = path;
  return request;
}

function logOf(): { log: AccessLog; batches: AccessBatch[] } {
  const batches: AccessBatch[] = [];
  return { log: new AccessLog((batch) => batches.push(batch)), batches };
}

function add(log: AccessLog, request: LiveRequest, end: LoggedEnd): void {
  if (log.hasRoom()) log.add(accessLine(request, end));
}

test('lines are gathered, and go out together', () => {
  const { log, batches } = logOf();
  add(log, requestOf('/a'), END);
  add(log, requestOf('/b'), { ...END, status: 0 });
  assert.equal(batches.length, 0);
  log.flush();
  log.flush();
  assert.equal(batches.length, 1);
  const lines = batches[0]!.text.split('\n').slice(0, -1);
  const [first, second] = lines.map((line) => JSON.parse(line));
  assert.deepEqual(
    [first.path, first.status, first.backend, first.timings],
    ['/a', 200, null, { responseMs: null, totalMs: 1 }],
  );
  assert.deepEqual([second.path, 'status' in second], ['/b', false]);
  assert.equal(batches[0]!.lines, 2);
});

test('a large batch goes out at once', () => {
  const { log, batches } = logOf();
  add(log, requestOf(`/${'x'.repeat(70_000)}`), END);
  assert.equal(batches.length, 1);
});

test('whatever a request holds, a line is one line of JSON', () => {
  const { log, batches } = logOf();
  const odd = '/"\\\n\u2028\u0000é';
  const request = requestOf(odd);
  request.query = odd;
  request.sentMethod = 'M"';
  add(log, request, END);
  log.flush();
  const [line, rest] = batches[0]!.text.split('\n');
  assert.equal(rest, '');
  const { path, query, method } = JSON.parse(line!);
  assert.deepEqual([path, query, method], [odd, odd, 'M"']);
});

test('lines are dropped and counted while nobody writes, and come again when somebody does', () => {
  const { log, batches } = logOf();
  const large = requestOf(`/${'x'.repeat(70_000)}`);
  for (let index = 0; index < 40; index++) add(log, large, END);
  assert.equal(batches.length, 32);
  for (const { written } of batches) Atomics.add(written, 0, 1);
  add(log, large, END);
  assert.equal(batches.length, 33);
  assert.equal(batches[32]!.dropped, 8);
});
