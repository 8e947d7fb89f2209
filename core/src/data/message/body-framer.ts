/**
 * BodyFramer: where a message's body ends, and which of its bytes go on. Hot path; data plane.
 *
 * Framing is decided here and never guessed (RFC 9112 section 6). Chunked bodies are checked byte by byte: sizes are
 * plain hexadecimal, every piece ends in CR LF, extensions are dropped, trailers are checked as strictly as headers
 * and lose the fields that could reframe a message. Bytes that are in order already go on as they came, without a copy.
 */
import type { HeaderNames } from '@sluice/dsl/match';
import type { BodySink } from '../transport/body-sink.ts';
import type {} from '../transport/buffer-slices.ts';
import { faulty } from './fault.ts';
import {
  ALIAS,
  BLANK_BEFORE_COLON,
  CONNECTION,
  CONTENT_LENGTH,
  FieldBlock,
  FOLDED_FIELD,
  FORWARDING,
  HOP_BY_HOP,
  HOST,
  NEED_MORE,
  TE,
  TRAILER,
  TRANSFER_ENCODING,
  UPGRADE,
} from './field-block.ts';
import { normalizeFields } from './normalized-fields.ts';
import { CR, HEX, HTAB, IS_VALUE, LF, SP } from './octets.ts';

export const NO_BODY = 0;
export const BY_LENGTH = 1;
export const CHUNKED = 2;
/** Until the connection ends: answers only. */
export const UNTIL_CLOSE = 3;

/**
 * How a body leaves: as it came, as bare content (to HTTP/1.0), cut into chunks (an answer that ends with its connection), or as bare
 * content with its trailers apart (to HTTP/2).
 */
export const AS_IS = 0;
export const UNCHUNKED = 1;
export const RECHUNKED = 2;
export const WITH_TRAILERS = 3;

/** How a body is read: as a client's, as a server's, or as one of a server with `servers lax`. */
export const STRICT = 0;
export const OF_SERVER = 1;
export const OF_LAX_SERVER = 2;

const SEMICOLON = 0x3b;
const MAX_SIZE_DIGITS = 16;
const MAX_EXTENSION_BYTES = 4096;
const MAX_TRAILER_BYTES = 8192;
const MAX_TRAILERS = 64;

const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const CONTENT = 3;
const CONTENT_CR = 4;
const CONTENT_LF = 5;
const TRAILERS = 6;
/** Blanks between a size and its extension; they must lead to a semicolon. */
const BLANKS = 7;

/** feed's answer to a body that breaks the rules. */
export const BAD_BODY = -1;

const BAD_SIZE = 'a chunk does not begin with its size and CR LF';
const BAD_CHUNK = 'a chunk is not as long as it says';
const BAD_TRAILERS = 'the trailers are longer than 8 KiB';

const trailerFields = new FieldBlock();

export class BodyFramer {
  mode = NO_BODY;
  isDone = true;
  /** Content bytes seen so far, framing left out. */
  contentBytes = 0;
  /** Trailers of these names, in any spelling, stay behind: rules judged the head, and servers may add trailers to it. null: none. */
  judgedNames: HeaderNames | null = null;
  #output = AS_IS;
  #reading = STRICT;
  #length = 0;
  #remaining = 0;
  #state = SIZE;
  #digits = 0;
  #extensionBytes = 0;
  #trailers: Buffer | null = null;
  /** The trailers, where they had to be normalized. */
  #normalized: string | null = null;

  /** startBody sets up for one message. `length` counts for BY_LENGTH only; `reading` is one of STRICT, OF_SERVER and OF_LAX_SERVER. */
  startBody(mode: number, length: number, output: number, reading = STRICT): void {
    this.#reading = reading;
    this.mode = mode;
    this.isDone = mode === NO_BODY || (mode === BY_LENGTH && length === 0);
    this.contentBytes = 0;
    this.#output = output;
    this.#length = length;
    this.#remaining = mode === BY_LENGTH ? length : 0;
    this.#state = SIZE;
    this.#digits = 0;
    this.#extensionBytes = 0;
    this.#trailers = null;
    this.#normalized = null;
  }

