/**
 * ProofSocket: shows an authority that asks for it the certificate that proves that a name leads here (RFC 8737), and nothing else.
 * Data threads.
 */
import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { CertificateProofs } from '@sluice/core/plugin';

function ignoreError(): void {
  // `close` follows, and says all there is to say.
}

/**
 * proofSocket returns the connection in its handshake, after which it is closed: what this protocol is for is over then. Null: there is
 * no proof for the name.
 */
export function proofSocket(
  socket: Socket,
  handshakeMs: number,
  proofs: CertificateProofs,
  name: string,
): Socket | null {
  const pem = proofs.certificate(name);
  if (pem === null) return null;
  const stream = new TLSSocket(socket, {
    isServer: true,
    secureContext: createSecureContext({ cert: pem, key: pem, minVersion: 'TLSv1.2' }),
    ALPNProtocols: [proofs.protocol!],
    requestCert: false,
    rejectUnauthorized: false,
  });
  const limit = setTimeout(() => stream.destroy(), handshakeMs).unref();
  socket.on('error', ignoreError);
  stream.on('error', ignoreError);
  stream.on('_tlsError', () => stream.destroy());
  stream.once('secure', () => stream.end());
  stream.once('close', () => clearTimeout(limit));
  return stream;
}
