/**
 * A thread that reads a notice over and over again until the flag is set, and counts those that are not whole. Test code.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { NoticeBoard } from '../../../src/shared/tables/notice-board.ts';
import type { SharedMemory } from '../../../src/shared/tables/shared-memory.ts';

const { memory, flag } = workerData as { readonly memory: SharedMemory; readonly flag: SharedArrayBuffer };
const board = new NoticeBoard(memory);
const isOver = new Int32Array(flag);
let reads = 0;
let bad = 0;
parentPort!.postMessage('ready');
while (Atomics.load(isOver, 0) === 0) {
  const text = board.get('key');
  reads++;
  if (text === null || !/^(?:a+|b+)$/.test(text)) bad++;
}
parentPort!.postMessage({ reads, bad });
