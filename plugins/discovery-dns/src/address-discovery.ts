/**
 * AddressDiscovery: a server at each address of a name. Main thread.
 */
import type { Discovery } from '@sluice/core/plugin';
import { dnsError } from './errors.ts';
import { holdsFor, Lookup } from './lookup.ts';

/** DNS servers show some of their records in turn, so one that is missing is not gone yet. */
export const GRACE_MS = 30_000;
/** Addresses of dead servers go to others in time. */
export const KEEP_MS = 3_600_000;

export const addressDiscovery: Discovery = {
  graceMs: GRACE_MS,
  keepMs: KEEP_MS,
  async find({ options, signal }) {
    const { hosts, ttlMs } = await new Lookup(options, signal).addresses(options.domain as string);
    if (hosts.length === 0) throw dnsError('SP0607', {});
    const port = options.port as number;
    return { servers: hosts.map((host) => ({ address: { host, port } })), againMs: holdsFor(ttlMs, options) };
  },
};
