/**
 * WrittenLog: an access log that is written to a file descriptor: one write at a time, in order, off the event loop. Main thread.
 *
 * A descriptor that cannot be opened or written is reported in the gateway's log, and costs its lines, never a request. It is tried again every
 * few seconds, as full disks are emptied. What waits is bounded by the data planes: each has at most some batches on their way.
 */
import type { LogDestination } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import type { AccessBatch } from '../../shared/orders/access-batch.ts';
import { reasonOf } from '../report/errors.ts';
import type { LinesDropped, LogSink } from './log-sink.ts';

/** How long what failed is left alone. */
const AGAIN_MS = 5000;

/** Characters that are written at once. */
const MOST_AT_ONCE = 1024 * 1024;

export const LF = 0x0a;

/** WrittenLogOptions are what each of them needs. */
export interface WrittenLogOptions {
  readonly log: Logger;
  readonly dropped: LinesDropped;
  /** Any clock of milliseconds. */
  readonly now: () => number;
}

export abstract class WrittenLog implements LogSink {
  /** As the gateway's log calls it. */
  protected readonly name: string;
  protected readonly log: Logger;
  readonly #dropped: LinesDropped;
  readonly #now: () => number;
  readonly #waiting: AccessBatch[] = [];
  /** Resolves when nothing is being written; null: nothing is. */
  #writing: Promise<void> | null = null;
  /** When it failed; null: it did not. */
  #failedMs: number | null = null;
  #lost = 0;
  /** What is open is not to be, or what is to be open is not. */
  #isDue = false;
  /** The last write broke off within a line. */
  #isTorn = false;

  constructor(name: string, { log, dropped, now }: WrittenLogOptions) {
    this.name = name;
    this.log = log;
    this.#dropped = dropped;
    this.#now = now;
  }

  /** prepare makes everything ready for a write of so many bytes: opens, or rotates. Rejects if that cannot be done. */
  protected abstract prepare(bytes: number): Promise<void>;
  /** write writes some of the bytes from an index on, and resolves to how many. */
  protected abstract write(bytes: Buffer, from: number): Promise<number>;
  /** shut closes the descriptor. Never rejects. */
  protected abstract shut(): Promise<void>;
  abstract reopen(): void;

  use(_to: LogDestination): void {
    // There is nothing to change.
  }

  take(batch: AccessBatch): void {
    if (batch.lines === 0) {
      Atomics.add(batch.written, 0, 1);
      return;
    }
    this.#waiting.push(batch);
    this.#begin();
  }

  async close(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
    await this.shut();
  }

  /** open has everything made ready now, not with the next line; whatever failed may have been mended. */
  protected open(): void {
    if (this.#failedMs !== null) this.#failedMs = Number.NEGATIVE_INFINITY;
    this.#isDue = true;
    this.#begin();
  }

  /** How long what failed is left alone, in milliseconds. */
  protected get againMs(): number {
    return AGAIN_MS;
  }

  /** encode makes bytes of lines, each with its line feed. */
  protected encode(lines: string): Buffer {
    return Buffer.from(lines, 'utf8');
  }

  /** lose counts lines that could not be written. */
  protected lose(lines: number): void {
    this.#lost += lines;
    this.#dropped(lines);
  }

  /** The most that is written at once, in characters, unless one batch is more. */
  protected get most(): number {
    return MOST_AT_ONCE;
  }

  /** How many of the batches that wait are written next. */
  get #nextCount(): number {
    let count = 0;
    for (let length = 0; count < this.#waiting.length; count++) {
      length += this.#waiting[count]!.text.length;
      if (length > this.most && count > 0) break;
    }
    return count;
  }

  #begin(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
      if (this.#waiting.length > 0 || this.#isDue) this.#begin();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0 || this.#isDue) {
      this.#isDue = false;
      const batches = this.#waiting.splice(0, this.#nextCount);
      let lines = 0;
      for (const batch of batches) lines += batch.lines;
      if (!(await this.#writeBatches(batches)) && lines > 0) this.lose(lines);
      for (const { written } of batches) Atomics.add(written, 0, 1);
    }
  }

  /** writeBatches returns false if what was to be written is lost, in part at least. */
  async #writeBatches(batches: readonly AccessBatch[]): Promise<boolean> {
    const failedMs = this.#failedMs;
    if (failedMs !== null && this.#now() - failedMs < this.againMs) return false;
    const hasLines = batches.length > 0;
    const text = batches.map((batch) => batch.text).join('');
    const bytes = this.encode(hasLines && this.#isTorn ? `\n${text}` : text);
    let at = 0;
    try {
      await this.prepare(bytes.length);
      while (at < bytes.length) at += await this.write(bytes, at);
      if (hasLines) this.#isTorn = false;
      if (this.#failedMs !== null && hasLines) this.#recovered();
      return true;
    } catch (thrown) {
      if (at > 0) this.#isTorn = bytes[at - 1] !== LF;
      if (this.#failedMs === null) {
        this.log.error({ file: this.name, reason: reasonOf(thrown) }, `the access log ${this.name} cannot be written`);
      }
      this.#failedMs = this.#now();
      return false;
    }
  }

  #recovered(): void {
    this.#failedMs = null;
    this.log.info({ file: this.name, dropped: this.#lost }, `the access log ${this.name} can be written again`);
    this.#lost = 0;
  }
}
