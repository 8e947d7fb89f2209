/**
 * Storage: files that are whole or not there, and that only their owner reads. Main thread.
 */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';

const MOST_BYTES = 1024 * 1024;

/** writeText replaces a file as a whole, on the disk when it resolves. */
export async function writeText(file: string, text: string): Promise<void> {
  const fresh = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    const handle = await open(fresh, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, file);
  } catch (thrown) {
    await rm(fresh, { force: true }).catch(() => {});
    throw thrown;
  }
}

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
