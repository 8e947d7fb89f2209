/**
 * LogFile: an access log in a file. Main thread.
 *
 * The file is opened again at every reload, and when `reopen` is called, so that it can be rotated: move it, then have it opened again. What comes until
 * then goes to the moved file, so that no line is lost.
 */
import { closeFile, openFile, writeSome } from './descriptor.ts';
import { WrittenLog, type WrittenLogOptions } from './written-log.ts';

export class LogFile extends WrittenLog {
  readonly #path: string;
  /** null: it is not open. */
  #descriptor: number | null = null;
  #isStale = false;

  constructor(path: string, options: WrittenLogOptions) {
    super(path, options);
    this.#path = path;
    this.open();
  }

  reopen(): void {
    this.#isStale = true;
    this.open();
  }

  protected async prepare(): Promise<void> {
    if (this.#isStale) {
      this.#isStale = false;
      await this.shut();
    }
    this.#descriptor ??= await openFile(this.#path, 'a');
  }

  protected write(bytes: Buffer, from: number): Promise<number> {
    return writeSome(this.#descriptor!, bytes, from);
  }

  protected async shut(): Promise<void> {
    const descriptor = this.#descriptor;
    this.#descriptor = null;
    // What cannot be closed is lost; what was written to it is not.
    if (descriptor !== null) await closeFile(descriptor).catch(() => {});
  }
}
