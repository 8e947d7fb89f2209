/**
 * AccessLogFile: the file that the data planes' access log lines go to. Main thread.
 *
 * The file is opened again at every reload, so that it can be rotated: move it, then send SIGHUP. A file that cannot be
 * opened or written is told in the log, and costs its lines, never a request. It is tried again every few seconds, as full disks
 * are emptied.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Logger } from 'pino';
import type { AccessBatch } from '../../shared/orders/access-batch.ts';
import { reasonOf } from '../report/errors.ts';

/** How long a file that failed is left alone. */
const AGAIN_MS = 5000;

export class AccessLogFile {
  readonly #log: Logger;
  readonly #now: () => number;
  #path: string | null = null;
  #stream: WriteStream | null = null;
  /** When the file failed; null: it did not. */
  #failedMs: number | null = null;
  #dropped = 0;

  /** `now` is any clock of milliseconds. */
  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** use opens a file (null: none) in place of the one before. */
  use(path: string | null): void {
    const before = this.#stream;
    this.#path = path;
    this.#failedMs = null;
    this.#stream = path === null ? null : this.#open(path);
    before?.end();
  }

  /** take writes a batch. */
  take({ text, lines, dropped, written }: AccessBatch): void {
    if (dropped > 0) this.#tellDropped(dropped);
    const stream = this.#writable();
    const done = (error?: Error | null): void => {
      Atomics.add(written, 0, 1);
      if (error) this.#tellDropped(lines);
      else if (this.#failedMs !== null && stream === this.#stream) this.#recovered();
    };
    if (stream !== null) {
      stream.write(text, done);
      return;
    }
    done();
    if (this.#path !== null) this.#tellDropped(lines);
  }

  /** close resolves when all that was taken is in the file. */
  async close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = null;
    this.#path = null;
    if (stream === null) return;
    stream.end();
    // What went wrong was told when it did.
    await finished(stream).catch(() => {});
  }

  /** writable is the stream to write to, opened again if it failed a while ago; null: there is none. */
  #writable(): WriteStream | null {
    const stream = this.#stream;
    if (stream === null || stream.writable) return stream;
    if (this.#failedMs === null || this.#now() - this.#failedMs < AGAIN_MS) return null;
    this.#failedMs = this.#now();
    this.#stream = this.#open(this.#path!);
    return this.#stream;
  }

  #open(path: string): WriteStream {
    const stream = createWriteStream(path, { flags: 'a' });
    stream.on('error', (error) => {
      if (stream !== this.#stream) return;
      if (this.#failedMs === null) {
        this.#log.error({ file: path, reason: reasonOf(error) }, `the access log ${path} cannot be written`);
      }
      this.#failedMs = this.#now();
    });
    return stream;
  }

  #recovered(): void {
    this.#failedMs = null;
    this.#log.info({ file: this.#path, dropped: this.#dropped }, `the access log ${this.#path} can be written again`);
    this.#dropped = 0;
  }

  /** The first lines are told at once, then each time there are ten times as many. */
  #tellDropped(count: number): void {
    const before = this.#dropped;
    this.#dropped += count;
    if (before > 0 && Math.floor(Math.log10(before)) === Math.floor(Math.log10(this.#dropped))) return;
    this.#log.warn({ dropped: this.#dropped }, `${this.#dropped} lines of the access log were dropped`);
  }
}
