/**
 * KeyPair: fresh keys, made off the event loop. Main thread.
 */
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

const generate = promisify(generateKeyPair);

export type KeyKind = 'ecdsa' | 'rsa';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** NIST SP 800-57: 128 bits of strength take 3072 of RSA; 2048 are what every old client knows, and good for the years that count. */
const RSA_BITS = 2048;

/** makeKeyPair makes a key: `ecdsa` on P-256, which all clients of today know, or `rsa` with 2048 bits. */
export function makeKeyPair(kind: KeyKind): Promise<KeyPair> {
  return kind === 'ecdsa'
    ? generate('ec', { namedCurve: 'P-256' })
    : generate('rsa', { modulusLength: RSA_BITS, publicExponent: 0x10001 });
}

/** keyPem is a private key as PEM (PKCS#8), not encrypted. */
export function keyPem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}
