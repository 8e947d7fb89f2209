/**
 * Dialer: begins connections to servers. Data plane; on the hot path only where a connection is new.
 */
import type { Address } from '@sluice/dsl/plan';
import type { NameTable } from '../../shared/tables/name-table.ts';
import type { Connection, ConnectionHandler } from './connection.ts';

export interface DialTarget {
  readonly address: Address;
  /** The host is a name, and its addresses are there; null: it is an address. */
  readonly names: NameTable | null;
  /** `startTls` follows once the connection is established: nothing is read before. */
  readonly isSecure: boolean;
}

export interface Dialer {
  /**
   * dial returns a connection that is being established; the handler's `onOpen` says when it is, and `onClosed` that it could not be. There is
   * no time limit. Several addresses of a name are tried one after another, each a second after the last.
   */
  dial(target: DialTarget, handler: ConnectionHandler): Connection;
}
