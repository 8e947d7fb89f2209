/**
 * StandardLog: an access log on standard output or standard error. Main thread.
 *
 * It is written by descriptor, off the event loop: `process.stdout` of Node waits for whoever reads a pipe, and with it would the whole
 * control plane.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { codeOf } from '../report/errors.ts';
import { writeSome } from './descriptor.ts';
import { WrittenLog, type WrittenLogOptions } from './written-log.ts';

/** How long a pipe that is full is left alone. */
const FULL_MS = 10;

const DESCRIPTORS = { stdout: 1, stderr: 2 } as const;

export class StandardLog extends WrittenLog {
  readonly #descriptor: number;
  #isClosing = false;

  constructor(stream: keyof typeof DESCRIPTORS, options: WrittenLogOptions) {
    super(stream, options);
    this.#descriptor = DESCRIPTORS[stream];
  }

  reopen(): void {
    this.open();
  }

  override close(): Promise<void> {
    this.#isClosing = true;
    return super.close();
  }

  protected async prepare(): Promise<void> {
    // It is open.
  }

  protected async write(bytes: Buffer, from: number): Promise<number> {
    for (;;) {
      try {
        return await writeSome(this.#descriptor, bytes, from);
      } catch (thrown) {
        // A pipe that does not wait is full: whoever reads it is behind. At the end nobody is waited for.
        if (codeOf(thrown) !== 'EAGAIN' || this.#isClosing) throw thrown;
        await wait(FULL_MS, undefined, { ref: false });
      }
    }
  }

  protected async shut(): Promise<void> {
    // It belongs to the process.
  }
}
