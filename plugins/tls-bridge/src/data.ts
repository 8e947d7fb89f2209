/**
 * The data entry of tls-bridge. Data threads. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { Bridge } from './bridge.ts';

export const serverTls: NonNullable<DataEntry['serverTls']> = {
  bridge: (options) => new Bridge(options),
};
