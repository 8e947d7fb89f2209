/**
 * BlockReader: a field block put together from HEADERS and CONTINUATION (RFC 9113 section 4.3), with limits on its pieces. Hot path;
 * data plane.
 *
 * A block that comes in one frame is never copied.
 */
import {
  DEFAULT_FRAME_BYTES,
  END_HEADERS,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  FRAME_SIZE_ERROR,
  NO_ERROR,
  PADDED,
  PRIORITY_FLAG,
  PROTOCOL_ERROR,
  uint31,
} from './frame.ts';

/** Pieces of one field block: more are a flood (CVE-2024-27983 and its like). */
const MOST_PIECES = 32;

export interface BlockTaker {
  /** Longest list of fields. */
  readonly mostFieldBytes: number;
  /** blockEnds: a whole field block has come. Returns the error of the connection. */
  blockEnds(stream: number, isEnd: boolean, bytes: Buffer, from: number, to: number): number;
}

export class BlockReader {
  /** Whose block is being read; 0: nobody's. */
  stream = 0;
  /** The priority that its HEADERS carry names the stream itself. */
  dependsOnItself = false;
  readonly #taker: BlockTaker;
  #isEnd = false;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(taker: BlockTaker) {
    this.#taker = taker;
  }

  /** headers begins a block; like `continuation` it returns the error of the connection. */
  headers(flags: number, stream: number, bytes: Buffer, from: number, to: number): number {
    if (stream === 0 || stream % 2 === 0) return PROTOCOL_ERROR;
    let at = from;
    let end = to;
    if ((flags & PADDED) !== 0) {
      if (at === to) return FRAME_SIZE_ERROR;
      end -= bytes[at++]!;
    }
    const hasPriority = (flags & PRIORITY_FLAG) !== 0;
    if (hasPriority) at += 5;
    if (at > end) return PROTOCOL_ERROR;
    this.dependsOnItself = hasPriority && uint31(bytes, at - 5) === stream;
    this.stream = stream;
    this.#isEnd = (flags & END_STREAM) !== 0;
    this.#pieces = [];
    this.#bytes = 0;
    return this.#piece(flags, bytes, at, end);
  }

  continuation(flags: number, bytes: Buffer, from: number, to: number): number {
    return this.stream === 0 ? PROTOCOL_ERROR : this.#piece(flags, bytes, from, to);
  }

  #piece(flags: number, bytes: Buffer, from: number, to: number): number {
    const isLast = (flags & END_HEADERS) !== 0;
    if (isLast && this.#pieces.length === 0) return this.#ends(bytes, from, to);
    this.#bytes += to - from;
    // Twice the limit, as a list is larger than its block: more cannot be a list within the limit, nor kept for decoding.
    const most = 2 * Math.max(this.#taker.mostFieldBytes, DEFAULT_FRAME_BYTES);
    if (this.#pieces.length >= MOST_PIECES || this.#bytes > most) return ENHANCE_YOUR_CALM;
    this.#pieces.push(Buffer.from(bytes.subarray(from, to)));
    if (!isLast) return NO_ERROR;
    const block = Buffer.concat(this.#pieces);
    this.#pieces = [];
    return this.#ends(block, 0, block.length);
  }

  #ends(bytes: Buffer, from: number, to: number): number {
    const { stream } = this;
    this.stream = 0;
    return this.#taker.blockEnds(stream, this.#isEnd, bytes, from, to);
  }
}
