/**
 * RewriteFile: text files read strictly and replaced in one step. Main thread.
 */
import { readFile } from 'node:fs/promises';
import { rewriteWhole } from '@sluice/core/whole-file';

/** readText reads a file, or stdin for `-`. Rejects with a one-line Error when it cannot be read or is not UTF-8. */
export async function readText(file: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = file === '-' ? await readInput() : await readFile(file);
  } catch (thrown) {
    throw new Error(`cannot read \`${file}\`: ${reasonOf(thrown)}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`cannot read \`${file}\`: it is not UTF-8`);
  }
}

/**
 * replaceText puts a new text in a file's place: whoever opens the file sees the old text or the new one, whole. The mode
 * stays; a symbolic link stays one. Rejects with a one-line Error.
 */
export async function replaceText(file: string, text: string): Promise<void> {
  try {
    await rewriteWhole(file, text);
  } catch (thrown) {
    throw new Error(`cannot write \`${file}\`: ${reasonOf(thrown)}`);
  }
}

async function readInput(): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
};

function reasonOf(thrown: unknown): string {
  const code = (thrown as NodeJS.ErrnoException).code ?? '';
  return REASONS[code] ?? (thrown instanceof Error ? thrown.message : String(thrown));
}
