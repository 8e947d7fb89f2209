/**
 * The data entry of consistent-hash. Data threads; hot path. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { compileKey, type RequestFacts } from '@sluice/dsl/match';
import { ConsistentHash } from './consistent-hash.ts';

/** An IPv6 client changes the last 64 bits of its address as it likes (RFC 8981). */
function network({ ip }: RequestFacts): string {
  return ip.isV4 ? ip.text : `${ip.word0} ${ip.word1}`;
}

export const balancers: NonNullable<DataEntry['balancers']> = {
  'consistent-hash': (pool, { key, load }) =>
    new ConsistentHash(pool, compileKey(key as readonly string[]), typeof load === 'number' ? load / 100 : 0),
  'ip-hash': (pool) => new ConsistentHash(pool, network, 0),
};
