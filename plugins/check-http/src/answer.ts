/**
 * HttpAnswer: reads one answer to a probe, strictly, and no more of it than it has to. Main thread; knows no socket.
 *
 * Source: RFC 9112, sections 2 to 7. Interim answers (1xx) are passed over; 101 is final, as nobody asked for it.
 */

const MOST_HEAD = 16 * 1024;
const MOST_INTERIMS = 16;
/** The beginning of a body in which a text is looked for. */
export const BODY_BYTES = 64 * 1024;
/** All that a server may say: heads, body, and what chunks cost. */
export const ANSWER_BYTES = 4 * MOST_HEAD + 2 * BODY_BYTES;

const STATUS_LINE = /^HTTP\/1\.[01] ([1-5][0-9][0-9])(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/;
const CHUNK_LINE = /^[0-9A-Fa-f]{1,8}(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/;
const BEGINNING = 'HTTP/1.';

/** AnswerError says why it is no HTTP, as a phrase. */
export class AnswerError extends Error {}

export class HttpAnswer {
  /** 0 until the head has come. */
  status = 0;
  /** The first 64 KiB of the body, as far as it was read. */
  body: Buffer = Buffer.alloc(0);
  /** The body has come to its end. */
  isWhole = false;
  readonly #isHead: boolean;
  #interims = 0;
  /** Bytes left of the body or of its chunk; Infinity: until the connection ends. -1: a chunk's size comes next. */
  #left = 0;
  #isChunked = false;
  /** Behind a chunk stands an empty line. */
  #isBehindChunk = false;

  /** `isHead`: the request was a HEAD, so no body follows. */
  constructor(isHead: boolean) {
    this.#isHead = isHead;
  }

  /** isFull: as much of the body was read as is looked at. */
  get isFull(): boolean {
    return this.body.length >= BODY_BYTES;
  }

  /** readHead takes a head from the beginning of the bytes and returns how many; 0: more are needed. Throws AnswerError. */
  readHead(bytes: Buffer): number {
    for (let at = 0; at < Math.min(bytes.length, BEGINNING.length); at++) {
      if (bytes[at] !== BEGINNING.charCodeAt(at)) throw new AnswerError('it does not begin with HTTP/1.');
    }
    const end = bytes.indexOf('\r\n\r\n');
    if (end > MOST_HEAD || (end < 0 && bytes.length > MOST_HEAD)) throw new AnswerError('its head is over 16 KiB');
    if (end < 0) return 0;
    const [first, ...fields] = bytes.toString('latin1', 0, end).split('\r\n');
    const status = STATUS_LINE.exec(first!)?.[1];
    if (status === undefined) throw new AnswerError('its status line is wrong');
    let length: string | null = null;
    let coding: string | null = null;
    for (const field of fields) {
      if (!FIELD_LINE.test(field)) throw new AnswerError('a header field is wrong');
      const colon = field.indexOf(':');
      const name = field.slice(0, colon).toLowerCase();
      const value = field.slice(colon + 1).trim();
      if (name === 'content-length') {
        if (!/^\d{1,15}$/.test(value) || (length !== null && length !== value))
          throw new AnswerError('its length is wrong');
        length = value;
      } else if (name === 'transfer-encoding') {
        coding = coding === null ? value : `${coding}, ${value}`;
      }
    }
    const number = Number(status);
    if (number < 200 && number !== 101) {
      if (++this.#interims > MOST_INTERIMS) throw new AnswerError('it has too many interim answers');
      return end + 4;
    }
    if (coding !== null && (length !== null || coding.toLowerCase() !== 'chunked')) {
      throw new AnswerError('its body can be read in two ways');
    }
    this.status = number;
    this.#isChunked = coding !== null;
    this.#left = coding !== null ? -1 : length === null ? Number.POSITIVE_INFINITY : Number(length);
    if (this.#isHead || number === 101 || number === 204 || number === 304) this.#left = 0;
    this.isWhole = this.#left === 0;
    return end + 4;
  }

  /** readBody takes what it can of the body and returns how many bytes; 0: more are needed. Throws AnswerError. */
  readBody(bytes: Buffer): number {
    if (bytes.length === 0 || this.isWhole) return 0;
    if (this.#left === -1) return this.#readChunkLine(bytes);
    const taken = Math.min(this.#left, bytes.length);
    const room = BODY_BYTES - this.body.length;
    this.body = Buffer.concat([this.body, bytes.subarray(0, Math.min(taken, room))]);
    this.#left -= taken;
    if (this.#left > 0) return taken;
    if (this.#isChunked) {
      this.#left = -1;
      this.#isBehindChunk = true;
    } else this.isWhole = true;
    return taken;
  }

  /** end says that the connection has ended, and returns whether the answer is whole with that. */
  end(): boolean {
    if (this.status !== 0 && this.#left === Number.POSITIVE_INFINITY) this.isWhole = true;
    return this.isWhole;
  }

  #readChunkLine(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n');
    if (end < 0 && bytes.length > 1024) throw new AnswerError('a chunk is wrong');
    if (end < 0) return 0;
    if (this.#isBehindChunk) {
      if (end !== 0) throw new AnswerError('a chunk is longer than it says');
      this.#isBehindChunk = false;
      return 2;
    }
    const line = bytes.toString('latin1', 0, end);
    if (!CHUNK_LINE.test(line)) throw new AnswerError('a chunk is wrong');
    const size = Number.parseInt(line, 16);
    // What stands behind the last chunk is of no interest to a probe.
    if (size === 0) this.isWhole = true;
    else this.#left = size;
    return end + 2;
  }
}
