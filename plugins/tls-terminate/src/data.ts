/**
 * The data entry of tls-terminate. Data threads. Must not import the manifest.
 */
import type { DataEntry } from '@sluice/core/plugin';
import { Termination } from './termination.ts';

export const fields: NonNullable<DataEntry['fields']> = {
  sni: ({ sni }) => (sni === '' ? undefined : sni),
  alpn: ({ alpn }) => (alpn === undefined || alpn.length === 0 ? undefined : alpn),
};

export const tlsModes: NonNullable<DataEntry['tlsModes']> = {
  terminate: (options, host) => new Termination(options, host),
};
