/**
 * Certificates for tests, made on the spot.
 */
import { generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';

const DAY_MS = 86_400_000;

/** A key and the certificate that it signed itself, as PEM. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

/** makeKey makes a private key, as PEM. */
export function makeKey(bits = 2048): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** certify makes a self-signed certificate for a name; its days are counted from now. */
export function certify(name: string, key: string, { fromDay = -1, toDay = 30, isAuthority = false } = {}): Certified {
  const privateKey = forge.pki.privateKeyFromPem(key);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(privateKey.n, privateKey.e);
  certificate.serialNumber = forge.util.bytesToHex(`\x01${forge.random.getBytesSync(8)}`);
  certificate.validity.notBefore = new Date(Date.now() + fromDay * DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + toDay * DAY_MS);
  certificate.setSubject([{ name: 'commonName', value: name }]);
  certificate.setIssuer([{ name: 'commonName', value: name }]);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: isAuthority },
    { name: 'subjectAltName', altNames: [{ type: 2, value: name }] },
  ]);
  certificate.sign(privateKey, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key };
}

/** authorityFor makes the certificate of an authority. */
export function authorityFor(name: string): Certified {
  return certify(name, makeKey(), { isAuthority: true });
}
