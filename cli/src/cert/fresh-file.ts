/**
 * FreshFile: files that hold keys: written whole, for their owner alone, and never over another by mistake. Main thread.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CertError } from './cert-error.ts';

export interface FreshFile {
  readonly path: string;
  readonly bytes: string | Buffer;
  /** Others may read it: it holds no key. */
  readonly isPublic: boolean;
}

/** writeFresh writes a file with mode 0600, or 0644 where it is public. Rejects with CertError when it is there already, unless `isForced`. */
export async function writeFresh({ path, bytes, isPublic }: FreshFile, isForced: boolean): Promise<void> {
  const fresh = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  const mode = isPublic ? 0o644 : 0o600;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    const handle = await open(fresh, 'wx', mode);
    try {
      await handle.chmod(mode);
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // A link fails where there is something already, also when it came a moment ago; a rename would not.
    if (isForced) await rename(fresh, path);
    else await link(fresh, path);
  } catch (thrown) {
    throw new CertError(`cannot write \`${path}\`: ${reasonOf(thrown)}`);
  } finally {
    await rm(fresh, { force: true }).catch(() => {});
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'it already exists (use --force to overwrite it)',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is no folder',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
};

function reasonOf(thrown: unknown): string {
  const { code, message } = thrown as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? message;
}
