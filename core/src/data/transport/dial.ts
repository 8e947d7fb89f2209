/**
 * Dial: begins a connection to a server. Data plane; on the hot path only where a connection is new.
 */
import { connect, type OnReadOpts, type Socket } from 'node:net';
import { type Address, socketName } from '@sluice/dsl/plan';

export interface DialOptions {
  readonly allowHalfOpen?: boolean;
  /** Reads into buffers that are used again; see `Input.onread`. */
  readonly onread?: OnReadOpts;
}

/** dial returns a socket that is connecting. */
export function dial(address: Address, options: DialOptions): Socket {
  if ('path' in address) return connect({ path: socketName(address.path), ...options });
  return connect({ host: address.host, port: address.port, noDelay: true, ...options });
}
