/**
 * Output: the writing side of one socket. Hot path; data plane.
 *
 * Small pieces are joined into one latin1 string and leave in one system call (the string is copied by the kernel call,
 * so nothing is kept alive); large ones go as they are, together with what was held before them.
 */
import type { Socket } from 'node:net';
import type { BodySink } from './body-framer.ts';

/** Pieces up to this size are copied into the held text; larger ones are written by reference. */
const SMALL_BYTES = 4096;
const MOST_HELD = 16384;

export class Output implements BodySink {
  readonly socket: Socket;
  bytesOut = 0;
  #held = '';

  constructor(socket: Socket) {
    this.socket = socket;
  }

  text(latin1: string): void {
    this.#held += latin1;
    if (this.#held.length > MOST_HELD) this.flush();
  }

  bytes(bytes: Buffer, from: number, to: number): void {
    if (to <= from) return;
    if (to - from <= SMALL_BYTES) {
      this.text(bytes.latin1Slice(from, to));
      return;
    }
    const socket = this.socket;
    this.bytesOut += to - from;
    if (this.#held === '') {
      socket.write(bytes.subarray(from, to));
      return;
    }
    socket.cork();
    this.flush();
    socket.write(bytes.subarray(from, to));
    socket.uncork();
  }

  /** flush writes what is held. Call it at the end of every turn that wrote. */
  flush(): void {
    const held = this.#held;
    if (held === '') return;
    this.#held = '';
    this.bytesOut += held.length;
    this.socket.write(held, 'latin1');
  }

  /** isFull: the other side reads too slowly; stop reading from the source until `drain`. */
  get isFull(): boolean {
    return this.socket.writableNeedDrain;
  }
}
