/**
 * ByteReader: reads what a ByteWriter wrote. Main thread.
 *
 * Whatever the bytes are, it reads nothing beyond them: a number or text that is not all there throws a RangeError.
 */

const utf8 = new TextDecoder('utf-8', { fatal: true });

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes that have not been read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** bytes is a view of the next ones. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** text throws a TypeError for what is no UTF-8. */
  text(): string {
    return utf8.decode(this.bytes(this.u16()));
  }

  /** end throws if something is left. */
  end(): void {
    if (this.left > 0) throw new RangeError(`it has ${this.left} bytes more than expected`);
  }

  #take(count: number): number {
    if (!(count >= 0 && count <= this.left)) throw new RangeError(`it ends after ${this.left} of ${count} bytes`);
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
