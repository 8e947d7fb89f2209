/**
 * The data entry of stick-cookie. Data threads; hot path. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { InsertedCookie } from './inserted-cookie.ts';
import { LearnedCookie } from './learned-cookie.ts';

const DEFAULT_TTL_MS = 8 * 3_600_000;

export const stickiness: NonNullable<DataEntry['stickiness']> = {
  'on cookie': (options, { table }) =>
    new LearnedCookie(String(options.cookie), Number(options.ttl ?? DEFAULT_TTL_MS), table),
  'with cookie': (options, host) =>
    new InsertedCookie(
      {
        cookie: String(options.cookie),
        ttlMs: Number(options.ttl ?? 0),
        domain: String(options.domain ?? ''),
        path: String(options.path ?? '/'),
        sameSite: String(options.samesite ?? 'lax'),
        isSecure: options.secure === true,
        key: options.key === undefined ? host.processSecret : String(options.key),
      },
      host,
    ),
};
