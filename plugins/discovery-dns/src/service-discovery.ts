/**
 * ServiceDiscovery: the servers of a service by its SRV records (RFC 2782). Main thread.
 *
 * c-ares does not tell the ttl of SRV records, so they are asked for again when the shortest ttl of their targets' addresses is
 * over.
 */
import type { SrvRecord } from 'node:dns';
import type { Discovery, FoundServer } from '@sluice/core/plugin';
import { GRACE_MS, KEEP_MS } from './address-discovery.ts';
import { dnsError } from './errors.ts';
import { type Addresses, holdsFor, Lookup } from './lookup.ts';

const HEAVIEST = 256;
const AT_ONCE = 16;

export const serviceDiscovery: Discovery = {
  graceMs: GRACE_MS,
  keepMs: KEEP_MS,
  async find({ options, signal }) {
    const lookup = new Lookup(options, signal);
    const records = await lookup.services(options.domain as string);
    if (records.length === 0) throw dnsError('SP0608', {});
    if (records.every(({ name }) => name === '' || name === '.')) throw dnsError('SP0609', {});
    const targets = [...new Set(records.map(({ name }) => name))].filter((name) => name !== '' && name !== '.');
    const addresses = new Map<string, Addresses>();
    for (let at = 0; at < targets.length; at += AT_ONCE) {
      await Promise.all(
        targets.slice(at, at + AT_ONCE).map(async (name) => addresses.set(name, await lookup.addresses(name))),
      );
    }
    const servers = serversOf(records, addresses);
    if (servers.length === 0) throw dnsError('SP0610', {});
    const ttlMs = Math.min(...Array.from(addresses.values(), (each) => each.ttlMs));
    return { servers, againMs: holdsFor(ttlMs, options) };
  },
};

/**
 * serversOf makes servers of records. The lowest priority is used first; all others are backups. Weights above 256 make all
 * of the same priority smaller in proportion, 1 at least; where all are 0 they are equal.
 */
function serversOf(records: readonly SrvRecord[], addresses: ReadonlyMap<string, Addresses>): FoundServer[] {
  const first = Math.min(...records.map(({ priority }) => priority));
  const heaviest = new Map<number, number>();
  for (const { priority, weight } of records) heaviest.set(priority, Math.max(heaviest.get(priority) ?? 0, weight));
  const servers = new Map<string, FoundServer>();
  for (const { name, port, priority, weight } of [...records].sort((one, other) => one.priority - other.priority)) {
    const most = heaviest.get(priority)!;
    const scaled = most > HEAVIEST ? Math.round((weight * HEAVIEST) / most) : weight;
    for (const host of addresses.get(name)?.hosts ?? []) {
      const key = `${host} ${port}`;
      if (servers.has(key)) continue;
      servers.set(key, { address: { host, port }, weight: Math.max(1, scaled), isBackup: priority !== first });
    }
  }
  return [...servers.values()];
}
