/**
 * SecureSocket: the server's side of one TLS connection. Data threads.
 *
 * It closes by itself, without a word, when the handshake fails or takes too long: who speaks no TLS, or none that is
 * accepted here, gets OpenSSL's alert at most. Errors never reach the process: whoever uses the socket sees `close`.
 */
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';

/** RFC 7301: a client that wants only something else, such as HTTP/2, is refused with an alert. */
const ALPN = ['http/1.1'];

function ignoreError(): void {
  // `close` follows, and says all there is to say.
}

function destroy(this: SecureSocket): void {
  this.destroy();
}

function destroyLate(socket: SecureSocket): void {
  socket.destroy();
}

export class SecureSocket extends TLSSocket {
  readonly #raw: Socket;

  /** `handshakeMs` bounds the whole handshake, so that sending a byte now and then does not prolong it. */
  constructor(raw: Socket, secureContext: SecureContext, handshakeMs: number) {
    super(raw, { isServer: true, secureContext, ALPNProtocols: ALPN });
    this.#raw = raw;
    raw.on('error', ignoreError);
    this.on('error', ignoreError);
    // What goes wrong after the handshake (a broken record) is only told here, and leaves the socket open.
    this.on('_tlsError', destroy);
    // A client that leaves in the middle of the handshake has nothing more to read.
    this.on('end', destroy);
    const limit = setTimeout(destroyLate, handshakeMs, this).unref();
    this.once('secure', () => {
      clearTimeout(limit);
      this.off('end', destroy);
    });
    this.once('close', () => clearTimeout(limit));
  }

  /** resetAndDestroy resets the connection below, as TLS itself has no reset; a Unix socket has none either. */
  override resetAndDestroy(): this {
    if (this.#raw.remoteAddress === undefined) this.destroy();
    else this.#raw.resetAndDestroy();
    return this;
  }
}
