/**
 * AnswerHead: the head of a server's answer, checked as strictly as a request's. Hot path; data plane.
 *
 * One a thread: it is read, and the head for the client built, before anything else is parsed. Sources: RFC 9112
 * sections 4 and 6.3.
 */
import type {} from '../transport/buffer-slices.ts';
import { BY_LENGTH, CHUNKED, NO_BODY, UNTIL_CLOSE } from './body-framer.ts';
import { faulty } from './fault.ts';
import {
  BLANK_BEFORE_COLON,
  CONNECTION,
  CONTENT_LENGTH,
  FieldBlock,
  FOLDED_FIELD,
  NEED_MORE,
  SET_COOKIE,
  TRANSFER_ENCODING,
  UPGRADE,
} from './field-block.ts';
import { normalizeFields } from './normalized-fields.ts';
import { CR, IS_VALUE, LF, SP } from './octets.ts';
import { dropNamedFields, hasToken, parseLength } from './request-head.ts';

/** Longest head of an answer. */
export const MAX_ANSWER_HEAD_BYTES = 65536;
const MAX_ANSWER_FIELDS = 256;

export const ANSWER_NEEDS_MORE = -1;
export const BAD_ANSWER = -2;

const BAD_STATUS_LINE = 'the status line is not that of HTTP/1.0 or HTTP/1.1';
const HEAD_TOO_LONG = 'the head is longer than 64 KiB';

/** bad notes why an answer is not taken. */
function bad(reason: string): false {
  faulty(BAD_ANSWER, reason);
  return false;
}

const VERSION = 'HTTP/1.';
const NO_COOKIES: readonly string[] = Object.freeze([]);

export class AnswerHead {
  readonly fields = new FieldBlock();
  text = '';
  status = 0;
  reason = '';
  isHttp11 = true;
  /** The server's connection may be used again after this answer. */
  isKeepAlive = true;
  /** How the body is framed: a BodyFramer mode, and its length where that counts. */
  mode = NO_BODY;
  length = 0;
  /** The head has a Content-Length although no body follows (HEAD, 304). */
  hasLength = false;
  /** Trailers may come behind a body of known length: of HTTP/2 only, and set by whoever reads that. */
  mayTrail = false;
  /** Value of Upgrade; empty when there is none, or Connection does not name it. */
  upgrade = '';
  #cookies = 0;

  /**
   * parse reads the head that begins at `start`. Returns the index behind it, ANSWER_NEEDS_MORE or BAD_ANSWER.
   * `isHead`: the request was HEAD, so no body follows whatever the fields say. `isLax`: the server's backend says `servers lax`.
   */
  parse(bytes: Buffer, start: number, end: number, isHead: boolean, isLax = false): number {
    const lineEnd = this.#parseStatusLine(bytes, start, end);
    if (lineEnd < 0) return lineEnd;
    const most = Math.min(end, start + MAX_ANSWER_HEAD_BYTES);
    const behind = this.fields.scan(bytes, lineEnd, start, most, MAX_ANSWER_FIELDS);
    if (behind < 0) {
      if (behind === BLANK_BEFORE_COLON || (behind === FOLDED_FIELD && isLax)) {
        return this.#parseNormalized(bytes, start, lineEnd, most, isHead, isLax);
      }
      if (behind !== NEED_MORE) return BAD_ANSWER;
      return end - start < MAX_ANSWER_HEAD_BYTES ? ANSWER_NEEDS_MORE : faulty(BAD_ANSWER, HEAD_TOO_LONG);
    }
    this.text = bytes.latin1Slice(start, behind);
    return this.#readFields(isHead, isLax) ? behind : BAD_ANSWER;
  }

