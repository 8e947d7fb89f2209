/**
 * Pkcs12: a certificate with its chain and key in one file, sealed by a password. Main thread.
 *
 * The key is encrypted by OpenSSL (PBES2, AES-256); certificates are no secret and stand as they are. The whole is sealed with
 * HMAC-SHA256. Source: RFC 7292.
 */
import { createHash, createHmac, type KeyObject, randomBytes, type X509Certificate } from 'node:crypto';
import { sealKey } from '../forge.ts';
import * as der from './der.ts';

const ROUNDS = 100_000;
const DATA = '1.2.840.113549.1.7.1';
const SHROUDED_KEY = '1.2.840.113549.1.12.10.1.2';
const CERTIFICATE = '1.2.840.113549.1.12.10.1.3';
const X509 = '1.2.840.113549.1.9.22.1';
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21';
const SHA256 = '2.16.840.1.101.3.4.2.1';

/** makePkcs12 makes the file. The certificate that belongs to the key comes first. */
export function makePkcs12(key: KeyObject, certificates: readonly X509Certificate[], password: string): Buffer {
  const shrouded = key.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: password });
  const id = createHash('sha1').update(certificates[0]!.raw).digest();
  const own = der.setOf(der.sequence(der.oid(LOCAL_KEY_ID), der.setOf(der.octets(id))));
  const bags = certificates.map((certificate, at) =>
    der.sequence(
      der.oid(CERTIFICATE),
      der.tagged(0, der.sequence(der.oid(X509), der.tagged(0, der.octets(certificate.raw)))),
      ...(at === 0 ? [own] : []),
    ),
  );
  const keyBag = der.sequence(der.oid(SHROUDED_KEY), der.tagged(0, der.decode(shrouded as Buffer)), own);
  const safe = der.encode(der.sequence(content(der.sequence(...bags)), content(der.sequence(keyBag))));
  const salt = randomBytes(16);
  const seal = createHmac('sha256', sealKey(password, salt, ROUNDS))
    .update(safe)
    .digest();
  return der.encode(
    der.sequence(
      der.small(3),
      der.sequence(der.oid(DATA), der.tagged(0, der.octets(safe))),
      der.sequence(
        der.sequence(der.sequence(der.oid(SHA256), der.nothing()), der.octets(seal)),
        der.octets(salt),
        der.small(ROUNDS),
      ),
    ),
  );
}

function content(of: der.Node): der.Node {
  return der.sequence(der.oid(DATA), der.tagged(0, der.octets(der.encode(of))));
}
