/**
 * ReadBuffer: what a server's connection is read into. Hot path; data plane.
 *
 * Reading into the same memory again and again spares an allocation of 64 KiB a read, and the garbage collector the
 * rest. All connections of an event loop read into one small buffer, which so stays in the processor's cache; what is
 * read there is copied before anything may keep it. While an answer fills it, a connection borrows a large buffer of its
 * own. One that a write still refers to is left to that write and replaced.
 */
const SHARED_BYTES = 16384;
const LARGE_BYTES = 131072;
const MOST_FREE = 32;

const shared = Buffer.allocUnsafeSlow(SHARED_BYTES);
const freeLarge: Buffer[] = [];

export class ReadBuffer {
  #large: Buffer | null = null;

  /** current is the buffer for the next read. */
  current(): Buffer {
    return this.#large ?? shared;
  }

  /** isShared: other connections will read into the current buffer too, so nothing may go on referring to it. */
  get isShared(): boolean {
    return this.#large === null;
  }

  /** filled says how much of the current buffer the last read used, and that nothing refers to it any more. */
  filled(bytes: number): void {
    if (this.#large === null) {
      if (bytes === SHARED_BYTES) this.#large = freeLarge.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
    } else if (bytes < SHARED_BYTES) {
      this.release();
    }
  }

  /** leave gives a large buffer up to the write that still refers to it. */
  leave(): void {
    this.#large = null;
  }

  /** release gives the large buffer back. */
  release(): void {
    if (this.#large !== null && freeLarge.length < MOST_FREE) freeLarge.push(this.#large);
    this.#large = null;
  }
}
