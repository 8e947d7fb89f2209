/**
 * StreamSink: what goes to the peer on one stream: DATA within the windows, then trailers, then the end. Hot path; data plane.
 *
 * What the windows do not let through is kept, and makes the sink full, so that the other side is not read on. That is never more than
 * what was read in one go.
 */

import type { Sink } from '../sides/sink.ts';
import type {} from '../transport/buffer-slices.ts';
import type { Connection } from '../transport/connection.ts';
import { HeldBytes } from '../transport/held-bytes.ts';
import { END_STREAM } from './frames/frame.ts';
import { trailerBlock } from './heads/answer-fields.ts';
import type { HpackEncoder } from './hpack/hpack-encoder.ts';

/** FrameWriter is what a sink needs of its session. */
export interface FrameWriter {
  readonly out: Connection;
  /** What may still be sent on the whole connection. */
  readonly window: number;
  readonly frameBytes: number;
  sendData(stream: number, bytes: Buffer, from: number, to: number, flags: number): void;
  sendHeaders(stream: number, block: HpackEncoder, isEnd: boolean): number;
}

export class StreamSink implements Sink {
  /** How much more the peer takes on this stream; below 0 after it made its windows smaller. */
  window: number;
  bytesOut = 0;
  /** The stream is ended on our side. */
  isEnded = false;
  /** Trailers may come behind a body of known length, so its last byte is not the end yet. */
  awaitsEnd = false;
  readonly #session: FrameWriter;
  readonly #stream: number;
  /** Of an answer whose length is known: what is still to come; -1: unknown. */
  #left = -1;
  readonly #kept = new HeldBytes();
  #trailers = '';
  /** Nothing more will come than what is kept. */
  #isEnding = false;

  constructor(session: FrameWriter, stream: number, window: number) {
    this.#session = session;
    this.#stream = stream;
    this.window = window;
  }

  /** start says how long the body will be; -1: unknown. */
  start(length: number): void {
    this.#left = length;
  }

  get isFull(): boolean {
    return this.#kept.length > 0 || this.#session.out.isFull;
  }

  /** Everything was handed over, and some of it still waits. */
  get isWaiting(): boolean {
    return this.#kept.length > 0;
  }

  text(latin1: string): void {
    const bytes = Buffer.from(latin1, 'latin1');
    this.bytes(bytes, 0, bytes.length);
  }

  bytes(bytes: Buffer, from: number, to: number): void {
    if (this.isEnded || from >= to) return;
    const sent = this.#kept.length > 0 ? from : this.#send(bytes, from, to);
    if (sent < to) this.#kept.add(bytes, sent, to);
  }

  lastFollows(): void {
    this.awaitsEnd = false;
  }

  trailers(lines: string): void {
    this.#trailers = lines;
  }

  flush(): void {
    this.#session.out.flush();
  }

  /** pump sends what was kept, as far as it goes now. True: nothing is kept any more. */
  pump(): boolean {
    const kept = this.#kept;
    if (kept.length === 0) return true;
    while (kept.length > 0) {
      const piece = kept.first();
      const sent = this.#send(piece, 0, piece.length);
      kept.take(sent);
      if (sent < piece.length) return false;
    }
    if (this.#isEnding) this.#finish();
    return true;
  }

  /** end: the body is whole. */
  end(): void {
    this.#isEnding = true;
    if (this.#kept.length === 0) this.#finish();
  }

  #send(bytes: Buffer, from: number, to: number): number {
    const session = this.#session;
    let at = from;
    while (at < to) {
      const size = Math.min(to - at, this.window, session.window, session.frameBytes);
      if (size <= 0) break;
      const isLast = this.#left === size && this.#trailers === '' && (!this.awaitsEnd || this.#isEnding);
      session.sendData(this.#stream, bytes, at, at + size, isLast ? END_STREAM : 0);
      this.window -= size;
      this.bytesOut += size;
      if (this.#left > 0) this.#left -= size;
      if (isLast) this.isEnded = true;
      at += size;
    }
    return at;
  }

  #finish(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    const block = trailerBlock(this.#trailers);
    if (block === null) this.#session.sendData(this.#stream, NOTHING, 0, 0, END_STREAM);
    else this.#session.sendHeaders(this.#stream, block, true);
  }
}

const NOTHING = Buffer.alloc(0);
