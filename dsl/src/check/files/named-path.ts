/**
 * NamedPath: a path that a rule file names, as the system and as diagnostics have it. Main thread.
 */
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { SourceText } from '../../source/source-text.ts';

/** A path as written in a file, absolute, and as diagnostics name it. */
export interface NamedPath {
  readonly path: string;
  readonly name: string;
}

/** namedPath resolves a path that is written in a file: relative ones begin at the file's folder. */
export function namedPath(source: SourceText, written: string): NamedPath {
  if (isAbsolute(written)) return { path: resolve(written), name: resolve(written) };
  const folder = source.file.startsWith('<') ? '.' : dirname(source.file);
  return { path: resolve(source.folder, written), name: join(folder, written) };
}
