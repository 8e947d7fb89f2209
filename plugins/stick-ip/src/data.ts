/**
 * The data entry of stick-ip. Data threads; hot path. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { ClientNetwork } from './client-network.ts';

const DEFAULT_TTL_MS = 30 * 60_000;

export const stickiness: NonNullable<DataEntry['stickiness']> = {
  'on ip': (options, { table }) =>
    new ClientNetwork(
      Number(options.prefix ?? 32),
      Number(options.prefix6 ?? 64),
      Number(options.ttl ?? DEFAULT_TTL_MS),
      table,
    ),
};
