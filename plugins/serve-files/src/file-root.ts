/**
 * FileRoot: finds and opens the files of one folder, and no others. Data threads; everything is asynchronous.
 *
 * Symbolic links are followed as long as they end inside the folder (a site is often a link to its newest release), so a
 * path is resolved first, and what was opened is then compared with what was resolved: a link that changes in between opens
 * nothing. Devices, pipes and sockets are never opened. The folder itself may be a link, and is resolved again every second.
 */
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const ROOT_MS = 1000;
/** Most files that one event loop has open at once, over all its sites. */
const MOST_OPEN = 256;

/** What stands at a path. */
export type Place =
  | { readonly kind: 'file'; readonly path: string; readonly stats: BigIntStats }
  | { readonly kind: 'folder' }
  | { readonly kind: 'none' };

const NONE: Place = { kind: 'none' };

/** Busy: no more files may be open now. */
export class Busy extends Error {}

let openCount = 0;

/** openFiles is how many files are open on this event loop. For tests. */
export function openFiles(): number {
  return openCount;
}

export class FileRoot {
  readonly #folder: string;
  readonly #now: () => number;
  #real: Promise<string> | null = null;
  #realAtMs = 0;

  constructor(folder: string, now: () => number) {
    this.#folder = folder;
    this.#now = now;
  }

  /** find says what stands at these names. Rejects with the system's error where that is no plain absence. */
  async find(names: readonly string[]): Promise<Place> {
    try {
      const root = await this.#root();
      const path = await realpath(join(root, ...names));
      if (path !== root && !path.startsWith(root.endsWith(sep) ? root : root + sep)) return NONE;
      const stats = await lstat(path, { bigint: true });
      if (stats.isDirectory()) return { kind: 'folder' };
      return stats.isFile() ? { kind: 'file', path, stats } : NONE;
    } catch (error) {
      if (isAbsence(error)) return NONE;
      throw error;
    }
  }

  /** open opens what was found; null: it is another file by now. Rejects with Busy when too many are open. */
  async open(place: Extract<Place, { kind: 'file' }>): Promise<OpenFile | null> {
    if (openCount >= MOST_OPEN) throw new Busy('too many files are open');
    openCount++;
    let handle: FileHandle | null = null;
    try {
      handle = await open(place.path, FLAGS);
      const stats = await handle.stat({ bigint: true });
      if (isSame(stats, place.stats) && (await isAt(handle, place.path))) return new OpenFile(handle, stats);
    } catch (error) {
      if (!isAbsence(error)) {
        await letGo(handle);
        throw error;
      }
    }
    await letGo(handle);
    return null;
  }

  #root(): Promise<string> {
    const now = this.#now();
    if (this.#real === null || now - this.#realAtMs >= ROOT_MS) {
      this.#real = realpath(this.#folder);
      this.#realAtMs = now;
    }
    return this.#real;
  }
}

/** OpenFile is a file that stays the same while it is read, or fails. */
export class OpenFile {
  readonly #handle: FileHandle;
  readonly #stats: BigIntStats;

  constructor(handle: FileHandle, stats: BigIntStats) {
    this.#handle = handle;
    this.#stats = stats;
  }

  /** read fills a buffer from a position on, as far as the file goes. */
  async read(into: Buffer, position: number): Promise<number> {
    const { bytesRead } = await this.#handle.read(into, 0, into.length, position);
    return bytesRead;
  }

  /** isUnchanged: nobody has written to it since it was found. */
  async isUnchanged(): Promise<boolean> {
    return isSame(await this.#handle.stat({ bigint: true }), this.#stats);
  }

  close(): void {
    void letGo(this.#handle);
  }
}

async function letGo(handle: FileHandle | null): Promise<void> {
  await handle?.close().catch(() => {});
  openCount--;
}

function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return (
    one.ino === other.ino &&
    one.dev === other.dev &&
    one.size === other.size &&
    one.mtimeNs === other.mtimeNs &&
    one.isFile()
  );
}

/** isAt: where the system tells, what is open still is where it was found. */
async function isAt({ fd }: FileHandle, path: string): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const at = await readlink(`/proc/self/fd/${fd}`).catch(() => path);
  return at === path;
}

function isAbsence(error: unknown): boolean {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
    case 'ELOOP':
    case 'EINVAL':
    case 'ENXIO':
      return true;
    default:
      return false;
  }
}
