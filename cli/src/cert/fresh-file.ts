/**
 * FreshFile: files that hold keys: written whole, for their owner alone, and never over another by mistake. Main thread.
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole } from '@sluice/core/whole-file';
import { CertError } from './cert-error.ts';

export interface FreshFile {
  readonly path: string;
  readonly bytes: string | Buffer;
  /** Others may read it: it holds no key. */
  readonly isPublic: boolean;
}

/** writeFresh writes a file with mode 0600, or 0644 where it is public. Rejects with CertError when it is there already, unless `isForced`. */
export async function writeFresh({ path, bytes, isPublic }: FreshFile, isForced: boolean): Promise<void> {
  const mode = isPublic ? 0o644 : 0o600;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeWhole(path, bytes, { mode, isNew: !isForced });
  } catch (thrown) {
    throw new CertError(`cannot write \`${path}\`: ${reasonOf(thrown)}`);
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
