/**
 * The header fields that are the gateway's own. Both planes.
 */

/** FRAMING are the hop-by-hop fields (RFC 9110, section 7.6.1), and those that say where a body begins or ends. */
export const FRAMING: readonly string[] = [
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
