/**
 * The data entry of round-robin. Data threads; hot path. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { RoundRobin } from './round-robin.ts';
import { TurnHeap } from './turn-heap.ts';

/** Up to so many servers are asked one by one; more of them stand in the order of their next turns. */
const SMALL_POOL = 16;

export const balancers: NonNullable<DataEntry['balancers']> = {
  'round-robin': (pool) => (pool.size <= SMALL_POOL ? new RoundRobin(pool.size) : new TurnHeap(pool)),
};
