/**
 * Credentials: certificates and keys to what OpenSSL serves with. Both planes: data threads serve with it, and the check
 * of a plan makes one to find out what OpenSSL would refuse. Imports no certificate library.
 */
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { CertificateFile } from './certificate-file.ts';
import { type TlsVersions, versionOptions } from './tls-level.ts';

/** Credential is one certificate with its key, as bytes. */
export interface Credential {
  readonly file: CertificateFile;
  readonly cert: Buffer;
  /** The same as `cert` when both are in one file. */
  readonly key: Buffer;
  /** An answer of the certificate's authority that it is still good (OCSP), DER; null: there is none to staple. */
  readonly staple: Buffer | null;
}

/** ContextOptions are what all certificates of a listener have in common. */
export interface ContextOptions extends TlsVersions {
  /** Opens encrypted keys and PKCS#12 files; null: not said. */
  readonly password: string | null;
  /** The file of authorities whose clients are let in; null: clients are not asked. */
  readonly clientCa: string | null;
  /** The file of certificates that their authorities have revoked; null: not said. */
  readonly clientCrl: string | null;
}

/** PKCS#12 (RFC 7292) is DER, which begins with a SEQUENCE; PEM is text. */
export function isPkcs12(bytes: Buffer): boolean {
  return bytes[0] === 0x30;
}

/** stapleFile is where an OCSP answer for a certificate is looked for. */
export function stapleFile(cert: string): string {
  return `${cert}.ocsp`;
}

/** readCredential reads the files of one certificate. Throws the system's error. */
export function readCredential(file: CertificateFile): Credential {
  const cert = readFileSync(file.cert);
  return { file, cert, key: file.key === file.cert ? cert : readFileSync(file.key), staple: readStaple(file.cert) };
}

function readStaple(cert: string): Buffer | null {
  try {
    return readFileSync(stapleFile(cert));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** How long a session may be resumed, in seconds: no longer than its ticket's key is known. */
export const SESSION_SECONDS = 7200;

/**
 * RFC 9325, section 3.5: renegotiation has been a weakness often enough, and no browser asks for it; TLS 1.3 has none. The
 * server's order of ciphers counts, as the client's may be old.
 */
const SECURE_OPTIONS = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE;

/**
 * secureContext makes the context that all connections for a name share: one certificate of each kind of key, of which
 * OpenSSL takes what the client can verify. Throws what OpenSSL refuses.
 */
export function secureContext(
  credentials: readonly Credential[],
  options: ContextOptions,
  sessionIdContext = '',
): SecureContext {
  const { clientCa, clientCrl } = options;
  return createSecureContext({
    ...versionOptions(options),
    ...credentialOptions(credentials, options.password),
    ...(clientCa === null ? {} : { ca: readFileSync(clientCa) }),
    ...(clientCrl === null ? {} : { crl: crlsOf(readFileSync(clientCrl, 'latin1')) }),
    ...(sessionIdContext === '' ? {} : { sessionIdContext }),
    sessionTimeout: SESSION_SECONDS,
    secureOptions: SECURE_OPTIONS,
  });
}

/** crlsOf are the lists in a file, one by one, as Node takes them. */
function crlsOf(pem: string): string[] {
  return pem.match(/-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g) ?? [];
}

/** credentialOptions are certificates with their keys, PEM or PKCS#12. */
export function credentialOptions(credentials: readonly Credential[], password: string | null): SecureContextOptions {
  const passphrase = password === null ? {} : { passphrase: password };
  const pem = credentials.filter(({ cert }) => !isPkcs12(cert));
  const pkcs12 = credentials.filter(({ cert }) => isPkcs12(cert));
  return {
    ...(pem.length === 0
      ? {}
      : { cert: pem.map(({ cert }) => cert), key: pem.map(({ key }) => ({ pem: key, ...passphrase })) }),
    ...(pkcs12.length === 0 ? {} : { pfx: pkcs12.map(({ cert }) => ({ buf: cert, ...passphrase })) }),
  };
}
