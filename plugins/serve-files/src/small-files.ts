/**
 * SmallFiles: what was found lately, and the bytes of files that are small, so that a page which everybody asks for at once
 * is not looked up each time. Data threads.
 *
 * An entry is good for a second. Those who ask meanwhile for the same path wait for one look-up together.
 */
import type { Version } from './conditions.ts';
import type { Place } from './file-root.ts';

/** Found is a file that may be sent. `bytes`: all of it, where it is small. */
export interface Found {
  readonly place: Extract<Place, { kind: 'file' }>;
  readonly size: number;
  readonly version: Version;
  readonly lastModified: string;
  readonly type: string;
  readonly isPage: boolean;
  readonly bytes: Buffer | null;
}

export type Lookup = Found | 'folder' | null;

/** Larger files are read as they are sent. */
export const SMALL_BYTES = 65_536;
const FRESH_MS = 1000;
const MOST_ENTRIES = 512;
const MOST_BYTES = 8 * 1024 * 1024;

interface Entry {
  readonly found: Found;
  readonly atMs: number;
}

export class SmallFiles {
  readonly #now: () => number;
  /** Oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #asked = new Map<string, Promise<Lookup>>();
  #bytes = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** get returns what is known and fresh. */
  get(key: string): Found | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && this.#now() - entry.atMs < FRESH_MS ? entry.found : undefined;
  }

  /** ask looks a path up, once for all who ask meanwhile. What does not exist is not kept: there is no end of it. */
  ask(key: string, look: () => Promise<Lookup>): Promise<Lookup> {
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    const atMs = this.#now();
    const asking = look()
      .then((found) => {
        this.forget(key);
        if (found !== null && found !== 'folder') this.#keep(key, { found, atMs });
        return found;
      })
      .finally(() => this.#asked.delete(key));
    this.#asked.set(key, asking);
    return asking;
  }

  forget(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.found.bytes?.length ?? 0;
  }

  #keep(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.found.bytes?.length ?? 0;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MOST_ENTRIES && this.#bytes <= MOST_BYTES) return;
      this.forget(oldest);
    }
  }
}
