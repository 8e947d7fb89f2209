/**
 * ClientIp: who the client is when a trusted peer passes it on. Both planes, so that explain and live traffic agree.
 */
import { type IpAddress, IpSet, parseIp } from '@sluice/dsl/match';
import type { Plan, TrustedPeers } from '@sluice/dsl/plan';

/**
 * clientOf is the peer, or, from a trusted peer, the address nearest to us in the header that is not trusted itself.
 * Something in it that is no address ends the search: what stands before it could be invented.
 */
export function clientOf(peer: IpAddress, header: string | readonly string[] | undefined, trusted: IpSet): IpAddress {
  if (header === undefined || !trusted.has(peer)) return peer;
  const hops = (typeof header === 'string' ? header : header.join(',')).split(',');
  let client = peer;
  for (let index = hops.length - 1; index >= 0; index--) {
    const hop = parseIp(hops[index]!.trim());
    if (hop === null) break;
    client = hop;
    if (!trusted.has(hop)) break;
  }
  return client;
}

/** trustedPeers are the peers that may say who the client is, those of lists from files with them. */
export function trustedPeers({ trust, trustLists, table }: TrustedPeers, { lists }: Plan): IpSet {
  if (table !== undefined) return new IpSet(table);
  const listed = lists.filter(({ name }) => trustLists.includes(name));
  return IpSet.from([...trust, ...listed.flatMap(({ entries }) => entries)]);
}
