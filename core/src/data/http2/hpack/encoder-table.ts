/**
 * EncoderTable: what the peer lets our encoder's dynamic table hold, and which changes of it the peer still has to read (RFC 7541
 * section 4.2). One per connection; data plane. Only changes cost anything.
 *
 * Our encoder keeps no dynamic table (hpack-encoder.ts), so any size is fine with it. But the peer's decoder keeps one, and after it has asked
 * for less than it was using, the next field block must begin with an update that says so: a decoder ends the connection without it.
 */

import { DEFAULT_TABLE_BYTES } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';

const encoder = new HpackEncoder();

export class EncoderTable {
  /** The size that the peer's decoder goes by. */
  #announced = DEFAULT_TABLE_BYTES;
  /** The size that is allowed now, and the smallest that was since the last update. Never above the default: nobody would use more. */
  #allowed = DEFAULT_TABLE_BYTES;
  #least = DEFAULT_TABLE_BYTES;

  /** isDue: the next field block must begin with `update`. */
  get isDue(): boolean {
    return this.#least < this.#announced || this.#allowed !== this.#announced;
  }

  /** allow takes a SETTINGS_HEADER_TABLE_SIZE of the peer's, in bytes. */
  allow(bytes: number): void {
    this.#allowed = Math.min(bytes, DEFAULT_TABLE_BYTES);
    this.#least = Math.min(this.#least, this.#allowed);
  }

  /**
   * update returns the beginning of the next block: the smallest size since the last update, then the size that holds now, where the two
   * differ. It counts as sent.
   */
  update(): Buffer {
    encoder.start();
    if (this.#least < this.#allowed && this.#least < this.#announced) encoder.tableSize(this.#least);
    encoder.tableSize(this.#allowed);
    this.#announced = this.#allowed;
    this.#least = DEFAULT_TABLE_BYTES;
    return encoder.bytes.subarray(0, encoder.end);
  }
}
