/**
 * MakeRequest: what an authority is sent to have a certificate signed (PKCS#10, RFC 2986). Main thread.
 */
import { sign } from 'node:crypto';
import * as der from './der.ts';
import type { KeyPair } from './key-pair.ts';
import { extension, signatureAlgorithm } from './make-certificate.ts';

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const SUBJECT_ALT_NAME = '2.5.29.17';

/** makeRequest makes the request for these names of hosts, as DER. It names no subject: clients look at the names alone. */
export function makeRequest({ publicKey, privateKey }: KeyPair, names: readonly string[]): Buffer {
  const alternatives = names.map((name) => der.implicit(2, Buffer.from(name, 'latin1')));
  const extensions = der.sequence(extension(SUBJECT_ALT_NAME, false, der.sequence(...alternatives)));
  const info = der.sequence(
    der.small(0),
    der.sequence(),
    der.decode(publicKey.export({ type: 'spki', format: 'der' })),
    der.tagged(0, der.sequence(der.oid(EXTENSION_REQUEST), der.setOf(extensions))),
  );
  const signature = sign('sha256', der.encode(info), privateKey);
  return der.encode(der.sequence(info, signatureAlgorithm(privateKey), der.bits(signature)));
}
