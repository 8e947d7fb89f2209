/**
 * PathProblem: why a file could not be written, or a socket not be made, told without doing either. Main thread.
 *
 * What is said holds for the user that asks, at this moment. Reasons are parts of a sentence.
 */
import { constants, type Stats } from 'node:fs';
import { access, lstat, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, reasonOf } from './errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ELOOP: 'its links lead in a circle',
  ENOSPC: 'the disk is full',
};

/** fileReason is why something that was done to a file failed. */
export function fileReason(thrown: unknown): string {
  return REASONS[codeOf(thrown) ?? ''] ?? reasonOf(thrown);
}

/** folderProblem is why no file can be made in a folder; null: one can. */
export async function folderProblem(folder: string): Promise<string | null> {
  try {
    if (!(await stat(folder)).isDirectory()) return `${folder} is no folder`;
    await access(folder, constants.W_OK | constants.X_OK);
    return null;
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return `there is no folder ${folder}`;
    return `in the folder ${folder}: ${fileReason(thrown)}`;
  }
}

/** appendProblem is why nothing can be appended to a file, which need not be there yet; null: it can. */
export async function appendProblem(path: string): Promise<string | null> {
  try {
    const file = await stat(path);
    if (file.isDirectory()) return 'it is a folder';
    if (file.isSocket()) return 'it is a socket';
    await access(path, constants.W_OK);
    return null;
  } catch (thrown) {
    return codeOf(thrown) === 'ENOENT' ? folderProblem(dirname(path)) : fileReason(thrown);
  }
}

/** SocketProblem: `isTaken`: something that is no socket has the path. */
export interface SocketProblem {
  readonly isTaken: boolean;
  readonly reason: string;
}

/** socketProblem is why no socket can be made at a path; null: one can, as far as can be told without trying. */
export async function socketProblem(path: string): Promise<SocketProblem | null> {
  let file: Stats | null = null;
  try {
    file = await lstat(path);
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') return { isTaken: false, reason: fileReason(thrown) };
  }
  if (file !== null && !file.isSocket()) return { isTaken: true, reason: 'it is no socket' };
  const reason = await folderProblem(dirname(path));
  return reason === null ? null : { isTaken: false, reason };
}
