/**
 * FolderCheck: is the folder there, may it be read, and has it the page that it needs? Main thread only.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Args } from '@sluice/dsl/plan';
import { segmentsOf } from './site-path.ts';

/** checkFolder returns the options with an absolute folder. Throws an Error that says what is wrong with it. */
export async function checkFolder(options: Args, baseDir: string): Promise<Args> {
  const folder = resolve(baseDir, options.folder as string);
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      error.code === 'ENOENT' ? `there is no folder \`${folder}\`` : `cannot read \`${folder}\`: ${error.code}`,
    );
  });
  if (!found.isDirectory()) throw new Error(`\`${folder}\` is not a folder`);
  await access(folder, constants.R_OK | constants.X_OK).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read \`${folder}\`: ${error.code}`);
  });
  const index = options.index as string;
  if (segmentsOf(`/${encodeURIComponent(index)}`)?.length !== 1)
    throw new Error(`\`${index}\` cannot be an index file`);
  if (options.status !== undefined) {
    const page = join(folder, index);
    const file = await stat(page).catch(() => null);
    if (file?.isFile() !== true) throw new Error(`with \`status\` it needs the page \`${page}\``);
    await access(page, constants.R_OK).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`cannot read \`${page}\`: ${error.code}`);
    });
  }
  return { ...options, folder };
}
