/**
 * FrameReader: a connection's bytes to frames (RFC 9113 section 4). Hot path; data plane.
 *
 * The content of DATA goes on as it comes, in as many pieces as it comes in, with the padding left out. Every other frame is handed
 * over whole; none may be larger than what our settings say, so what is held has a limit.
 */
import {
  DATA,
  DEFAULT_FRAME_BYTES,
  FRAME_HEAD_BYTES,
  FRAME_SIZE_ERROR,
  NO_ERROR,
  PADDED,
  PROTOCOL_ERROR,
  uint31,
} from './frame.ts';

/** FrameHandler takes what is read. Every call returns NO_ERROR or the error that ends the connection. */
export interface FrameHandler {
  /** A frame begins. `length` is its whole payload, which is what flow control counts. */
  onFrameStart(type: number, flags: number, stream: number, length: number): number;
  /** A piece of a DATA frame's content; the buffer is lent for the call. Not called for empty ones. */
  onContent(bytes: Buffer, from: number, to: number): number;
  /** A DATA frame has ended. */
  onContentEnd(): number;
  /** A whole payload of any other frame; the buffer is lent for the call. */
  onPayload(type: number, flags: number, stream: number, bytes: Buffer, from: number, to: number): number;
}

const HEAD = 0;
const PAYLOAD = 1;
const PAD_LENGTH = 2;
const CONTENT = 3;
const PADDING = 4;

export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #head = Buffer.allocUnsafeSlow(FRAME_HEAD_BYTES);
  #state = HEAD;
  /** Bytes of the head or the payload that are held. */
  #held = 0;
  #payload: Buffer | null = null;
  #type = 0;
  #flags = 0;
  #stream = 0;
  #length = 0;
  /** Of a DATA frame: content, then padding, still to come. */
  #content = 0;
  #padding = 0;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** read takes all bytes and returns NO_ERROR, or the error that ends the connection. */
  read(bytes: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      if (this.#state === HEAD) {
        if (this.#held === 0 && to - at >= FRAME_HEAD_BYTES) {
          const error = this.#startFrame(bytes, at);
          if (error !== NO_ERROR) return error;
          at += FRAME_HEAD_BYTES;
        } else {
          const taken = Math.min(FRAME_HEAD_BYTES - this.#held, to - at);
          bytes.copy(this.#head, this.#held, at, at + taken);
          this.#held += taken;
          at += taken;
          if (this.#held < FRAME_HEAD_BYTES) return NO_ERROR;
          const error = this.#startFrame(this.#head, 0);
          if (error !== NO_ERROR) return error;
        }
      } else if (this.#state === PAYLOAD) {
        at = this.#collect(bytes, at, to);
        if (at < 0) return -at;
      } else {
        at = this.#readData(bytes, at, to);
        if (at < 0) return -at;
      }
      const error = this.#endEmpty();
      if (error !== NO_ERROR) return error;
    }
    return NO_ERROR;
  }

  #startFrame(bytes: Buffer, at: number): number {
    this.#held = 0;
    this.#length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    this.#type = bytes[at + 3]!;
    this.#flags = bytes[at + 4]!;
    this.#stream = uint31(bytes, at + 5);
    if (this.#length > DEFAULT_FRAME_BYTES) return FRAME_SIZE_ERROR;
    const error = this.#handler.onFrameStart(this.#type, this.#flags, this.#stream, this.#length);
    if (error !== NO_ERROR) return error;
    if (this.#type !== DATA) {
      this.#state = PAYLOAD;
    } else if ((this.#flags & PADDED) !== 0) {
      if (this.#length === 0) return FRAME_SIZE_ERROR;
      this.#state = PAD_LENGTH;
    } else {
      this.#content = this.#length;
      this.#padding = 0;
      this.#state = CONTENT;
    }
    return NO_ERROR;
  }

  /** endEmpty ends whatever has nothing more to come. */
  #endEmpty(): number {
    if (this.#state === PAYLOAD && this.#length === 0) {
      this.#state = HEAD;
      return this.#handler.onPayload(this.#type, this.#flags, this.#stream, this.#head, 0, 0);
    }
    if (this.#state === CONTENT && this.#content === 0) this.#state = PADDING;
    if (this.#state === PADDING && this.#padding === 0) {
      this.#state = HEAD;
      return this.#handler.onContentEnd();
    }
    return NO_ERROR;
  }

  /** Returns the index behind what it took, or `-error`. */
  #collect(bytes: Buffer, at: number, to: number): number {
    const length = this.#length;
    if (this.#payload === null && to - at >= length) {
      this.#state = HEAD;
      const error = this.#handler.onPayload(this.#type, this.#flags, this.#stream, bytes, at, at + length);
      return error === NO_ERROR ? at + length : -error;
    }
    this.#payload ??= Buffer.allocUnsafe(length);
    const taken = Math.min(length - this.#held, to - at);
    bytes.copy(this.#payload, this.#held, at, at + taken);
    this.#held += taken;
    if (this.#held < length) return at + taken;
    const payload = this.#payload;
    this.#payload = null;
    this.#held = 0;
    this.#state = HEAD;
    const error = this.#handler.onPayload(this.#type, this.#flags, this.#stream, payload, 0, length);
    return error === NO_ERROR ? at + taken : -error;
  }

  #readData(bytes: Buffer, from: number, to: number): number {
    let at = from;
    if (this.#state === PAD_LENGTH) {
      this.#padding = bytes[at++]!;
      this.#content = this.#length - 1 - this.#padding;
      if (this.#content < 0) return -PROTOCOL_ERROR;
      this.#state = CONTENT;
    } else if (this.#state === CONTENT) {
      const taken = Math.min(this.#content, to - at);
      this.#content -= taken;
      const error = this.#handler.onContent(bytes, at, at + taken);
      if (error !== NO_ERROR) return -error;
      at += taken;
    } else {
      const taken = Math.min(this.#padding, to - at);
      this.#padding -= taken;
      at += taken;
    }
    return at;
  }
}
