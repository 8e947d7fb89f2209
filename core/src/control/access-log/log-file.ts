/**
 * LogFile: an access log in a file, which rotates it where the rules say so. Main thread.
 *
 * The file is opened again at every reload, and when `reopen` is called, so that others can rotate it: they move it, then have it opened again. What
 * comes until then goes to the moved file, so that no line is lost. Its own rotation is done between two writes.
 */
import { rename } from 'node:fs/promises';
import type { LogDestination, LogRotation } from '@sluice/dsl/plan';
import { codeOf, reasonOf } from '../report/errors.ts';
import { closeFile, openFile, sizeOf, writeSome } from './descriptor.ts';
import { WrittenLog, type WrittenLogOptions } from './written-log.ts';

/** How long a file that could not be rotated grows until that is tried again. */
const AGAIN_MS = 5000;

export class LogFile extends WrittenLog {
  readonly #path: string;
  readonly #clock: () => number;
  #rotation: LogRotation | null = null;
  /** null: it is not open. */
  #descriptor: number | null = null;
  #size = 0;
  #isStale = false;
  /** When it could not be rotated; null: it could. */
  #stuckMs: number | null = null;

  constructor(to: Extract<LogDestination, { kind: 'file' }>, options: WrittenLogOptions) {
    super(to.path, options);
    this.#path = to.path;
    this.#clock = options.now;
    this.use(to);
    this.open();
  }

  override use(to: LogDestination): void {
    this.#rotation = to.kind === 'file' ? (to.rotation ?? null) : null;
  }

  /** No write makes a file larger than it may be. */
  protected override get most(): number {
    return Math.min(super.most, this.#rotation?.atBytes ?? super.most);
  }

  reopen(): void {
    this.#isStale = true;
    this.open();
  }

  protected async prepare(bytes: number): Promise<void> {
    if (this.#isStale) {
      this.#isStale = false;
      await this.shut();
    }
    if (this.#descriptor === null) await this.#open();
    const rotation = this.#rotation;
    if (rotation === null || this.#size === 0 || this.#size + bytes <= rotation.atBytes) return;
    if (this.#stuckMs !== null && this.#clock() - this.#stuckMs < AGAIN_MS) return;
    await this.shut();
    await this.#shift(rotation.keep);
    await this.#open();
  }

  protected async write(bytes: Buffer, from: number): Promise<number> {
    const written = await writeSome(this.#descriptor!, bytes, from);
    this.#size += written;
    return written;
  }

  protected async shut(): Promise<void> {
    const descriptor = this.#descriptor;
    this.#descriptor = null;
    // What cannot be closed is lost; what was written to it is not.
    if (descriptor !== null) await closeFile(descriptor).catch(() => {});
  }

  async #open(): Promise<void> {
    this.#descriptor = await openFile(this.#path, 'a');
    this.#size = await sizeOf(this.#descriptor);
  }

  /** shift renames the file and those that were renamed before; the oldest one is overwritten. One that cannot be renamed grows on. */
  async #shift(keep: number): Promise<void> {
    try {
      for (let number = keep - 1; number >= 1; number--) {
        await rename(`${this.#path}.${number}`, `${this.#path}.${number + 1}`).catch(unlessMissing);
      }
      await rename(this.#path, `${this.#path}.1`).catch(unlessMissing);
      this.#stuckMs = null;
    } catch (thrown) {
      if (this.#stuckMs === null) {
        const fields = { file: this.#path, reason: reasonOf(thrown) };
        this.log.error(fields, `the access log ${this.#path} cannot be rotated; it grows on`);
      }
      this.#stuckMs = this.#clock();
    }
  }
}

/** unlessMissing passes over a file that is not there: there were fewer before, or somebody moved it. */
function unlessMissing(thrown: unknown): void {
  if (codeOf(thrown) !== 'ENOENT') throw thrown;
}
