/**
 * StateFolder: the files of a gateway's state on disk. Main thread.
 *
 * There is always a whole one: the next is written beside it, flushed, and renamed over it; the one before stays as `.previous`. What a later
 * release or something else wrote is moved aside, never written over.
 */
import { link, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { flushFolder, writeFlushed } from '../../plugin/whole-file.ts';
import { codeOf } from '../report/errors.ts';
import { fileReason } from '../report/path-problem.ts';
import { decodeSnapshot, SnapshotError, type SnapshotFlaw } from './snapshot.ts';

const STATE_FILE = 'gateway.state';

/** Only the gateway's own user reads it: it holds the key of stickiness cookies, and addresses of servers. */
const MODE = 0o600;

export class StateFolder {
  readonly folder: string;
  readonly #log: Logger;
  readonly #file: string;
  readonly #previous: string;
  readonly #next: string;
  /** The file is worth keeping as the previous one. */
  #isWhole = false;

  constructor(folder: string, log: Logger) {
    this.folder = folder;
    this.#log = log;
    this.#file = join(folder, STATE_FILE);
    this.#previous = `${this.#file}.previous`;
    this.#next = `${this.#file}.next`;
  }

  /** lockFile is what gateways that share the folder by mistake agree by. */
  get lockFile(): string {
    return `${this.#file}.lock`;
  }

  /**
   * read resolves to the newest state that is whole, or null where there is none; what is wrong with a file is logged. `isOurs`: nobody
   * else writes here, so that what is not ours can be moved aside. Never rejects.
   */
  async read(isOurs: boolean): Promise<Uint8Array | null> {
    this.#isWhole = false;
    for (const file of [this.#file, this.#previous]) {
      const { bytes, flaw } = await this.#look(file, isOurs);
      if (bytes !== null) {
        this.#isWhole = file === this.#file;
        if (file === this.#previous) this.#log.warn({ file }, `the newest whole state is the one before, ${file}`);
        return bytes;
      }
      // Older state would be that of another time and another release.
      if (flaw === 'newer') {
        if (file === this.#file) await this.#look(this.#previous, isOurs);
        return null;
      }
    }
    return null;
  }

  /** write puts a state on disk, and resolves when it is there for good. Rejects with the system's error, with the file before untouched. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      await rm(this.#next, { force: true });
      await writeFlushed(this.#next, bytes, MODE);
      if (this.#isWhole) await this.#keepPrevious();
      await rename(this.#next, this.#file);
      this.#isWhole = true;
    } catch (thrown) {
      await rm(this.#next, { force: true }).catch(() => {});
      throw thrown;
    }
    await flushFolder(this.folder);
  }

  /** keepPrevious gives the file a second name, so that there is one at every moment; where a file cannot have two, for a moment there is only the second. */
  async #keepPrevious(): Promise<void> {
    await rm(this.#previous, { force: true });
    await link(this.#file, this.#previous).catch(() => rename(this.#file, this.#previous));
  }

  async #look(
    file: string,
    isOurs: boolean,
  ): Promise<{ readonly bytes: Uint8Array | null; readonly flaw: SnapshotFlaw | null }> {
    try {
      const bytes = await readFile(file);
      decodeSnapshot(bytes);
      return { bytes, flaw: null };
    } catch (thrown) {
      if (!(thrown instanceof SnapshotError)) {
        if (codeOf(thrown) !== 'ENOENT')
          this.#log.warn({ file }, `the state in ${file} cannot be read: ${fileReason(thrown)}`);
        return { bytes: null, flaw: null };
      }
      const { flaw, message } = thrown;
      const kept = flaw === 'torn' || !isOurs ? null : await this.#moveAside(file);
      const more = kept === null ? '' : `; it is kept as ${kept}`;
      this.#log.warn({ file, flaw }, `the state in ${file} is not used: ${message}${more}`);
      return { bytes: null, flaw };
    }
  }

  async #moveAside(file: string): Promise<string | null> {
    const aside = `${file}.aside-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
    try {
      await rename(file, aside);
      return aside;
    } catch {
      return null;
    }
  }
}
