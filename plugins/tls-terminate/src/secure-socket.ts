/**
 * SecureSocket: the server's side of one TLS connection. Data threads.
 *
 * It closes by itself, without a word, when the handshake fails or takes too long: who speaks no TLS, or none that is
 * accepted here, gets OpenSSL's alert at most. Errors never reach the process: whoever uses the socket sees `close`.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Group } from './certificate-set.ts';
import type { Termination } from './termination.ts';

/** RFC 7301: what is spoken, the first choice first. A client that wants only something else is refused with an alert. */
const ALPN = ['h2', 'http/1.1'];

/** The parts of TLSSocket that its types leave out. */
interface RawTlsSocket {
  readonly _handle: { setOCSPResponse(response: Buffer): void; verifyError(): Error | null } | null;
}

function ignoreError(): void {
  // `close` follows, and says all there is to say.
}

function destroy(this: SecureSocket): void {
  this.destroy();
}

function destroyLate(socket: SecureSocket): void {
  socket.destroy();
}

function onSecure(this: SecureSocket): void {
  this.handshakeEnded();
}

export class SecureSocket extends TLSSocket {
  readonly #raw: Socket;
  readonly #mode: Termination;
  readonly #limit: NodeJS.Timeout;

  constructor(raw: Socket, mode: Termination, group: Group) {
    super(raw, {
      isServer: true,
      secureContext: group.context,
      ALPNProtocols: ALPN,
      requestCert: mode.asksClient,
      // A bad certificate is refused in `handshakeEnded`: it is the client's, and no reason to throw here.
      rejectUnauthorized: false,
    });
    this.#raw = raw;
    this.#mode = mode;
    const { staple } = group;
    if (staple !== null) (this as unknown as RawTlsSocket)._handle?.setOCSPResponse(staple);
    raw.on('error', ignoreError);
    this.on('error', ignoreError);
    // What goes wrong after the handshake (a broken record) is only told here, and leaves the socket open.
    this.on('_tlsError', destroy);
    // A client that leaves in the middle of the handshake has nothing more to read.
    this.on('end', destroy);
    // Bounds the whole handshake, so that sending a byte now and then does not prolong it.
    this.#limit = setTimeout(destroyLate, mode.handshakeMs, this).unref();
    this.once('secure', onSecure);
    this.once('close', () => clearTimeout(this.#limit));
  }

  /** handshakeEnded closes on clients that may not come in. */
  handshakeEnded(): void {
    const { asksClient, isClientOptional } = this.#mode;
    clearTimeout(this.#limit);
    this.off('end', destroy);
    if (asksClient && !this.#isClientGood(isClientOptional)) this.destroy();
  }

  #isClientGood(isOptional: boolean): boolean {
    const error = (this as unknown as RawTlsSocket)._handle?.verifyError() ?? null;
    if (error === null) {
      this.authorized = true;
      return true;
    }
    // Without a certificate OpenSSL has nothing to verify, which Node tells as an error all the same.
    return isOptional && this.getPeerX509Certificate() === undefined;
  }

  /** resetAndDestroy resets the connection below, as TLS itself has no reset; a Unix socket has none either. */
  override resetAndDestroy(): this {
    if (this.#raw.remoteAddress === undefined) this.destroy();
    else this.#raw.resetAndDestroy();
    return this;
  }
}
