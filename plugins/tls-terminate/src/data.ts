/**
 * The data entry of tls-terminate. Data threads. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { Termination } from './termination.ts';

export const tlsModes: NonNullable<DataEntry['tlsModes']> = {
  terminate: (options, host) => new Termination(options, host),
};
