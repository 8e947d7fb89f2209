/**
 * HandshakeFacts: what a TLS handshake came to. Data threads; made at most once a connection, when somebody asks.
 */
import type { CertificateFacts, TlsFacts } from '@sluice/dsl/match';
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

  /** of returns what is known; null while the handshake has not ended, and when the connection has gone. */
  static of(socket: SecureSocket): HandshakeFacts | null {
    const protocol = socket.getProtocol();
    return socket.hasShaken && protocol !== null ? new HandshakeFacts(socket, protocol) : null;
  }

  private constructor(socket: SecureSocket, protocol: string) {
    const { alpnProtocol, servername, problem } = socket;
    this.version = VERSIONS[protocol] ?? protocol;
    this.cipher = socket.getCipher().name;
    this.alpn = typeof alpnProtocol === 'string' ? alpnProtocol : '';
    // OpenSSL takes any bytes for a name.
    this.serverName = typeof servername === 'string' && NAME.test(servername) ? servername.toLowerCase() : '';
    this.isResumed = socket.isSessionReused();
    const shown = socket.asksClient ? socket.getPeerX509Certificate() : undefined;
    this.certificate = shown === undefined ? null : new ClientCertificate(shown, problem);
  }
}
