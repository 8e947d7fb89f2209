/**
 * The data entry of least-response-time. Data threads; hot path. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { LeastResponseTime } from './least-response-time.ts';

export const balancers: NonNullable<DataEntry['balancers']> = {
  'least-response-time': (pool) => new LeastResponseTime(pool),
};