  /** restart begins the same message again. */
  restart(): void {
    this.startBody(this.mode, this.#length, this.#output);
  }

  /** leaveAs says how the body leaves, when that turns out only after `begin`. */
  leaveAs(output: number): void {
    this.#output = output;
  }

  /**
   * feed takes the bytes from `at` to `end`, hands on what may go on, and returns the index behind the last byte that
   * belongs to the body (`end` while it is not done), or BAD_BODY.
   */
  feed(bytes: Buffer, at: number, end: number, sink: BodySink): number {
    if (this.isDone || at >= end) return at;
    if (this.mode === BY_LENGTH) {
      const take = Math.min(this.#remaining, end - at);
      this.#remaining -= take;
      this.contentBytes += take;
      this.isDone = this.#remaining === 0;
      sink.bytes(bytes, at, at + take);
      return at + take;
    }
    if (this.mode === CHUNKED) return this.#feedChunked(bytes, at, end, sink);
    this.contentBytes += end - at;
    if (this.#output === RECHUNKED) {
      sink.text(`${(end - at).toString(16)}\r\n`);
      sink.bytes(bytes, at, end);
      sink.text('\r\n');
    } else {
      sink.bytes(bytes, at, end);
    }
    return end;
  }

  /** finish says that the connection has ended. True when that is a proper end of the body. */
  finish(sink: BodySink): boolean {
    if (this.isDone) return true;
    if (this.mode !== UNTIL_CLOSE) return false;
    if (this.#output === RECHUNKED) sink.text('0\r\n\r\n');
    this.isDone = true;
    return true;
  }

  #feedChunked(bytes: Buffer, start: number, end: number, sink: BodySink): number {
    const isBare = this.#output === UNCHUNKED || this.#output === WITH_TRAILERS;
    let at = start;
    // Bytes from spanStart on are in order and not yet handed on. lineStart is where the present size line begins,
    // or -1 when it began in an earlier buffer or lost an extension and so must be written again.
    let spanStart = start;
    let lineStart = this.#digits === 0 && this.#state === SIZE ? start : -1;
    while (at < end) {
      switch (this.#state) {
        case SIZE: {
          const octet = bytes[at]!;
          const digit = HEX[octet]!;
          if (digit !== 255) {
            this.#remaining = this.#remaining * 16 + digit;
            if (++this.#digits > MAX_SIZE_DIGITS || this.#remaining > Number.MAX_SAFE_INTEGER) {
              return faulty(BAD_BODY, 'a chunk size is too large');
            }
            at++;
            break;
          }
          if (this.#digits === 0) return faulty(BAD_BODY, BAD_SIZE);
          if (octet === CR) {
            this.#state = SIZE_LF;
            at++;
            break;
          }
          if (octet !== SEMICOLON && octet !== SP && octet !== HTAB) return faulty(BAD_BODY, BAD_SIZE);
          if (lineStart >= 0) {
            if (!isBare && lineStart > spanStart) sink.bytes(bytes, spanStart, lineStart);
            lineStart = -1;
          }
          this.#state = BLANKS;
          break;
        }
        case BLANKS: {
          const octet = bytes[at++]!;
          if (octet === SEMICOLON) this.#state = EXTENSION;
          else if (octet === CR && this.#reading === OF_LAX_SERVER) this.#state = SIZE_LF;
          else if ((octet !== SP && octet !== HTAB) || ++this.#extensionBytes > MAX_EXTENSION_BYTES) {
            return faulty(BAD_BODY, octet === CR ? 'blanks stand behind a chunk size' : BAD_SIZE);
          }
          break;
        }
        case EXTENSION: {
          const octet = bytes[at++]!;
          if (octet === CR) {
            this.#state = SIZE_LF;
          } else if (IS_VALUE[octet] === 0 || ++this.#extensionBytes > MAX_EXTENSION_BYTES) {
            return faulty(BAD_BODY, 'a chunk extension has a control character, or is longer than 4 KiB');
          }
          break;
        }
        case SIZE_LF:
          if (bytes[at++] !== LF) return faulty(BAD_BODY, BAD_SIZE);
          this.#digits = 0;
          if (this.#remaining === 0) {
            this.#state = TRAILERS;
            if (bytes[at] === CR && bytes[at + 1] === LF && at + 1 < end && lineStart >= 0) {
              if (!isBare) sink.bytes(bytes, spanStart, at + 2);
              else if (this.#output === WITH_TRAILERS) sink.trailers?.('');
              this.isDone = true;
              return at + 2;
            }
            if (lineStart > spanStart && !isBare) sink.bytes(bytes, spanStart, lineStart);
            break;
          }
          this.contentBytes += this.#remaining;
          this.#state = CONTENT;
          if (isBare) {
            spanStart = at;
          } else if (lineStart < 0) {
            sink.text(`${this.#remaining.toString(16)}\r\n`);
            spanStart = at;
          }
          break;
        case CONTENT: {
          const take = Math.min(this.#remaining, end - at);
          at += take;
          this.#remaining -= take;
          if (this.#remaining === 0) {
            this.#state = CONTENT_CR;
            if (isBare) sink.bytes(bytes, spanStart, at);
          }
          break;
        }
        case CONTENT_CR:
          if (bytes[at++] !== CR) return faulty(BAD_BODY, BAD_CHUNK);
          this.#state = CONTENT_LF;
          break;
        case CONTENT_LF:
          if (bytes[at++] !== LF) return faulty(BAD_BODY, BAD_CHUNK);
          this.#state = SIZE;
          lineStart = at;
          break;
        default:
          return this.#feedTrailers(bytes, at, end, sink);
      }
    }
    // Out of bytes: hand on what is complete, keep back a size line that is not.
    if (isBare) {
      if (this.#state === CONTENT) sink.bytes(bytes, spanStart, end);
    } else if (this.#state === SIZE || this.#state === SIZE_LF) {
      if (lineStart > spanStart) sink.bytes(bytes, spanStart, lineStart);
    } else if (this.#state !== EXTENSION && this.#state !== BLANKS && this.#state !== TRAILERS) {
      sink.bytes(bytes, spanStart, end);
    }
    return end;
  }

  #feedTrailers(bytes: Buffer, at: number, end: number, sink: BodySink): number {
    const held = this.#trailers;
    const section = held === null ? bytes.subarray(at, end) : Buffer.concat([held, bytes.subarray(at, end)]);
    const behind = this.#scanTrailers(section);
    if (behind === NEED_MORE) {
      if (section.length > MAX_TRAILER_BYTES) return faulty(BAD_BODY, BAD_TRAILERS);
      this.#trailers = held === null ? Buffer.from(section) : section;
      return end;
    }
    if (behind < 0) return BAD_BODY;
    if (behind > MAX_TRAILER_BYTES) return faulty(BAD_BODY, BAD_TRAILERS);
    const text = this.#normalized ?? section.latin1Slice(0, behind);
    const kept = this.#output === UNCHUNKED ? '' : keptTrailers(text, this.judgedNames);
    if (this.#output === WITH_TRAILERS) sink.trailers?.(kept);
    else if (this.#output !== UNCHUNKED) sink.text(`0\r\n${kept}\r\n`);
    this.#trailers = null;
    this.#normalized = null;
    this.isDone = true;
    return at + behind - (held?.length ?? 0);
  }

  /** scanTrailers reads a section of trailers. A server's may be normalized first, and are kept as they are then. */
  #scanTrailers(section: Buffer): number {
    const behind = trailerFields.scan(section, 0, 0, section.length, MAX_TRAILERS);
    const isNormalizable =
      behind === BLANK_BEFORE_COLON || (behind === FOLDED_FIELD && this.#reading === OF_LAX_SERVER);
    if (!isNormalizable || this.#reading === STRICT) return behind;
    const end = section.indexOf('\r\n\r\n');
    if (end === -1) return NEED_MORE;
    this.#normalized = normalizeFields(section.latin1Slice(0, end + 4), this.#reading === OF_LAX_SERVER);
    const normalized = Buffer.from(this.#normalized, 'latin1');
    const normalizedBehind = trailerFields.scan(normalized, 0, 0, normalized.length, MAX_TRAILERS);
    return normalizedBehind < 0 ? normalizedBehind : end + 4;
  }
}

function keptTrailers(section: string, judged: HeaderNames | null): string {
  let kept = '';
  for (let index = 0; index < trailerFields.count; index++) {
    switch (trailerFields.kind(index)) {
      case HOST:
      case CONTENT_LENGTH:
      case TRANSFER_ENCODING:
      case CONNECTION:
      case HOP_BY_HOP:
      case FORWARDING:
      case ALIAS:
      case UPGRADE:
      case TE:
      case TRAILER:
        continue;
    }
    if (judged?.has(trailerFields.name(index, section)) === true) continue;
    kept += `${section.substring(trailerFields.lineStart(index), trailerFields.nameEnd(index))}: ${trailerFields.value(index, section)}\r\n`;
  }
  return kept;
}
