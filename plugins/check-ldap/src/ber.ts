/**
 * Ber: the tag, length and bytes of one element (ITU-T X.690, definite lengths only). Main thread.
 */

export interface BerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** The bytes behind it start here. */
  readonly end: number;
}

/** BerError: what came is no BER, or none that LDAP uses. */
export class BerError extends Error {}

/**
 * readBer reads the element at `at`; null when more bytes are needed. Throws BerError for an indefinite length, a tag of
 * several bytes, or a length over `most`.
 */
export function readBer(bytes: Buffer, at: number, most: number): BerElement | null {
  if (bytes.length < at + 2) return null;
  const tag = bytes[at]!;
  if ((tag & 0x1f) === 0x1f) throw new BerError('a tag of several bytes');
  let length = bytes[at + 1]!;
  let from = at + 2;
  if (length === 0x80 || length > 0x84) throw new BerError('a length that LDAP does not have');
  if (length > 0x80) {
    const count = length & 0x7f;
    if (bytes.length < from + count) return null;
    length = bytes.readUIntBE(from, count);
    from += count;
  }
  if (length > most) throw new BerError(`an element of ${length} bytes`);
  if (bytes.length < from + length) return null;
  return { tag, content: bytes.subarray(from, from + length), end: from + length };
}

/** innerBer reads an element that must be there in full, inside of another one. */
export function innerBer(bytes: Buffer, at: number, tag: number): BerElement {
  const element = readBer(bytes, at, bytes.length);
  if (element === null) throw new BerError('an element that is longer than what it stands in');
  if (element.tag !== tag) throw new BerError(`tag 0x${element.tag.toString(16)} where 0x${tag.toString(16)} belongs`);
  return element;
}
