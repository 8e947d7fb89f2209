/**
 * Storage: what is read of the folder that certificates are kept in. Main thread.
 */
import { readFile, stat } from 'node:fs/promises';

const MOST_BYTES = 1024 * 1024;

/** readText returns a file's text; null: there is none. Rejects with the system's error for one that cannot be read. */
export async function readText(file: string): Promise<string | null> {
  try {
    if ((await stat(file)).size > MOST_BYTES) return '';
    return await readFile(file, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
}

/** A file that is older was there when the rules were read. */
const FRESH_MS = 60_000;

/** isFresh: a file was written within the last minute. */
export async function isFresh(file: string): Promise<boolean> {
  return Date.now() - (await stat(file)).mtimeMs < FRESH_MS;
}
