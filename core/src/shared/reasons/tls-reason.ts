/**
 * TlsReason: why there is no TLS with a server, for people. Both planes.
 */
import { shown } from './shown.ts';

const REASONS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of an authority that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate is of an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is of an authority that is not trusted',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  CERT_REVOKED: 'its certificate was revoked',
  INVALID_PURPOSE: 'its certificate is not one for servers',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS',
};

/** What a server only says of the certificate that it was shown. */
const OF_CERTIFICATE = /CERTIFICATE|UNKNOWN_CA/;

const ALERT = /^ERR_SSL_[A-Z0-9/]+_ALERT_(.+)$/;

/** isHangUp: the server ended the connection, which says nothing of its TLS. */
export function isHangUp({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE';
}

/** isAlert: the server said what it does not like. */
export function isAlert({ code = '' }: NodeJS.ErrnoException): boolean {
  return ALERT.test(code);
}

/** tlsReason is why a handshake failed, by the error that ended it; null: the connection was just closed. */
export function tlsReason(error: NodeJS.ErrnoException | null): string {
  const code = error?.code ?? '';
  if (error === null || isHangUp(error)) return 'it closed the connection in the handshake';
  const reason = REASONS[code];
  if (reason !== undefined) return reason;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `its certificate is for another name: ${shown(error.message)}`;
  const alert = ALERT.exec(code)?.[1];
  if (alert === 'CERTIFICATE_REQUIRED') return 'it wants a certificate, and is shown none';
  if (alert !== undefined && OF_CERTIFICATE.test(alert))
    return `it does not take the certificate that it is shown (${words(alert)})`;
  if (alert !== undefined) return `it refuses the handshake (${words(alert)})`;
  return code.startsWith('ERR_SSL') || code === 'EPROTO'
    ? `it does not speak TLS that fits (${words(code.replace('ERR_SSL_', ''))})`
    : `no TLS (${code === '' ? shown(error.message) : code})`;
}

function words(code: string): string {
  return code.toLowerCase().replaceAll('_', ' ');
}
