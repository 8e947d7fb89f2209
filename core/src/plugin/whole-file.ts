/**
 * WholeFile: files that are replaced in one step: whoever opens one sees the old content or the new one, whole, also after a crash. Main thread.
 */
import { randomBytes } from 'node:crypto';
import { link, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Only the owner reads and writes it. */
const PRIVATE = 0o600;

export interface WholeFileOptions {
  /** Permissions. Default: 0600. */
  readonly mode?: number;
  /** True: it must not be there yet, or the write is rejected with EEXIST. Default: false. */
  readonly isNew?: boolean;
}

/**
 * writeWhole writes a file, or replaces it, and resolves when it is on the disk. Of two that write at once, the later one is there in the end. Rejects
 * with the system's error, and leaves nothing behind.
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  { mode = PRIVATE, isNew = false }: WholeFileOptions = {},
): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  await writeFlushed(beside, content, mode);
  try {
    // A link fails where there is something already, also when it came a moment ago; a rename would not.
    if (isNew) await link(beside, path);
    else await rename(beside, path);
  } finally {
    await rm(beside, { force: true }).catch(() => {});
  }
  await flushFolder(dirname(path));
}

/** rewriteWhole does so for a file that people keep: its permissions stay (0600 for a new one), and a symbolic link stays one. */
export async function rewriteWhole(file: string, content: string | Uint8Array): Promise<void> {
  const path = await realpath(file).catch(() => file);
  const mode = await stat(path).then(
    (found) => found.mode & 0o777,
    () => PRIVATE,
  );
  await writeWhole(path, content, { mode });
}

/** writeFlushed writes a file that must not be there yet, and resolves when its content is on the disk. Rejects with the system's error, without the file. */
export async function writeFlushed(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(content);
    // Whatever the process's mask took away.
    await handle.chmod(mode);
    await handle.sync();
  } catch (thrown) {
    await rm(path, { force: true }).catch(() => {});
    throw thrown;
  } finally {
    await handle.close();
  }
}

/** flushFolder has the names in a folder on the disk: a rename is, once its folder is. Never rejects: not every system can flush one. */
export async function flushFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The file is whole either way; after a power cut it may be the one before.
  }
}
