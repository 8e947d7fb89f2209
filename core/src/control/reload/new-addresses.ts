/**
 * NewAddresses: what a generation listens on that the one before did not. Main thread.
 */
import { type Address, addressesOf, type ListenerPlan } from '@sluice/dsl/plan';
import type { Generation } from './generations.ts';
import { boundAddresses, formatAddress } from './ports.ts';

/** newAddresses are the bound addresses by listener; listeners without a new one are left out. `before`: null at the start. */
export function newAddresses(
  { plan, ports }: Generation,
  before: readonly ListenerPlan[] | null,
): { readonly listener: string; readonly addresses: readonly Address[] }[] {
  return plan.listeners.flatMap((listener) => {
    const old = before?.find(({ name }) => name === listener.name);
    const known = new Set(old === undefined ? [] : addressesOf(old).map(formatAddress));
    const wanted = addressesOf(listener);
    const addresses = boundAddresses(listener, ports).filter((_, index) => !known.has(formatAddress(wanted[index]!)));
    return addresses.length === 0 ? [] : [{ listener: listener.name, addresses }];
  });
}

/** addressList is for people: a range of ports may be a thousand addresses. */
export function addressList(addresses: readonly Address[]): string {
  const all = addresses.map(formatAddress);
  return all.length > 4 ? `${all[0]}, … ${all.at(-1)} (${all.length} addresses)` : all.join(', ');
}