  /** A head with fields that are to be fixed: it is read once it has come whole, in the form in which it is sent on. */
  #parseNormalized(
    bytes: Buffer,
    start: number,
    lineEnd: number,
    most: number,
    isHead: boolean,
    isLax: boolean,
  ): number {
    const end = bytes.indexOf('\r\n\r\n', lineEnd, 'latin1');
    if (end === -1 || end + 4 > most) {
      return most - start < MAX_ANSWER_HEAD_BYTES ? ANSWER_NEEDS_MORE : faulty(BAD_ANSWER, HEAD_TOO_LONG);
    }
    const line = bytes.latin1Slice(start, lineEnd);
    this.text = line + normalizeFields(bytes.latin1Slice(lineEnd, end + 4), isLax);
    const fixed = Buffer.from(this.text, 'latin1');
    const behind = this.fields.scan(fixed, line.length, 0, fixed.length, MAX_ANSWER_FIELDS);
    if (behind === NEED_MORE) return faulty(BAD_ANSWER, 'a header field is folded over several lines');
    return behind >= 0 && this.#readFields(isHead, isLax) ? end + 4 : BAD_ANSWER;
  }

  get hasNoCookies(): boolean {
    return this.#cookies === 0;
  }

  /** setCookies are the values of Set-Cookie, in order; a shared empty array when there are none. */
  setCookies(): readonly string[] {
    if (this.#cookies === 0) return NO_COOKIES;
    const cookies: string[] = [];
    for (let index = 0; index < this.fields.count; index++) {
      if (this.fields.kind(index) === SET_COOKIE) cookies.push(this.fields.value(index, this.text));
    }
    return cookies;
  }

  #parseStatusLine(bytes: Buffer, start: number, end: number): number {
    for (let at = 0; at < VERSION.length; at++) {
      if (start + at >= end) return ANSWER_NEEDS_MORE;
      if (bytes[start + at] !== VERSION.charCodeAt(at)) return faulty(BAD_ANSWER, BAD_STATUS_LINE);
    }
    // "1 200" behind the dot, then a blank and the reason, or the line's end.
    let at = start + VERSION.length;
    if (end - at < 6) return ANSWER_NEEDS_MORE;
    const minor = bytes[at]!;
    if ((minor !== 0x31 && minor !== 0x30) || bytes[at + 1] !== SP) return faulty(BAD_ANSWER, BAD_STATUS_LINE);
    this.isHttp11 = minor === 0x31;
    let status = 0;
    for (let digitAt = at + 2; digitAt < at + 5; digitAt++) {
      const digit = bytes[digitAt]! - 0x30;
      if (digit < 0 || digit > 9) return faulty(BAD_ANSWER, BAD_STATUS_LINE);
      status = status * 10 + digit;
    }
    if (status < 100 || status > 599) return faulty(BAD_ANSWER, BAD_STATUS_LINE);
    this.status = status;
    at += 5;
    const reasonStart = at;
    while (at < end && IS_VALUE[bytes[at]!] === 1) at++;
    if (at - start > 1024) return faulty(BAD_ANSWER, BAD_STATUS_LINE);
    if (at + 1 >= end) return at < end && bytes[at] !== CR ? faulty(BAD_ANSWER, BAD_STATUS_LINE) : ANSWER_NEEDS_MORE;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return faulty(BAD_ANSWER, BAD_STATUS_LINE);
    if (at > reasonStart && bytes[reasonStart] !== SP) return faulty(BAD_ANSWER, BAD_STATUS_LINE);
    this.reason =
      status === 200 && at - reasonStart === 3 ? 'OK' : bytes.latin1Slice(Math.min(at, reasonStart + 1), at);
    return at + 2;
  }

  #readFields(isHead: boolean, isLax: boolean): boolean {
    const { fields, text, status } = this;
    let lengths = 0;
    let length = 0;
    let codings = 0;
    let coding = '';
    let connection = '';
    let upgrade = '';
    this.#cookies = 0;
    for (let index = 0; index < fields.count; index++) {
      switch (fields.kind(index)) {
        case CONTENT_LENGTH:
          if (++lengths > 1) {
            // One length said twice is one length (RFC 9112 section 6.3).
            if (!isLax || parseLength(fields.value(index, text)) !== length) {
              return bad('it has more than one Content-Length');
            }
            fields.drop(index);
          } else {
            length = parseLength(fields.value(index, text));
            if (length < 0) return bad('Content-Length is no number of at most 15 digits');
          }
          break;
        case TRANSFER_ENCODING:
          if (++codings > 1) return bad('it has more than one Transfer-Encoding');
          coding = fields.value(index, text).toLowerCase();
          break;
        case CONNECTION:
          connection += (connection === '' ? '' : ',') + fields.value(index, text).toLowerCase();
          break;
        case UPGRADE:
          upgrade = fields.value(index, text);
          break;
        case SET_COOKIE:
          this.#cookies++;
          break;
      }
    }
    if (lengths > 0 && codings > 0) return bad('it has a Content-Length and a Transfer-Encoding');
    if (codings > 0 && (coding !== 'chunked' || !this.isHttp11)) {
      return bad('it has a Transfer-Encoding other than `chunked`, or one in HTTP/1.0');
    }
    this.hasLength = lengths > 0;
    this.isKeepAlive = this.isHttp11;
    this.upgrade = '';
    if (connection !== '') {
      if (connection === 'keep-alive') this.isKeepAlive = true;
      else {
        if (hasToken(connection, 'close')) this.isKeepAlive = false;
        else if (hasToken(connection, 'keep-alive')) this.isKeepAlive = true;
        if (hasToken(connection, 'upgrade')) this.upgrade = upgrade;
        dropNamedFields(fields, text);
      }
    }
    this.length = 0;
    if (isHead || status < 200 || status === 204 || status === 304) {
      this.mode = NO_BODY;
    } else if (codings > 0) {
      this.mode = CHUNKED;
    } else if (lengths > 0) {
      this.mode = BY_LENGTH;
      this.length = length;
    } else {
      this.mode = UNTIL_CLOSE;
      this.isKeepAlive = false;
    }
    return true;
  }
}
