/**
 * ClientNetwork: which addresses count as one client. Both planes; hot path.
 */
import type { IpAddress } from './ip-address.ts';

/** Networks are the leading bits that addresses of one client share: of IPv4 (0 to 32) and of IPv6 (0 to 128). */
export type ClientNetworks = readonly [v4: number, v6: number];

/**
 * One IPv4 address, and a /64 of IPv6: the least that a household or a machine is given (RFC 6177), so that whoever has one has 2^64
 * addresses to come from.
 */
export const CLIENT_NETWORKS: ClientNetworks = [32, 64];

/** networkKey is the same for all addresses of one network, and for no others. IPv4-mapped addresses are IPv4 ones. */
export function networkKey(ip: IpAddress, [v4, v6]: ClientNetworks): string {
  if (ip.isV4) return v4 === 32 ? ip.text : `${ip.word3 & maskOf(v4)}/${v4}`;
  if (v6 === 64) return `${ip.word0}:${ip.word1}`;
  if (v6 === 128) return ip.text;
  return `${ip.word0 & maskOf(v6)}:${ip.word1 & maskOf(v6 - 32)}:${ip.word2 & maskOf(v6 - 64)}:${ip.word3 & maskOf(v6 - 96)}`;
}

/** maskOf is a 32-bit mask with so many leading ones; less than none is none, more than all is all. */
export function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}
