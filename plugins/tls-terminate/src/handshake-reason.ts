/**
 * HandshakeReason: why a client's handshake came to nothing, for the log. Data threads.
 *
 * The reasons are few, whatever clients do, so that nobody can fill a log with reasons of its own.
 */
const REASONS: Readonly<Record<string, string>> = {
  ERR_SSL_HTTP_REQUEST: 'it speaks HTTP without TLS',
  ERR_SSL_HTTPS_PROXY_REQUEST: 'it speaks HTTP without TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS',
  ERR_SSL_UNEXPECTED_MESSAGE: 'it does not speak TLS',
  ERR_SSL_BAD_RECORD_TYPE: 'it does not speak TLS',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no version of TLS in common',
  ERR_SSL_VERSION_TOO_LOW: 'no version of TLS in common',
  ERR_SSL_NO_SHARED_CIPHER: 'no cipher in common',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'no signature in common',
  ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS: 'no signature in common',
  ERR_SSL_NO_SUITABLE_KEY_SHARE: 'no key exchange in common',
  ERR_SSL_NO_APPLICATION_PROTOCOL: 'no protocol in common (ALPN)',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'it shows no certificate',
};

/** handshakeReason is the reason for OpenSSL's error. */
export function handshakeReason(error: NodeJS.ErrnoException): string {
  const code = error.code ?? '';
  const known = REASONS[code];
  if (known !== undefined) return known;
  const alert = /^ERR_SSL_[A-Z0-9/]+_ALERT_([A-Z_]+)$/.exec(code)?.[1];
  if (alert !== undefined) return `it refuses the handshake (${words(alert)})`;
  return /^ERR_SSL_[A-Z0-9_/]+$/.test(code)
    ? `it does not speak TLS that fits (${words(code.slice('ERR_SSL_'.length))})`
    : 'it does not speak TLS that fits';
}

function words(code: string): string {
  return code.toLowerCase().replaceAll('_', ' ');
}
