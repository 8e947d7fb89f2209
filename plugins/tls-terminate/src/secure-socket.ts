/**
 * SecureSocket: the server's side of one TLS connection. Data threads.
 *
 * It closes without a response when the handshake fails or takes too long: who speaks no TLS, or none that is
 * accepted here, gets OpenSSL's alert at most. Errors never reach the process: whoever uses the socket sees `close`.
 */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { peerCertificateOf, staple, verifyErrorOf } from '@sluice/core/plugin';
import { certificateProblem } from './certificate-problem.ts';
import type { Group } from './certificate-set.ts';
import { HandshakeFacts } from './handshake-facts.ts';
import { handshakeReason } from './handshake-reason.ts';
import type { Termination } from './termination.ts';

function ignoreError(): void {
  // `close` follows, and says all there is to say.
}

function destroy(this: SecureSocket): void {
  this.destroy();
}

function destroyLate(socket: SecureSocket): void {
  socket.refuse('no handshake in time');
}

function onTlsError(this: SecureSocket, error: Error): void {
  this.broke(error);
}

function onSecure(this: SecureSocket): void {
  this.handshakeEnded();
}

export class SecureSocket extends TLSSocket {
  readonly #raw: Socket;
  readonly #mode: Termination;
  readonly #limit: NodeJS.Timeout;
  /** What the handshake came to; null until it has ended and the client may come in. Kept when the connection ends. */
  facts: HandshakeFacts | null = null;
  #isRefused = false;
  /** What is wrong with the client's certificate; empty: nothing, or there is none. */
  problem = '';

  constructor(raw: Socket, mode: Termination, group: Group) {
    super(raw, {
      isServer: true,
      secureContext: group.context,
      // RFC 7301: a client that wants only something else is refused with an alert.
      ...(mode.protocols.length === 0 ? {} : { ALPNProtocols: [...mode.protocols] }),
      requestCert: mode.asksClient,
      // OpenSSL refuses who shows no certificate, with an alert. Who shows a bad one is refused in `handshakeEnded`.
      rejectUnauthorized: mode.asksClient && !mode.isClientOptional,
    });
    this.#raw = raw;
    this.#mode = mode;
    if (group.staple !== null) staple(this, group.staple);
    raw.on('error', ignoreError);
    this.on('error', ignoreError);
    // What goes wrong after the handshake (a broken record) is only told here, and leaves the socket open.
    this.on('_tlsError', onTlsError);
    // A client that leaves in the middle of the handshake has nothing more to read.
    this.on('end', destroy);
    // Bounds the whole handshake, so that sending a byte now and then does not prolong it.
    this.#limit = setTimeout(destroyLate, mode.handshakeMs, this).unref();
    this.once('secure', onSecure);
    this.once('close', () => clearTimeout(this.#limit));
  }

  /** Clients are asked for a certificate. */
  get asksClient(): boolean {
    return this.#mode.asksClient;
  }

  /** handshakeEnded closes on clients that may not come in. */
  handshakeEnded(): void {
    clearTimeout(this.#limit);
    this.off('end', destroy);
    const reason = this.#mode.asksClient ? this.#verifyClient() : '';
    if (reason !== '') this.refuse(reason);
    else this.facts = HandshakeFacts.of(this);
  }

  /** refuse closes, and has it counted and told why. */
  refuse(reason: string): void {
    if (this.#isRefused) return;
    this.#isRefused = true;
    this.#mode.refused(this.#raw, reason);
    this.destroy();
  }

  /** broke: OpenSSL could not go on. */
  broke(error: Error): void {
    if (this.facts !== null) this.destroy();
    else this.refuse(handshakeReason(error));
  }

  /** verifyClient is why the client may not come in; empty: it may. */
  #verifyClient(): string {
    const error = verifyErrorOf(this);
    if (error === null) {
      this.authorized = true;
      return '';
    }
    const { isClientOptional, takesUnverified } = this.#mode;
    // Without a certificate OpenSSL has nothing to verify, which Node tells as an error all the same.
    if (peerCertificateOf(this) === null) return isClientOptional ? '' : 'it shows no certificate';
    this.problem = certificateProblem(error.code ?? 'unknown');
    return takesUnverified ? '' : `its certificate is not good: ${this.problem}`;
  }

  /** resetAndDestroy resets the connection below, as TLS itself has no reset; a Unix socket has none either. */
  override resetAndDestroy(): this {
    if (this.#raw.remoteAddress === undefined) this.destroy();
    else this.#raw.resetAndDestroy();
    return this;
  }
}
