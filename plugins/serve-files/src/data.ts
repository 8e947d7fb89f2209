/** The data entry of serve-files. Data threads. */
import type { DataEntry } from '@sluice/core/plugin';
import { FileSite } from './file-site.ts';

export const services: DataEntry['services'] = {
  files: (options) =>
    new FileSite({
      folder: options.folder as string,
      index: (options.index as string | undefined) ?? 'index.html',
      status: (options.status as number | undefined) ?? null,
      cacheMs: (options.cache as number | undefined) ?? null,
      retryAfterMs: (options.retryAfter as number | undefined) ?? null,
    }),
};
