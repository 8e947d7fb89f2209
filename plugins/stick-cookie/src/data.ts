/**
 * The data entry of stick-cookie. Data threads; hot path. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { LearnedCookie } from './learned-cookie.ts';

const DEFAULT_TTL_MS = 8 * 3_600_000;

export const stickiness: NonNullable<DataEntry['stickiness']> = {
  'on cookie': (options, table, backend) =>
    new LearnedCookie(String(options.cookie), Number(options.ttl ?? DEFAULT_TTL_MS), table, backend),
};
