/**
 * DrainedLoop: a command that ends before its work is done. Main thread.
 *
 * Node ends a process quietly, with 0, when nothing is left to wait for, although a promise is. For a command that is a failure:
 * something it waits for, a plugin's promise above all, can never come.
 */
import { writeSync } from 'node:fs';
import { EXIT_PROBLEM } from './exit-codes.ts';

const DRAINED =
  'it ended before its work was done: something that it waits for, most likely a promise of a plugin, can never come';
const LEFT = 'it was ended before its work was done: a plugin has called `process.exit()`';

let isDone = false;

/** failWhenDrained makes an early end a failure with a message, until `workIsDone`. */
export function failWhenDrained(): void {
  process.on('beforeExit', () => fail(DRAINED));
  process.on('exit', (code) => {
    if (code === 0) fail(LEFT);
  });
}

/** workIsDone: from now on the process may end when it likes. */
export function workIsDone(): void {
  isDone = true;
}

function fail(why: string): void {
  if (isDone) return;
  isDone = true;
  writeSync(2, `sluice: ${why}\n`);
  process.exitCode = EXIT_PROBLEM;
}
