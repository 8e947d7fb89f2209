/**
 * Forge: the one module that imports node-forge, and so decides what it does. Main thread.
 *
 * | task | done by |
 * |---|---|
 * | ASN.1 (DER) and PEM, read and written | node-forge |
 * | the key that seals a PKCS#12 file (RFC 7292, appendix B) | node-forge |
 * | X.509 certificates, requests and PKCS#12 files | `make/`, of ASN.1 from here |
 * | making keys, signing, encrypting keys, hashing, matching a key with a certificate, verifying a chain | OpenSSL, through `node:crypto` |
 *
 * node-forge signs and verifies with RSA alone: it has no ECDSA, and cannot even read a certificate with an elliptic key. Most
 * certificates today have one. Its own certificates and PKCS#12 files could therefore only ever do half of the work, so none of its
 * cryptography is used but that one derivation, which OpenSSL offers no function for. What OpenSSL does is also what will be used when the
 * certificate is served, so that a check and a handshake cannot disagree.
 */
import { createRequire } from 'node:module';
import type forge from 'node-forge';

type Forge = typeof forge;

let library: Forge | null = null;

/** load imports the library when it is first needed: most gateways never check or make a certificate, and it is 42 files. */
function load(): Forge {
  library ??= createRequire(import.meta.url)('node-forge') as Forge;
  return library;
}

/** part is a part of the library that is loaded with its first use. */
function part<Name extends 'asn1' | 'pem'>(name: Name): Forge[Name] {
  return new Proxy({} as Forge[Name], { get: (_, member) => Reflect.get(load()[name], member) });
}

export const asn1 = part('asn1');
export const pem = part('pem');

export type Node = forge.asn1.Asn1;
export type PemBlock = forge.pem.ObjectPEM;

const KEY_FOR_MAC = 3;
const SHA256_BYTES = 32;

/** sealKey is the key for the HMAC-SHA256 that seals a PKCS#12 file (RFC 7292, appendix B). */
export function sealKey(password: string, salt: Buffer, rounds: number): Buffer {
  const { pkcs12, util, md } = load();
  const key = pkcs12.generateKey(
    password,
    util.createBuffer(salt.toString('latin1')),
    KEY_FOR_MAC as never,
    rounds,
    SHA256_BYTES,
    md.sha256.create() as never,
  ) as unknown as { getBytes(): string };
  return Buffer.from(key.getBytes(), 'latin1');
}

/** fromDer reads DER or BER. Throws for anything else. `isOpaque`: bit strings are left as bytes, whatever they hold. */
export function fromDer(bytes: string, isOpaque = false): Node {
  return isOpaque
    ? asn1.fromDer(load().util.createBuffer(bytes), { decodeBitStrings: false } as never)
    : asn1.fromDer(bytes);
}

/** oidOf is the dotted form of an identifier's bytes. */
export function oidOf(bytes: string): string {
  return asn1.derToOid(load().util.createBuffer(bytes));
}
