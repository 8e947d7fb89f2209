/**
 * MakeCertificate: X.509 certificates for trying things out and for networks of one's own. Main thread.
 *
 * The certificate is put together of its ASN.1, and signed by OpenSSL (`../forge.ts` says why).
 * Source: RFC 5280; for names RFC 9525.
 */
import { createHash, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { certificateError } from '../errors.ts';
import { addressBytes } from './certificate-names.ts';
import * as der from './der.ts';

const DAY_MS = 86_400_000;
/** Other machines' clocks may be behind. */
const BACKDATED_MS = 3_600_000;
/** RFC 5280, appendix A: `ub-common-name`. */
const MOST_COMMON_NAME = 64;

export interface Issuer {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

export interface CertificateWish {
  readonly publicKey: KeyObject;
  /** Text for people; not looked at by clients. */
  readonly commonName: string;
  /** As `certificateName` gives them. None for an authority. */
  readonly names: readonly string[];
  readonly isAuthority: boolean;
  readonly days: number;
  readonly now: Date;
  /** More of its extensions. Default: none. */
  readonly extensions?: readonly der.Node[];
}

/**
 * makeCertificate makes a certificate as PEM, signed by the issuer, or by its own key where that is given. It does not outlive its
 * issuer. Throws one line for an issuer that is no authority or whose key does not fit.
 */
export function makeCertificate(wish: CertificateWish, signer: Issuer | KeyObject): string {
  const issuer = 'certificate' in signer ? signer : null;
  const key = 'certificate' in signer ? signer.key : signer;
  if (issuer !== null) checkIssuer(issuer);
  const algorithm = signatureAlgorithm(key);
  const subject = nameNode(wish.commonName);
  const notBefore = new Date(wish.now.getTime() - BACKDATED_MS);
  const wished = new Date(wish.now.getTime() + wish.days * DAY_MS);
  const last = issuer === null ? wished : new Date(issuer.certificate.validTo);
  const parsed = issuer === null ? null : tbsOf(issuer.certificate);
  const tbs = der.sequence(
    der.tagged(0, der.small(2)),
    der.integer(serialNumber()),
    algorithm,
    parsed === null ? subject : parsed.subject,
    der.sequence(der.time(notBefore), der.time(wished < last ? wished : last)),
    subject,
    der.decode(wish.publicKey.export({ type: 'spki', format: 'der' })),
    der.tagged(3, der.sequence(...extensions(wish, parsed === null ? keyId(wish.publicKey) : parsed.keyId))),
  );
  const signature = sign('sha256', der.encode(tbs), key);
  const bytes = der.encode(der.sequence(tbs, algorithm, der.bits(signature)));
  return new X509Certificate(bytes).toString();
}

function checkIssuer({ certificate, key }: Issuer): void {
  if (!certificate.ca) throw certificateError('SP0151', {});
  if (!certificate.checkPrivateKey(key)) throw certificateError('SP0152', {});
}

/** signatureAlgorithm names how a key signs, with SHA-256. Throws one line for a kind of key that cannot. */
export function signatureAlgorithm({ asymmetricKeyType }: KeyObject): der.Node {
  if (asymmetricKeyType === 'ec') return der.sequence(der.oid('1.2.840.10045.4.3.2'));
  if (asymmetricKeyType === 'rsa') return der.sequence(der.oid('1.2.840.113549.1.1.11'), der.nothing());
  throw certificateError('SP0153', { kind: String(asymmetricKeyType) });
}

/** Positive, and too long to be guessed or drawn twice (CA/Browser Forum, 7.1). */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes;
}

function nameNode(commonName: string): der.Node {
  const known = commonName.slice(0, MOST_COMMON_NAME);
  return der.sequence(der.setOf(der.sequence(der.oid('2.5.4.3'), der.text(known))));
}

/** RFC 5280, section 4.2.1.2, method 1. */
function keyId(key: KeyObject): Buffer {
  const [, bits] = der.partsOf(der.decode(key.export({ type: 'spki', format: 'der' })));
  return createHash('sha1').update(der.bytesOf(bits!).subarray(1)).digest();
}

/** extension is one of a certificate's extensions (RFC 5280, section 4.2). */
export function extension(oid: string, isCritical: boolean, value: der.Node): der.Node {
  const critical = isCritical ? [der.flag(true)] : [];
  return der.sequence(der.oid(oid), ...critical, der.octets(der.encode(value)));
}

const KEY_CERT_SIGN_AND_CRL = Buffer.from([0x06]);
const SIGNATURE = Buffer.from([0x80]);
const SIGNATURE_AND_ENCIPHERMENT = Buffer.from([0xa0]);

function extensions(wish: CertificateWish, issuerKeyId: Buffer | null): der.Node[] {
  const { publicKey, names, isAuthority } = wish;
  const made: der.Node[] = [];
  if (isAuthority) {
    // Signs certificates of its own, and no other authorities.
    made.push(extension('2.5.29.19', true, der.sequence(der.flag(true), der.small(0))));
    made.push(extension('2.5.29.15', true, der.bits(KEY_CERT_SIGN_AND_CRL, 1)));
  } else {
    const isRsa = publicKey.asymmetricKeyType === 'rsa';
    made.push(extension('2.5.29.19', true, der.sequence()));
    made.push(
      extension('2.5.29.15', true, isRsa ? der.bits(SIGNATURE_AND_ENCIPHERMENT, 5) : der.bits(SIGNATURE, 7)),
      // For servers, and for clients that servers ask for a certificate.
      extension('2.5.29.37', false, der.sequence(der.oid('1.3.6.1.5.5.7.3.1'), der.oid('1.3.6.1.5.5.7.3.2'))),
    );
    const alternatives = names.map((name) =>
      isIP(name) === 0 ? der.implicit(2, Buffer.from(name, 'latin1')) : der.implicit(7, addressBytes(name)),
    );
    made.push(extension('2.5.29.17', false, der.sequence(...alternatives)));
  }
  made.push(extension('2.5.29.14', false, der.octets(keyId(publicKey))));
  made.push(...(wish.extensions ?? []));
  if (issuerKeyId !== null) made.push(extension('2.5.29.35', false, der.sequence(der.implicit(0, issuerKeyId))));
  return made;
}

interface ParsedIssuer {
  /** Byte for byte: clients compare it with what names the issuer. */
  readonly subject: der.Node;
  /** As the issuer's own certificate has it, however it was made; null: it has none. */
  readonly keyId: Buffer | null;
}

function tbsOf(certificate: X509Certificate): ParsedIssuer {
  const [tbs] = der.partsOf(der.decode(certificate.raw));
  const parts = der.partsOf(tbs!);
  const hasVersion = parts[0]!.type === (0 as never);
  const subject = parts[hasVersion ? 5 : 4]!;
  const list = parts.find((part) => part.type === (3 as never) && part.tagClass === (0x80 as never));
  for (const each of list === undefined ? [] : der.partsOf(der.partsOf(list)[0]!)) {
    const [oid, ...rest] = der.partsOf(each);
    if (der.dottedOf(oid!) === '2.5.29.14') {
      return { subject, keyId: der.bytesOf(der.decode(der.bytesOf(rest.at(-1)!))) };
    }
  }
  return { subject, keyId: null };
}
