/**
 * WebSocketKey: the handshake of HTTP/1.1 that a WebSocket over HTTP/2 has none of. Data plane.
 *
 * A client of HTTP/2 sends no key and gets no proof (RFC 8441 section 5), so where its server speaks HTTP/1.1 the gateway is the
 * client of that handshake: it makes the key and checks the answer (RFC 6455 section 4.1).
 */
import { createHash, randomBytes } from 'node:crypto';

const SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = /\r\nsec-websocket-key:[ \t]*([^\r]*)/i;

/** newWebSocketKey is what HTTP/1.1 wants where RFC 8441 needs none. */
export function newWebSocketKey(): string {
  return randomBytes(16).toString('base64');
}

/** provesWebSocket tells whether an answer's Sec-WebSocket-Accept is that of the key in the head that was sent. */
export function provesWebSocket(head: string, accept: string | readonly string[] | undefined): boolean {
  const key = KEY.exec(head)?.[1]?.trimEnd() ?? '';
  return (
    accept ===
    createHash('sha1')
      .update(key + SUFFIX)
      .digest('base64')
  );
}
