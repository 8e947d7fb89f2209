/**
 * HeldBytes: bytes that wait for their turn, in order. Hot path; data plane.
 *
 * Pieces are joined in blocks, so that whoever sends a byte at a time has them held at a byte's cost, and none is moved again and
 * again as more comes.
 */

const BLOCK_BYTES = 16384;

export class HeldBytes {
  /** How many are held. */
  length = 0;
  #blocks: Buffer[] = [];
  /** Of the first block: what has been taken. */
  #from = 0;
  /** Of the last block: what is filled. */
  #filled = 0;

  /** add copies a piece. */
  add(bytes: Buffer, from: number, to: number): void {
    this.length += to - from;
    let at = from;
    while (at < to) {
      const last = this.#blocks.at(-1);
      const room = last === undefined ? 0 : last.length - this.#filled;
      if (room === 0) {
        // What comes alone takes no more than it needs; what goes on comes to whole blocks.
        const size = last === undefined ? to - at : Math.max(BLOCK_BYTES, to - at);
        this.#blocks.push(Buffer.allocUnsafe(size));
        this.#filled = 0;
        continue;
      }
      const size = Math.min(room, to - at);
      bytes.copy(last!, this.#filled, at, at + size);
      this.#filled += size;
      at += size;
    }
  }

  /** first is the beginning of what is held, as much as lies together; empty when nothing is. */
  first(): Buffer {
    const block = this.#blocks[0];
    if (block === undefined) return NOTHING;
    return block.subarray(this.#from, this.#blocks.length === 1 ? this.#filled : block.length);
  }

  /** take drops so many bytes of `first()`. */
  take(count: number): void {
    this.length -= count;
    this.#from += count;
    const block = this.#blocks[0];
    if (block === undefined || this.#from < (this.#blocks.length === 1 ? this.#filled : block.length)) return;
    this.#blocks.shift();
    this.#from = 0;
    if (this.#blocks.length === 0) this.#filled = 0;
  }

  /** all takes everything, as one buffer that is the caller's. */
  all(): Buffer {
    const only = this.#blocks.length === 1 && this.#from === 0 && this.#filled === this.#blocks[0]!.length;
    const all = only ? this.#blocks[0]! : Buffer.concat(this.#pieces(), this.length);
    this.clear();
    return all;
  }

  #pieces(): readonly Buffer[] {
    const last = this.#blocks.length - 1;
    return this.#blocks.map((block, at) => {
      return block.subarray(at === 0 ? this.#from : 0, at === last ? this.#filled : block.length);
    });
  }

  clear(): void {
    this.#blocks = [];
    this.length = 0;
    this.#from = 0;
    this.#filled = 0;
  }
}

const NOTHING = Buffer.alloc(0);
