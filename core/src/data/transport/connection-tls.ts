/**
 * ConnectionTls: what is known of the TLS on a connection. Data plane; asked once a connection, or less.
 */
import type { TlsFacts } from '@sluice/dsl/match';

export interface ConnectionTls {
  /** What was agreed by ALPN (RFC 7301); empty: nothing, or not yet; null: the mode's stream is none that could tell. */
  readonly protocol: string | null;
  /** The handshake resumed an earlier session. False once the connection has begun to end. */
  readonly isResumed: boolean;
  /** facts are what rules, headers and logs may know of a client's TLS. null: the mode reports none. Ask when the handshake has ended. */
  facts(): TlsFacts | null;
  /**
   * watchEnd has an end of the connection that is no end of TLS (close_notify) close the connection without `onEnd`, from now on. False: the
   * two cannot be told apart here.
   */
  watchEnd(): boolean;
}
