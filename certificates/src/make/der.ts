/**
 * Der: what certificates and PKCS#12 files are written with (X.690), by the library's own types. Main thread.
 */
import { asn1, fromDer, type Node, oidOf } from '../forge.ts';

/** Classes of tags (X.690, section 8.1.2.2), as the library takes them. */
const UNIVERSAL = 0x00;
const CONTEXT_SPECIFIC = 0x80;

export type { Node };

export function sequence(...of: readonly Node[]): Node {
  return asn1.create(UNIVERSAL, asn1.Type.SEQUENCE, true, [...of]);
}

export function setOf(...of: readonly Node[]): Node {
  return asn1.create(UNIVERSAL, asn1.Type.SET, true, [...of]);
}

export function oid(dotted: string): Node {
  return asn1.create(UNIVERSAL, asn1.Type.OID, false, asn1.oidToDer(dotted).getBytes());
}

export function nothing(): Node {
  return asn1.create(UNIVERSAL, asn1.Type.NULL, false, '');
}

/** integer takes the bytes of a number that is not negative. */
export function integer(bytes: Buffer): Node {
  return asn1.create(UNIVERSAL, asn1.Type.INTEGER, false, binary(bytes));
}

export function small(value: number): Node {
  return asn1.create(UNIVERSAL, asn1.Type.INTEGER, false, asn1.integerToDer(value).getBytes());
}

export function flag(value: boolean): Node {
  return asn1.create(UNIVERSAL, asn1.Type.BOOLEAN, false, value ? '\xff' : '\x00');
}

export function text(value: string): Node {
  return asn1.create(UNIVERSAL, asn1.Type.UTF8, false, binary(Buffer.from(value, 'utf8')));
}

export function octets(bytes: Buffer): Node {
  return asn1.create(UNIVERSAL, asn1.Type.OCTETSTRING, false, binary(bytes));
}

/** bits takes whole bytes, of whose last one `unused` bits do not count. */
export function bits(bytes: Buffer, unused = 0): Node {
  return asn1.create(UNIVERSAL, asn1.Type.BITSTRING, false, String.fromCharCode(unused) + binary(bytes));
}

/** time is a UTCTime up to 2049, a GeneralizedTime afterwards (RFC 5280, section 4.1.2.5). */
export function time(date: Date): Node {
  const digits = `${date.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
  return date.getUTCFullYear() < 2050
    ? asn1.create(UNIVERSAL, asn1.Type.UTCTIME, false, digits.slice(2))
    : asn1.create(UNIVERSAL, asn1.Type.GENERALIZEDTIME, false, digits);
}

/** tagged wraps nodes in a tag of the context (`[0] EXPLICIT`). */
export function tagged(tag: number, ...of: readonly Node[]): Node {
  return asn1.create(CONTEXT_SPECIFIC, tag as never, true, [...of]);
}

/** implicit is bytes under a tag of the context (`[2] IMPLICIT`). */
export function implicit(tag: number, bytes: Buffer): Node {
  return asn1.create(CONTEXT_SPECIFIC, tag as never, false, binary(bytes));
}

export function encode(node: Node): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
}

/** decode reads DER. Throws for what is none. */
export function decode(bytes: Buffer): Node {
  return fromDer(binary(bytes), true);
}

/** partsOf are the nodes in a node. */
export function partsOf(node: Node): readonly Node[] {
  return Array.isArray(node.value) ? node.value : [];
}

/** bytesOf is what a simple node holds. */
export function bytesOf(node: Node): Buffer {
  return typeof node.value === 'string' ? Buffer.from(node.value, 'latin1') : Buffer.alloc(0);
}

/** dottedOf is the dotted form of an object's identifier; empty for a node that is none. */
export function dottedOf(node: Node): string {
  return node.type === asn1.Type.OID && typeof node.value === 'string' ? oidOf(node.value) : '';
}

function binary(bytes: Buffer): string {
  return bytes.toString('latin1');
}
