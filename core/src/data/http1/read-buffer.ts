/**
 * ReadBuffer: what a server's connection is read into. Hot path; data plane.
 *
 * Reading into the same memory again and again spares an allocation of 64 KiB a read, and the garbage collector the
 * rest. A connection keeps a small buffer; while an answer fills it, it borrows a large one. A buffer that a write still
 * refers to is left to that write and replaced.
 */
const SMALL_BYTES = 16384;
const LARGE_BYTES = 131072;
const MOST_FREE = 32;

const freeLarge: Buffer[] = [];

export class ReadBuffer {
  #small: Buffer | null = null;
  #large: Buffer | null = null;

  /** current is the buffer for the next read. */
  current(): Buffer {
    if (this.#large !== null) return this.#large;
    this.#small ??= Buffer.allocUnsafeSlow(SMALL_BYTES);
    return this.#small;
  }

  /** filled says how much of the current buffer the last read used, and that nothing refers to it any more. */
  filled(bytes: number): void {
    if (this.#large === null) {
      if (bytes === SMALL_BYTES) this.#large = freeLarge.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
    } else if (bytes < SMALL_BYTES) {
      this.release();
    }
  }

  /** leave gives the current buffer up to whoever still refers to it. */
  leave(): void {
    if (this.#large !== null) this.#large = null;
    else this.#small = null;
  }

  /** release gives the large buffer back. */
  release(): void {
    if (this.#large !== null && freeLarge.length < MOST_FREE) freeLarge.push(this.#large);
    this.#large = null;
  }
}
