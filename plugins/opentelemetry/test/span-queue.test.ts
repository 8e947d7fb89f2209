import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TracedRequest } from '@sluice/core/plugin';
import { FakeLog } from '@sluice/plugin-kit';
import { SpanQueue } from '../src/span-queue.ts';

type Done = (result: { code: number; error?: Error }) => void;

/** A collector whose answers the test gives. */
function queueOf(most: number) {
  const exports: { readonly count: number; readonly done: Done }[] = [];
  const log = new FakeLog();
  let isShut = false;
  const queue = new SpanQueue({
    exporter: {
      export: (spans, done) => void exports.push({ count: spans.length, done }),
      shutdown: async () => {
        isShut = true;
      },
    },
    spansOf: () => [{} as never],
    ...{ log, most, url: 'http://collector/v1/traces', everyMs: 50 },
  });
  const record = (count: number): void => {
    for (let index = 0; index < count; index++) queue.record({} as TracedRequest);
  };
  const exported = async (index: number) => {
    while (exports[index] === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    return exports[index];
  };
  return { queue, log, exports, record, exported, isShut: () => isShut };
}

const OK = { code: 0 };

test('a slow collector has one batch at a time; what the queue cannot hold is dropped, counted and told once', async () => {
  const { record, exported, exports, log, queue } = queueOf(10);
  record(10);
  const first = await exported(0);
  assert.equal(first.count, 10);
  record(25);
  assert.equal(exports.length, 1);
  first.done(OK);
  const second = await exported(1);
  assert.equal(second.count, 10);
  second.done(OK);
  const stopped = queue.stop();
  await stopped;
  assert.deepEqual(log.messages, ['15 requests were not traced: the queue was full']);
});

test('a full batch does not wait, and a larger queue goes in several', async () => {
  const { record, exported, queue } = queueOf(1000);
  record(300);
  for (const [index, count] of [128, 128, 44].entries()) {
    const batch = await exported(index);
    assert.equal(batch.count, count);
    batch.done(OK);
  }
  await queue.stop();
});

test('failures are told once, and the return with what was lost', async () => {
  const { record, exported, log, queue } = queueOf(10);
  record(1);
  (await exported(0)).done({ code: 1, error: new Error('boom') });
  record(2);
  (await exported(1)).done({ code: 1, error: new Error('bang') });
  record(1);
  (await exported(2)).done(OK);
  await queue.stop();
  assert.deepEqual(log.messages, [
    'traces cannot be sent to http://collector/v1/traces: boom. Requests are served as before, and those that are not traced are counted',
    'traces are sent again; 3 requests were not traced',
  ]);
});

test('an exporter that throws has failed, and the queue goes on', async () => {
  const log = new FakeLog();
  let calls = 0;
  const queue = new SpanQueue({
    exporter: {
      export: (_, done) => {
        if (calls++ === 0) throw new TypeError('broken');
        done(OK);
      },
      shutdown: async () => {},
    },
    spansOf: () => [],
    ...{ log, most: 10, url: 'http://collector/v1/traces', everyMs: 50 },
  });
  for (let index = 0; index < 20; index++) queue.record({} as TracedRequest);
  while (log.lines.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  queue.record({} as TracedRequest);
  while (log.lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await queue.stop();
  assert.match(log.messages[0]!, /: broken\. /);
  assert.match(log.messages[1]!, /^traces are sent again; 20 requests were not traced$/);
});

test('a stop sends what waits and closes the exporter, and does not try a collector that fails', async () => {
  const well = queueOf(1000);
  well.record(130);
  const stopped = well.queue.stop();
  (await well.exported(0)).done(OK);
  (await well.exported(1)).done(OK);
  await stopped;
  assert.deepEqual([well.exports.map(({ count }) => count), well.isShut()], [[128, 2], true]);

  const ill = queueOf(1000);
  ill.record(300);
  (await ill.exported(0)).done({ code: 1, error: new Error('boom') });
  await ill.queue.stop();
  assert.equal(ill.isShut(), true);
  assert.deepEqual(ill.log.messages.slice(1), ['300 requests were not traced: the collector did not take them']);
});
