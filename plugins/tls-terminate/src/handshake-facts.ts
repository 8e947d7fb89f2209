/**
 * HandshakeFacts: what a TLS handshake came to. Data threads; taken once a connection, when its handshake ends, so that whoever
 * logs the connection's end still knows it.
 */
import { type Handshake, handshakeOf, peerCertificateOf } from '@sluice/core/plugin';
import { bareName, type CertificateFacts, type TlsFacts } from '@sluice/dsl/match';
import { ClientCertificate } from './client-certificate.ts';
import type { SecureSocket } from './secure-socket.ts';

const VERSIONS: Readonly<Record<string, string>> = {
  TLSv1: '1.0',
  'TLSv1.1': '1.1',
  'TLSv1.2': '1.2',
  'TLSv1.3': '1.3',
};

const NAME = /^[A-Za-z0-9._-]{1,253}$/;

export class HandshakeFacts implements TlsFacts {
  readonly version: string;
  readonly cipher: string;
  readonly alpn: string;
  readonly serverName: string;
  readonly isResumed: boolean;
  readonly certificate: CertificateFacts | null;

  /** of returns what is known at the end of the handshake; null: the connection has begun to end already. */
  static of(socket: SecureSocket): HandshakeFacts | null {
    const handshake = handshakeOf(socket);
    return handshake === null ? null : new HandshakeFacts(handshake, socket);
  }

  private constructor(handshake: Handshake, socket: SecureSocket) {
    const { protocol, cipher, alpn, serverName, isResumed } = handshake;
    this.version = VERSIONS[protocol] ?? protocol;
    this.cipher = cipher;
    this.alpn = alpn;
    // OpenSSL takes any bytes for a name.
    this.serverName = NAME.test(serverName) ? bareName(serverName) : '';
    this.isResumed = isResumed;
    // Its parts are read when they are asked for: they need no connection.
    const shown = socket.asksClient ? peerCertificateOf(socket) : null;
    this.certificate = shown === null ? null : new ClientCertificate(shown, socket.problem);
  }
}
