/**
 * EndCause: who ended a request that went wrong, and in which phase, as access logs have it (docs/access-log.md). Data plane.
 */

/** Empty: it went as it should. */
export type EndedBy = '' | 'client' | 'server' | 'gateway';

export type EndedIn =
  | ''
  /** Its head or its body was being received. */
  | 'request'
  /** The rules were asked. */
  | 'rules'
  /** A server was being chosen, or waited for. */
  | 'queue'
  | 'connect'
  /** The TLS handshake with the server. */
  | 'tls'
  /** The server had the request, and its response had not begun. */
  | 'wait'
  /** The response was on its way. */
  | 'response'
  | 'tunnel';
