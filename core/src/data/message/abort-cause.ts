/**
 * AbortCause: why a request ended before its answer was whole, as the access log has it (docs/access-log.md). Data plane.
 */

export type AbortCause =
  | ''
  /** The client ended its side (FIN) before it was answered. */
  | 'client-ended'
  /** The client's connection was reset, or broke. */
  | 'client-reset'
  /** The client took its request back: RST_STREAM. */
  | 'client-canceled'
  /** The client did not take its answer in time. */
  | 'client-timeout'
  /** The answer of a server broke off. */
  | 'server-failed'
  /** No server processed it, and an HTTP/2 client was told so. */
  | 'not-processed'
  /** The gateway ended it: it stops, or a server was left. */
  | 'gateway-closed';
