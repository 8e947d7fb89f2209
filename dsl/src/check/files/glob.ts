/**
 * Glob: the files that a pattern with `*`, `?` and `**` names, in order. Main thread; reads folders only.
 *
 * `*` and `?` stay in one segment and leave out names that begin with a dot; `**` is any number of folders, and follows no
 * links, so that it ends.
 */
import { readdir, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';

/** Most folders that one pattern may read: it is meant for a folder of rules, not for a disk. */
const FOLDER_LIMIT = 2_000;

/** isGlob says whether a path is a pattern. */
export function isGlob(path: string): boolean {
  return /[*?]/.test(path);
}

/** findFiles returns the absolute paths of the files that match, sorted by code units. Rejects past FOLDER_LIMIT. */
export async function findFiles(folder: string, pattern: string): Promise<readonly string[]> {
  const { root } = parse(pattern);
  const segments = pattern
    .slice(root.length)
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.');
  const search = new Search();
  await search.walk(root === '' ? folder : root, segments);
  return [...search.found].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

class Search {
  readonly found = new Set<string>();
  #folders = 0;

  async walk(folder: string, segments: readonly string[]): Promise<void> {
    const [segment, ...rest] = segments;
    if (segment === undefined) return;
    if (!isGlob(segment)) {
      await this.#take(join(folder, segment), rest);
      return;
    }
    if (++this.#folders > FOLDER_LIMIT) throw new Error(`it looks into more than ${FOLDER_LIMIT} folders`);
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    if (segment === '**') {
      await this.walk(folder, rest);
      for (const entry of entries) {
        if (entry.isDirectory() && !entry.name.startsWith('.')) await this.walk(join(folder, entry.name), segments);
      }
      return;
    }
    const matches = segmentTest(segment);
    for (const { name } of entries) if (matches(name)) await this.#take(join(folder, name), rest);
  }

  async #take(path: string, rest: readonly string[]): Promise<void> {
    if (rest.length > 0) {
      await this.walk(path, rest);
      return;
    }
    const found = await stat(path).catch(() => null);
    if (found?.isFile() === true) this.found.add(path);
  }
}

function segmentTest(segment: string): (name: string) => boolean {
  const source = segment.replace(/[\\^$.|+()[\]{}]/g, '\\$&').replace(/\*+/g, '.*');
  const expression = new RegExp(`^${source.replaceAll('?', '.')}$`, 's');
  const hasDot = segment.startsWith('.');
  return (name) => (hasDot || !name.startsWith('.')) && expression.test(name);
}
