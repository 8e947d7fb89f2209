/**
 * Dial: begins a connection to a server. Data plane; on the hot path only where a connection is new.
 */
import { connect, type OnReadOpts, type Socket } from 'node:net';
import { type Address, socketName } from '@sluice/dsl/plan';
import type { NameTable } from '../../shared/tables/name-table.ts';

/** How long one of several addresses has before the next one is tried. */
const ADDRESS_MS = 1000;

export interface DialOptions {
  readonly allowHalfOpen?: boolean;
  /** Reads into buffers that are used again; see `Input.onread`. */
  readonly onread?: OnReadOpts;
}

/** dial returns a socket that is connecting. `names`: the host is a name, and its addresses are there; null: it is an address. */
export function dial(address: Address, names: NameTable | null, options: DialOptions): Socket {
  if ('path' in address) return connect({ path: socketName(address.path), ...options });
  const { host, port } = address;
  if (names === null) return connect({ host, port, noDelay: true, ...options });
  const byName = { lookup: names.lookup, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ADDRESS_MS };
  return connect({ host, port, noDelay: true, ...byName, ...options });
}

/** unreached are the addresses that were tried in vain before the one that the socket is connected to. */
export function unreached(socket: Socket): readonly string[] {
  const tried = socket.autoSelectFamilyAttemptedAddresses ?? [];
  return tried.slice(0, -1).map((each) => each.slice(0, each.lastIndexOf(':')).replace(/^\[|\]$/g, ''));
}
