/**
 * The data entry of stick-header. Data threads; hot path. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { HeaderValue } from './header-value.ts';

const DEFAULT_TTL_MS = 8 * 3_600_000;

export const stickiness: NonNullable<DataEntry['stickiness']> = {
  'on header': (options, { table }) =>
    new HeaderValue(String(options.header), Number(options.ttl ?? DEFAULT_TTL_MS), table),
};
