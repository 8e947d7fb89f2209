/**
 * The data entry of least-connections. Data threads; hot path. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { LeastConnections } from './least-connections.ts';

export const balancers: NonNullable<DataEntry['balancers']> = {
  'least-connections': () => new LeastConnections(),
};
