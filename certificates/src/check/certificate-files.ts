/**
 * CertificateFiles: what is written behind `cert` to files, and the key of each. Main thread.
 */
import { existsSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { certificateError } from '../errors.ts';

/** A thousand sites are many; more than this is a pattern that means something else. */
const MOST_FILES = 10_000;

/** FoundFiles are absolute. */
export interface FoundFiles {
  readonly files: readonly string[];
  /** Where patterns found some: more may come. */
  readonly folders: readonly string[];
}

/** certificateFiles expands patterns (`*`, `?`, `[…]`), sorted by name; what is written first stays first. Rejects with SP0139 and SP0140. */
export async function certificateFiles(written: readonly string[], baseDir: string): Promise<FoundFiles> {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const each of written) {
    if (!/[*?[]/.test(each)) {
      files.add(resolve(baseDir, each));
      continue;
    }
    const found: string[] = [];
    for await (const name of glob(each, { cwd: baseDir })) {
      if (found.push(resolve(baseDir, name)) > MOST_FILES) {
        throw certificateError('SP0139', { pattern: each, most: MOST_FILES });
      }
    }
    if (found.length === 0) throw certificateError('SP0140', { pattern: each });
    for (const file of found.sort()) {
      files.add(file);
      folders.add(dirname(file));
    }
  }
  return { files: [...files], folders: [...folders] };
}

/** keyFileBeside is where a key is looked for that is not in its certificate's file: `site.crt` has `site.key`, or `site.crt.key`. */
export function keyFileBeside(cert: string): string | null {
  const bare = cert.slice(0, cert.length - extname(cert).length);
  return [`${bare}.key`, `${cert}.key`].find((path) => existsSync(path)) ?? null;
}
