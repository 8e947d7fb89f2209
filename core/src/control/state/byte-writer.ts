/**
 * ByteWriter: bytes that grow as numbers and texts are added. Main thread.
 *
 * Numbers are little-endian; a text is its length in bytes, as 16 bits, and its UTF-8. What is written is kept in pieces: one that had to
 * grow would be copied again and again, tens of megabytes at once.
 */

const FIRST_BYTES = 1024;
const PIECE_BYTES = 1 << 18;
const MOST_TEXT_BYTES = 0xffff;

export class ByteWriter {
  readonly #full: Uint8Array[] = [];
  #piece = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#piece.buffer);
  #used = 0;
  #fullLength = 0;

  get length(): number {
    return this.#fullLength + this.#used;
  }

  u16(value: number): void {
    const at = this.#take(2);
    this.#view.setUint16(at, value, true);
  }

  u32(value: number): void {
    const at = this.#take(4);
    this.#view.setUint32(at, value, true);
  }

  i32(value: number): void {
    const at = this.#take(4);
    this.#view.setInt32(at, value, true);
  }

  f64(value: number): void {
    const at = this.#take(8);
    this.#view.setFloat64(at, value, true);
  }

  /** bytes adds bytes that do not change any more. */
  bytes(bytes: Uint8Array): void {
    if (bytes.length <= FIRST_BYTES) {
      const at = this.#take(bytes.length);
      this.#piece.set(bytes, at);
      return;
    }
    this.#finishPiece();
    this.#full.push(bytes);
    this.#fullLength += bytes.length;
  }

  /** text throws a RangeError for more than 64 KiB. */
  text(text: string): void {
    const bytes = Buffer.from(text);
    if (bytes.length > MOST_TEXT_BYTES) throw new RangeError(`a text of ${bytes.length} bytes`);
    this.u16(bytes.length);
    this.bytes(bytes);
  }

  /** pieces are all that was written. Nothing can be added to them. */
  pieces(): readonly Uint8Array[] {
    this.#finishPiece();
    return this.#full;
  }

  #take(count: number): number {
    if (this.#used + count > this.#piece.length) this.#finishPiece();
    const at = this.#used;
    this.#used += count;
    return at;
  }

  #finishPiece(): void {
    if (this.#used > 0) {
      this.#full.push(this.#piece.subarray(0, this.#used));
      this.#fullLength += this.#used;
    }
    this.#piece = new Uint8Array(Math.min(PIECE_BYTES, Math.max(FIRST_BYTES, this.#fullLength)));
    this.#view = new DataView(this.#piece.buffer);
    this.#used = 0;
  }
}
