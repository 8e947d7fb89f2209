/**
 * HpackDecoder: field blocks to fields (RFC 7541). Hot path; data plane.
 *
 * The table is the connection's, so a block must be decoded to its end even when nobody wants its fields any more. Anything
 * that the RFC calls an error is one, and ends the connection.
 */
import type {} from '../../transport/buffer-slices.ts';
import { DynamicTable } from './dynamic-table.ts';
import { Field } from './field.ts';
import { BAD_HUFFMAN, decodeHuffman } from './huffman.ts';
import { STATIC_COUNT, STATIC_FIELDS } from './static-table.ts';

/** FieldSink is given each field of a block, in order. */
export interface FieldSink {
  field(field: Field): void;
}

/** The table size that holds until settings say otherwise (RFC 9113 section 6.5.2). */
export const DEFAULT_TABLE_BYTES = 4096;

const STATIC: readonly Field[] = STATIC_FIELDS.map(([name, value]) => new Field(name, value));

/** Longest decoded name or value; a block with a longer one cannot be followed. */
const MOST_STRING_BYTES = 65536;
/** Larger integers are nobody's honest ones: indexes and lengths are bounded by blocks. */
const MOST_INTEGER = 0x0fffffff;

const BAD = -1;

const decoded = Buffer.allocUnsafeSlow(MOST_STRING_BYTES);

export class HpackDecoder {
  readonly #table: DynamicTable<Field>;
  /** What our settings allow. */
  readonly #mostBytes: number;
  #bytes: Buffer = decoded;
  #at = 0;
  #end = 0;

  constructor(mostTableBytes = DEFAULT_TABLE_BYTES) {
    this.#mostBytes = mostTableBytes;
    this.#table = new DynamicTable(mostTableBytes);
  }

  /** decode reads a whole block. False: COMPRESSION_ERROR, and the connection is of no more use. */
  decode(bytes: Buffer, from: number, to: number, sink: FieldSink): boolean {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
    let mayResize = true;
    while (this.#at < to) {
      const octet = bytes[this.#at]!;
      if (octet >= 0x20 && octet < 0x40) {
        if (!mayResize || !this.#resize()) return false;
        continue;
      }
      mayResize = false;
      const field = octet >= 0x80 ? this.#indexed() : this.#literal(octet);
      if (field === undefined) return false;
      sink.field(field);
    }
    return true;
  }

  #resize(): boolean {
    const size = this.#integer(0x1f);
    if (size === BAD || size > this.#mostBytes) return false;
    this.#table.resize(size);
    return true;
  }

  #indexed(): Field | undefined {
    const index = this.#integer(0x7f);
    return index === BAD ? undefined : this.#fieldAt(index);
  }

  #literal(octet: number): Field | undefined {
    const isIndexed = octet >= 0x40;
    const index = this.#integer(isIndexed ? 0x3f : 0x0f);
    if (index === BAD) return undefined;
    const name = index === 0 ? this.#string() : this.#fieldAt(index)?.name;
    if (name === undefined) return undefined;
    const value = this.#string();
    if (value === undefined) return undefined;
    const field = new Field(name, value);
    if (isIndexed) this.#table.add(field, field.octets);
    return field;
  }

  #fieldAt(index: number): Field | undefined {
    if (index === 0) return undefined;
    return index <= STATIC_COUNT ? STATIC[index - 1] : this.#table.at(index - STATIC_COUNT - 1);
  }

  /** An integer with a prefix of so many bits, given as their mask (section 5.1). */
  #integer(mask: number): number {
    const bytes = this.#bytes;
    if (this.#at >= this.#end) return BAD;
    let value = bytes[this.#at++]! & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 28; shift += 7) {
      if (this.#at >= this.#end) return BAD;
      const octet = bytes[this.#at++]!;
      value += (octet & 0x7f) * 2 ** shift;
      if (value > MOST_INTEGER) return BAD;
      if (octet < 0x80) return value;
    }
    return BAD;
  }

  #string(): string | undefined {
    if (this.#at >= this.#end) return undefined;
    const isHuffman = this.#bytes[this.#at]! >= 0x80;
    const length = this.#integer(0x7f);
    const from = this.#at;
    if (length === BAD || length > this.#end - from) return undefined;
    this.#at = from + length;
    if (!isHuffman) return length > MOST_STRING_BYTES ? undefined : this.#bytes.latin1Slice(from, this.#at);
    const end = decodeHuffman(this.#bytes, from, this.#at, decoded, 0);
    return end === BAD_HUFFMAN ? undefined : decoded.latin1Slice(0, end);
  }
}
