/**
 * ClientPort: what a client's connection needs of the port that accepted it. Data plane.
 */
import type { IpAddress } from '@sluice/dsl/match';
import type { LinkedListener } from '../backend/generation.ts';
import type { Closable } from '../loop/loop.ts';
import type { Connection } from '../transport/connection.ts';

/** What `sniff` says of the first bytes of a connection: they are of HTTP/1; that is not decided yet; or they are another wire's. */
export const HTTP1 = 0;
export const UNDECIDED = 1;

export interface ClientPort {
  /** The bound TCP port; 0 for a Unix socket. */
  readonly number: number;
  /** `host:port`, for requests that name no host. */
  readonly authority: string;
  /** The current listener. */
  readonly listener: LinkedListener;
  /** No longer bound: what is still connected gets its answers, then goes. */
  readonly isClosed: boolean;
  /** addConnection: a connection is served from now on. */
  addConnection(connection: Closable, ip: IpAddress): void;
  /** removeConnection: a connection has gone. */
  removeConnection(connection: Closable): void;
  /** sniff says of the first `length` bytes of an http connection whose they are: HTTP1, UNDECIDED, or what `serveOther` takes. Hot path. */
  sniff(connection: Connection, bytes: Buffer, length: number): number;
  /** mayAnswerHttp1: the client has not agreed on another protocol, in which it would not understand an answer of HTTP/1. */
  mayAnswerHttp1(connection: Connection): boolean;
  /** serveOther has another wire serve a connection that `before` had, from its first bytes on. */
  serveOther(
    before: Closable,
    connection: Connection,
    ip: IpAddress,
    wire: number,
    bytes: Buffer,
    length: number,
  ): void;
}
