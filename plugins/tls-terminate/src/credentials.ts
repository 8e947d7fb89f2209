/**
 * Credentials: certificate and key files to what OpenSSL serves with. Both planes: data threads serve with it, and the check
 * of a plan makes one to find out what OpenSSL would refuse. Imports no certificate library.
 */
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Args } from '@sluice/dsl/plan';

/** CredentialFiles are the checked options of `tls terminate`, paths absolute. */
export interface CredentialFiles {
  readonly cert: string;
  /** The same as `cert` when both are in one file. */
  readonly key: string;
  readonly min: '1.2' | '1.3';
}

/** Pem is the files' bytes. */
export interface Pem {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * RFC 9325, section 3.5: renegotiation has been a weakness often enough, and no browser asks for it; TLS 1.3 has none. The
 * server's order of ciphers counts, as the client's may be old.
 */
const SECURE_OPTIONS = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE;

/** credentialFiles reads the options of a plan. */
export function credentialFiles(options: Args): CredentialFiles {
  const cert = String(options.cert);
  const key = options.key === undefined ? cert : String(options.key);
  return { cert, key, min: options.min === '1.3' ? '1.3' : '1.2' };
}

/** readPem reads both files. Throws the system's error. */
export function readPem({ cert, key }: CredentialFiles): Pem {
  const bytes = readFileSync(cert);
  return { cert: bytes, key: key === cert ? bytes : readFileSync(key) };
}

/** secureContext makes the context that all connections of a listener share. Throws what OpenSSL refuses. */
export function secureContext({ cert, key }: Pem, min: CredentialFiles['min']): SecureContext {
  return createSecureContext({ cert, key, minVersion: `TLSv${min}`, secureOptions: SECURE_OPTIONS });
}
