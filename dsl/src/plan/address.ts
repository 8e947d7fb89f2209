/**
 * Address: who can reach one, and which ones a listener has. Both planes.
 */
import type { Address, ListenerPlan } from './plan.ts';

/** addressesOf are all addresses of a listener, as written. */
export function addressesOf({ address, otherAddresses = [] }: ListenerPlan): readonly Address[] {
  return [address, ...otherAddresses];
}

/** socketName is what the system knows a Unix socket by: abstract ones begin with a NUL. */
export function socketName(path: string): string {
  return path.startsWith('@') ? `\0${path.slice(1)}` : path;
}

/** isSocketFile: a path that is a file. */
export function isSocketFile(path: string): boolean {
  return !path.startsWith('@');
}

/** withoutZone is a host without the interface that link-local addresses have behind them: what other machines may see. */
export function withoutZone(host: string): string {
  const percent = host.indexOf('%');
  return percent === -1 ? host : host.slice(0, percent);
}

/** isLoopback: only this machine can reach it: a Unix socket, 127.0.0.0/8, ::1 or `localhost`. */
export function isLoopback(address: Address): boolean {
  if ('path' in address) return true;
  const { host } = address;
  return /^127(?:\.\d{1,3}){3}$/.test(host) || host === '::1' || host === 'localhost';
}

/**
 * sharedAddresses are the pairs, the later one first, of which the system would not let both be bound: they are the same, or one
 * is among all those that the other stands for. Ports that the system is to choose are never shared.
 */
export function sharedAddresses<Holder extends { readonly address: Address }>(
  holders: readonly Holder[],
): readonly (readonly [second: Holder, first: Holder])[] {
  const pairs: (readonly [Holder, Holder])[] = [];
  const groups = Map.groupBy(holders, ({ address }) => ('path' in address ? address.path : address.port));
  for (const [key, group] of groups) {
    if (key === 0) continue;
    for (const [index, second] of group.entries()) {
      const first = group.slice(0, index).find(({ address }) => areShared(address, second.address));
      if (first !== undefined) pairs.push([second, first]);
    }
  }
  return pairs;
}

function areShared(one: Address, other: Address): boolean {
  if ('path' in one || 'path' in other) return true;
  return one.host === other.host || holds(one, other.host) || holds(other, one.host);
}

/** holds: the address stands for all, or for all of a family, and the host is one of them. */
function holds({ host, isV6Only }: { readonly host: string; readonly isV6Only?: true }, other: string): boolean {
  if (host === '0.0.0.0') return !other.includes(':');
  if (host !== '::') return false;
  return isV6Only !== true || other.includes(':');
}
