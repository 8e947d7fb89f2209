/**
 * FolderCheck: is the folder there, may it be read, and has it the page that it needs? Main thread only.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Args } from '@sluice/dsl/plan';
import { siteError } from './errors.ts';
import { segmentsOf } from './site-path.ts';

/** checkFolder returns the options with an absolute folder. Throws an Error that says what is wrong with it. */
export async function checkFolder(options: Args, baseDir: string): Promise<Args> {
  const folder = resolve(baseDir, options.folder as string);
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw siteError('SP0901', { folder }, error);
    throw siteError('SP0902', { path: folder, reason: String(error.code) }, error);
  });
  if (!found.isDirectory()) throw siteError('SP0903', { folder });
  await access(folder, constants.R_OK | constants.X_OK).catch((error: NodeJS.ErrnoException) => {
    throw siteError('SP0902', { path: folder, reason: String(error.code) }, error);
  });
  const index = options.index as string;
  if (segmentsOf(`/${encodeURIComponent(index)}`)?.length !== 1) throw siteError('SP0904', { index });
  if (options.status !== undefined) {
    const page = join(folder, index);
    const file = await stat(page).catch(() => null);
    if (file?.isFile() !== true) throw siteError('SP0905', { page });
    await access(page, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
      throw siteError('SP0902', { path: page, reason: String(error.code) }, error);
    });
  }
  return { ...options, folder };
}
