/**
 * ChallengeCertificate: what proves over TLS that a name leads here (RFC 8737, section 3). Main thread.
 */
import { createHash } from 'node:crypto';
import { der, extension, keyPem, makeCertificate, makeKeyPair } from '@sluice/certificates/make';

const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
const DAYS = 7;

/** makeChallengeCertificate returns the certificate and its key, PEM. It signs itself, and no client but the authority sees it. */
export async function makeChallengeCertificate(name: string, keyAuthorization: string): Promise<string> {
  const { publicKey, privateKey } = await makeKeyPair('ecdsa');
  const digest = createHash('sha256').update(keyAuthorization).digest();
  const proof = extension(ACME_IDENTIFIER, true, der.octets(digest));
  const wish = { publicKey, commonName: name, names: [name], isAuthority: false, days: DAYS, now: new Date() };
  return makeCertificate({ ...wish, extensions: [proof] }, privateKey) + keyPem(privateKey);
}
