/**
 * HpackEncoder: fields to field blocks (RFC 7541). Hot path; data plane.
 *
 * Names of the static table are written as their index, everything else as it is: no dynamic table and no Huffman coding.
 * What a table would save in bytes it costs in look-ups for each field; and a secret that stands in no table cannot be
 * guessed by the length of what is sent (section 7.1).
 */
import type {} from '../../transport/buffer-slices.ts';
import { STATIC_FIELDS } from './static-table.ts';

/** The first index of each name; of `:status` and others whose value counts, of the pair. */
const NAME_INDEX = new Map<string, number>();
const PAIR_INDEX = new Map<string, number>();
STATIC_FIELDS.forEach(([name, value], at) => {
  if (!NAME_INDEX.has(name)) NAME_INDEX.set(name, at + 1);
  if (value !== '') PAIR_INDEX.set(`${name}\0${value}`, at + 1);
});

const STATUS_NAME = NAME_INDEX.get(':status')!;
const STATUS_INDEX = new Uint8Array(600);
for (let status = 100; status < 600; status++) STATUS_INDEX[status] = PAIR_INDEX.get(`:status\0${status}`) ?? 0;

/** Names that tables of caches and proxies on the way must never hold (section 7.1.3). */
const NEVER_INDEXED = new Set(['authorization', 'proxy-authorization', 'set-cookie', 'cookie']);

const FIRST_BYTES = 4096;

/** HpackEncoder keeps one growing buffer; a block is valid until the next `begin`. */
export class HpackEncoder {
  bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** Where the block ends. */
  end = 0;

  start(): void {
    this.end = 0;
  }

  status(status: number): void {
    const index = STATUS_INDEX[status]!;
    this.#room(8);
    if (index !== 0) {
      this.bytes[this.end++] = 0x80 | index;
      return;
    }
    this.bytes[this.end++] = STATUS_NAME;
    this.bytes[this.end++] = 3;
    this.end += this.bytes.latin1Write(String(status), this.end);
  }

  /** pseudo writes a pseudo-field of a request, as a pair of the static table where there is one. */
  pseudo(name: string, value: string): void {
    const pair = PAIR_INDEX.get(`${name}\0${value}`);
    if (pair === undefined) this.field(name, value);
    else {
      this.#room(1);
      this.bytes[this.end++] = 0x80 | pair;
    }
  }

  /** field writes a field. The name must be in lower case; both are latin1. */
  field(name: string, value: string): void {
    const index = NAME_INDEX.get(name);
    const pattern = NEVER_INDEXED.has(name) ? 0x10 : 0;
    this.#room(name.length + value.length + 16);
    if (index === undefined) {
      this.bytes[this.end++] = pattern;
      this.#string(name);
    } else {
      this.#integer(index, 0x0f, pattern);
    }
    this.#string(value);
  }

  /** tableSize says at the beginning of a block how large the other side's table is from now on (RFC 7541 section 6.3). */
  tableSize(bytes: number): void {
    this.#room(8);
    this.#integer(bytes, 0x1f, 0x20);
  }

  #string(latin1: string): void {
    this.#integer(latin1.length, 0x7f, 0);
    this.end += this.bytes.latin1Write(latin1, this.end);
  }

  #integer(value: number, mask: number, pattern: number): void {
    if (value < mask) {
      this.bytes[this.end++] = pattern | value;
      return;
    }
    this.bytes[this.end++] = pattern | mask;
    let rest = value - mask;
    while (rest >= 0x80) {
      this.bytes[this.end++] = 0x80 | (rest & 0x7f);
      rest >>>= 7;
    }
    this.bytes[this.end++] = rest;
  }

  #room(bytes: number): void {
    if (this.end + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.end + bytes));
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
  }
}
