/**
 * ComponentFiles: looks at the files that component options depend on, such as certificates, while the rules run. Main thread.
 *
 * Files that are replaced one after the other (a certificate, then its key) do not fit together for a moment, so a change is acted
 * on only when nothing has changed for a whole look.
 */
import { stat } from 'node:fs/promises';
import type { Timers } from '../clock/timers.ts';
import { reasonOf } from '../report/errors.ts';

/** How often the files are looked at. */
const LOOK_INTERVAL_MS = 5000;

export interface ComponentFilesOptions {
  readonly timers: Timers;
  /** The files of the active plan, absolute. */
  files(): readonly string[];
  /** They have changed and then been still. A rejection is not expected. */
  changed(): Promise<void>;
}

export class ComponentFiles {
  readonly #options: ComponentFilesOptions;
  #timer: unknown = null;
  /** What the active files were like when they were read; null: not looked at yet. */
  #inForce: string | null = null;
  #last: string | null = null;
  #watching = 0;

  constructor(options: ComponentFilesOptions) {
    this.#options = options;
  }

  /** watch begins anew with the files of the active plan, which are taken as they are now. */
  watch(): void {
    this.stop();
    if (this.#options.files().length === 0) return;
    const watching = ++this.#watching;
    void stampOf(this.#options.files()).then((stamp) => {
      if (watching !== this.#watching) return;
      this.#inForce = stamp;
      this.#last = stamp;
      this.#wait(watching);
    });
  }

  /** stop looks at nothing any more. */
  stop(): void {
    this.#watching++;
    if (this.#timer !== null) this.#options.timers.clear(this.#timer);
    this.#timer = null;
  }

  #wait(watching: number): void {
    this.#timer = this.#options.timers.set(() => void this.#look(watching), LOOK_INTERVAL_MS);
  }

  async #look(watching: number): Promise<void> {
    const stamp = await stampOf(this.#options.files());
    if (watching !== this.#watching) return;
    const isStill = stamp === this.#last;
    this.#last = stamp;
    if (isStill && stamp !== this.#inForce) {
      this.#inForce = stamp;
      await this.#options.changed();
      if (watching !== this.#watching) return;
    }
    this.#wait(watching);
  }
}

/** stampOf tells one state of the files from the next, as far as the file system does. */
async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    files.map(async (file) => {
      try {
        const { mtimeNs, ctimeNs, size, ino } = await stat(file, { bigint: true });
        return `${mtimeNs} ${ctimeNs} ${size} ${ino}`;
      } catch (thrown) {
        return reasonOf(thrown);
      }
    }),
  );
  return stamps.join('\n');
}
