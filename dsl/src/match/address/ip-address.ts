/**
 * IpAddress: an IPv4 or IPv6 address as numbers, compared without text. Both planes; hot path.
 */

/** IpAddress holds four unsigned 32-bit words; for IPv4 the first three are 0. IPv4-mapped IPv6 becomes IPv4. */
export class IpAddress {
  readonly isV4: boolean;
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
  /** Canonical text (RFC 5952). */
  readonly text: string;

  constructor(isV4: boolean, word0: number, word1: number, word2: number, word3: number, text: string) {
    this.isV4 = isV4;
    this.word0 = word0;
    this.word1 = word1;
    this.word2 = word2;
    this.word3 = word3;
    this.text = text;
  }
}
