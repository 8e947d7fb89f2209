/**
 * WholeFile: files of secrets that are whole or not there, and that only their owner reads. Main thread.
 */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/**
 * writeWhole replaces a file, mode 0600, on the disk when it resolves: whoever reads it sees the old one or the new one, also when two write
 * at once. Rejects with the system's error, and leaves nothing behind.
 */
export async function writeWhole(file: string, text: string): Promise<void> {
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
