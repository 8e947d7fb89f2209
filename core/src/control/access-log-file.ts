/**
 * AccessLogFile: the file that the data planes' access log lines go to. Main thread.
 *
 * The file is opened again at every reload, so that it can be rotated: move it, then send SIGHUP. A file that cannot be
 * opened or written is told in the log, and costs its lines, never a request.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Logger } from 'pino';
import type { AccessBatch } from '../shared/access-batch.ts';
import { reasonOf } from './errors.ts';

export class AccessLogFile {
  readonly #log: Logger;
  #stream: WriteStream | null = null;
  #dropped = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** use opens a file (null: none) in place of the one before. */
  use(path: string | null): void {
    const before = this.#stream;
    this.#stream = path === null ? null : this.#open(path);
    before?.end();
  }

  /** take writes a batch. */
  take({ text, lines, dropped, written }: AccessBatch): void {
    const done = (): void => void Atomics.add(written, 0, 1);
    const stream = this.#stream;
    if (dropped > 0) this.#tellDropped(dropped);
    if (stream === null || !stream.writable) {
      if (stream !== null) this.#tellDropped(lines);
      done();
    } else stream.write(text, done);
  }

  /** close resolves when all that was taken is in the file. */
  async close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = null;
    if (stream === null) return;
    stream.end();
    // What went wrong was told when it did.
    await finished(stream).catch(() => {});
  }

  #open(path: string): WriteStream {
    const stream = createWriteStream(path, { flags: 'a' });
    stream.on('error', (error) => {
      this.#log.error({ file: path, reason: reasonOf(error) }, `the access log ${path} cannot be written`);
    });
    return stream;
  }

  /** The first lines are told at once, then each time there are ten times as many. */
  #tellDropped(count: number): void {
    const before = this.#dropped;
    this.#dropped += count;
    if (before > 0 && Math.floor(Math.log10(before)) === Math.floor(Math.log10(this.#dropped))) return;
    this.#log.warn({ dropped: this.#dropped }, `${this.#dropped} lines of the access log were dropped`);
  }
}
