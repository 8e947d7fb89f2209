/**
 * ClientPort: what a client's connection needs of the port that accepted it. Data plane.
 */
import type { IpAddress } from '@sluice/dsl/match';
import type { LinkedListener } from '../backend/generation.ts';
import type { Closable } from '../loop/loop.ts';

export interface ClientPort {
  /** The bound TCP port; 0 for a Unix socket. */
  readonly number: number;
  /** `host:port`, for requests that name no host. */
  readonly authority: string;
  /** The listener in force. */
  readonly listener: LinkedListener;
  /** No longer bound: what is still connected gets its answers, then goes. */
  readonly isClosed: boolean;
  /** addConnection: a connection is served from now on. */
  addConnection(connection: Closable, ip: IpAddress): void;
  /** removeConnection: a connection has gone. */
  removeConnection(connection: Closable): void;
}
