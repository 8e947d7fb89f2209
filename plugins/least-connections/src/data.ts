/**
 * The data entry of least-connections. Data threads; hot path. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { LeastConnections } from './least-connections.ts';
import { LoadHeap } from './load-heap.ts';

/** Up to so many servers are looked at one by one; more of them are kept in order. */
const SMALL_POOL = 16;

export const balancers: NonNullable<DataEntry['balancers']> = {
  'least-connections': (pool) => (pool.size <= SMALL_POOL ? new LeastConnections(pool.size) : new LoadHeap(pool)),
};
