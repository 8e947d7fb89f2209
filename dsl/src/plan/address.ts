/**
 * Address: who can reach one. Both planes.
 */
import type { Address } from './plan.ts';

/** isLoopback: only this machine can reach it: a Unix socket, 127.0.0.0/8, ::1 or `localhost`. */
export function isLoopback(address: Address): boolean {
  if ('path' in address) return true;
  const { host } = address;
  return /^127(?:\.\d{1,3}){3}$/.test(host) || host === '::1' || host === 'localhost';
}
