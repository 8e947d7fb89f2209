/**
 * The data entry of round-robin. Data threads; hot path. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { RoundRobin } from './round-robin.ts';
import { WeightClasses } from './weight-classes.ts';

/** Up to so many servers are asked one by one; more of them share the turns of their weight. */
const SMALL_POOL = 16;

export const balancers: NonNullable<DataEntry['balancers']> = {
  'round-robin': (pool) => (pool.size <= SMALL_POOL ? new RoundRobin(pool.size) : new WeightClasses(pool.size)),
};
