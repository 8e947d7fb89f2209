/**
 * What the control plane posts, every thread reads at once, whole or not at all.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import { NoticeBoard } from '../../../src/shared/tables/notice-board.ts';

test('a notice is read by its key until it is taken down', () => {
  const memory = createSharedMemory({ threads: 1 });
  const [writer, reader] = [new NoticeBoard(memory), new NoticeBoard(memory)];
  assert.equal(reader.get('a'), null);
  assert.equal(writer.post('a', 'one'), true);
  assert.equal(writer.post('b', 'zwei ü'), true);
  assert.equal(writer.post('a', 'another'), true);
  assert.deepEqual([reader.get('a'), reader.get('b'), reader.get('')], ['another', 'zwei ü', null]);
  writer.remove('a');
  writer.remove('a');
  assert.deepEqual([reader.get('a'), reader.get('b')], [null, 'zwei ü']);
  writer.remove('b');
  assert.equal(reader.get('b'), null);
});

test('a text as long as its key is no other text', () => {
  const board = new NoticeBoard(createSharedMemory({ threads: 1 }));
  board.post('key', 'text');
  assert.deepEqual([board.get('kex'), board.get('keyt'), board.get('ke')], [null, null, null]);
});

test('texts that are too long or too many are refused', () => {
  const board = new NoticeBoard(createSharedMemory({ threads: 1 }));
  assert.equal(board.post('k', 'x'.repeat(9000)), false);
  let count = 0;
  while (board.post(`key ${count}`, 'x')) count++;
  assert.equal(count, 64);
  assert.equal(board.post('key 0', 'y'), true, 'one that is there can be changed');
  board.remove('key 9');
  assert.equal(board.post('more', 'x'), true);
  assert.equal(board.get('key 63'), 'x');
});

test('another thread never sees half of a notice', async () => {
  const memory = createSharedMemory({ threads: 1 });
  const board = new NoticeBoard(memory);
  board.post('key', 'a'.repeat(4000));
  const flag = new SharedArrayBuffer(4);
  const reader = new Worker(new URL('notice-reader.ts', import.meta.url), { workerData: { memory, flag } });
  await once(reader, 'message');
  for (let turn = 0; turn < 20_000; turn++) board.post('key', (turn % 2 === 0 ? 'b' : 'a').repeat(100 + (turn % 4000)));
  Atomics.store(new Int32Array(flag), 0, 1);
  const [{ reads, bad }] = await once(reader, 'message');
  assert.equal(bad, 0);
  assert.ok(reads > 0);
  await reader.terminate();
});
