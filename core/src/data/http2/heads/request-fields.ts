/**
 * RequestFields: the fields of a request's HEADERS to the text of an HTTP/1 head. Hot path; data plane.
 *
 * From there on a request is what any other is: read by the same strict parser, judged by the same rules. So nothing can
 * mean one thing here and another there. What RFC 9113 sections 8.2 and 8.3 call malformed is refused before; what is left
 * cannot hold a line end, as no field does.
 */
import { isSameAuthority, readAuthority } from '@sluice/dsl/match';
import { ENTRY_BYTES } from '../hpack/dynamic-table.ts';
import {
  AUTHORITY,
  CONTENT_LENGTH,
  COOKIE,
  type Field,
  HOST,
  LAST_PSEUDO,
  MALFORMED,
  METHOD,
  ORDINARY,
  PATH,
  PROTOCOL,
  SCHEME,
  STATUS,
} from '../hpack/field.ts';
import type { FieldSink } from '../hpack/hpack-decoder.ts';

const KEY_LINES = /^sec-websocket-key:.*\r\n/gim;

/** How a list of fields is judged. */
export const WELL_FORMED = 0;
/** To be answered 400, or the stream reset: RFC 9113 section 8.1.1. */
export const ILL_FORMED = 1;
/** More than the limit: 431. */
export const TOO_LARGE = 2;
/** CONNECT to somewhere else: 405. */
export const FOREIGN_CONNECT = 3;

/** The status that answers each of them. */
export const REFUSALS: Readonly<Record<number, number>> = {
  [ILL_FORMED]: 400,
  [TOO_LARGE]: 431,
  [FOREIGN_CONNECT]: 405,
};

export class RequestFields implements FieldSink {
  /** The head's text, once `finish` has said WELL_FORMED. */
  head = '';
  /** RFC 8441: asks for a WebSocket; the head is that of an HTTP/1.1 upgrade. */
  isWebSocket = false;
  /** Why it is not well-formed. */
  reason = '';
  #verdict = WELL_FORMED;
  #mostBytes = 0;
  #bytes = 0;
  #method = '';
  #scheme = '';
  #authority: string | null = null;
  #path = '';
  #protocol = '';
  #host: string | null = null;
  #cookie = '';
  #lines = '';
  #hasLength = false;
  #hasOrdinary = false;

  /** start forgets the last request. `mostBytes`: the list's size as SETTINGS_MAX_HEADER_LIST_SIZE counts it. */
  start(mostBytes: number): void {
    this.head = '';
    this.isWebSocket = false;
    this.#verdict = WELL_FORMED;
    this.#mostBytes = mostBytes;
    this.#bytes = 0;
    this.#method = '';
    this.#scheme = '';
    this.#authority = null;
    this.#path = '';
    this.#protocol = '';
    this.#host = null;
    this.#cookie = '';
    this.#lines = '';
    this.#hasLength = false;
    this.#hasOrdinary = false;
  }

  field(field: Field): void {
    if (this.#verdict !== WELL_FORMED) return;
    this.#bytes += field.octets + ENTRY_BYTES;
    if (this.#bytes > this.#mostBytes) {
      this.#refuse(TOO_LARGE, 'its header fields are larger than `head at most` allows');
      return;
    }
    const { kind, value } = field;
    if (kind === ORDINARY) {
      this.#hasOrdinary = true;
      this.#lines += field.line;
    } else if (kind <= LAST_PSEUDO) {
      this.#pseudo(kind, value);
    } else {
      this.#hasOrdinary = true;
      this.#known(field);
    }
  }

  #pseudo(kind: number, value: string): void {
    let isFirst = false;
    switch (kind) {
      case METHOD:
        isFirst = this.#method === '';
        this.#method = value;
        break;
      case SCHEME:
        isFirst = this.#scheme === '';
        this.#scheme = value;
        break;
      case AUTHORITY:
        isFirst = this.#authority === null;
        this.#authority = value;
        break;
      case PATH:
        isFirst = this.#path === '';
        this.#path = value;
        break;
      case PROTOCOL:
        isFirst = this.#protocol === '';
        this.#protocol = value;
        break;
      case STATUS:
        break;
    }
    // Each once, none empty, and all before the first other field (section 8.3).
    if (!isFirst || value === '' || this.#hasOrdinary) {
      this.#refuse(ILL_FORMED, 'a pseudo-field comes twice, empty, late, or is unknown');
    }
  }

  #known(field: Field): void {
    const { kind, value } = field;
    switch (kind) {
      case MALFORMED:
        this.#refuse(
          ILL_FORMED,
          'a header field is none of HTTP/2: its name, its value, or a field of HTTP/1 connections',
        );
        break;
      case HOST:
        if (this.#host !== null) this.#refuse(ILL_FORMED, 'it has more than one Host');
        this.#host = value;
        break;
      case COOKIE:
        // Crumbs of one cookie string (section 8.2.3).
        this.#cookie += this.#cookie === '' ? value : `; ${value}`;
        break;
      case CONTENT_LENGTH:
        // A second one is refused by the parser that reads the head.
        this.#hasLength = true;
        this.#lines += field.line;
        break;
      default:
        this.#lines += field.line;
    }
  }

  /** finish judges the list. `isEnd`: no body follows. `webSocketKey` is for the upgrade that a WebSocket becomes. */
  finish(isEnd: boolean, webSocketKey: () => string): number {
    if (this.#verdict !== WELL_FORMED) return this.#verdict;
    const isConnect = this.#method === 'CONNECT';
    const ill = (reason: string): number => this.#refuse(ILL_FORMED, reason);
    if (isConnect && this.#protocol === '') return this.#refuse(FOREIGN_CONNECT, 'CONNECT is not served');
    if (!isConnect && this.#protocol !== '') return ill(':protocol is for CONNECT alone');
    if (this.#method === '' || this.#path === '') return ill('it has no :method or no :path');
    if (this.#scheme !== 'http' && this.#scheme !== 'https') return ill(':scheme is neither http nor https');
    // An absolute-form target is HTTP/1's; here its parts stand in fields of their own.
    if (this.#path.charCodeAt(0) !== 0x2f && !(this.#path === '*' && this.#method === 'OPTIONS')) {
      return ill(':path is no path');
    }
    const authority = this.#authority ?? this.#host;
    if (authority === null) return ill('it has neither :authority nor Host');
    if (this.#host !== null && this.#host !== authority && !isSameName(this.#host, authority, this.#scheme)) {
      return ill('Host disagrees with :authority');
    }
    const cookie = this.#cookie === '' ? '' : `cookie: ${this.#cookie}\r\n`;
    let method = this.#method;
    let framing = '';
    if (isConnect) {
      if (this.#protocol !== 'websocket' || isEnd || this.#hasLength) {
        return ill('CONNECT asks for something other than a WebSocket');
      }
      this.isWebSocket = true;
      // The key of the upgrade is the gateway's own: RFC 8441 has none.
      this.#lines = this.#lines.replace(KEY_LINES, '');
      method = 'GET';
      framing = `connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: ${webSocketKey()}\r\n`;
    } else if (!isEnd && !this.#hasLength) {
      framing = 'transfer-encoding: chunked\r\n';
    }
    this.head = `${method} ${this.#path} HTTP/1.1\r\nhost: ${authority}\r\n${this.#lines}${cookie}${framing}\r\n`;
    return WELL_FORMED;
  }

  #refuse(verdict: number, reason: string): number {
    this.#verdict = verdict;
    this.reason = reason;
    return verdict;
  }
}

/** isSameName: `:authority` and Host name the same host and port (RFC 9113 section 8.3.1). */
function isSameName(one: string, other: string, scheme: string): boolean {
  const first = readAuthority(one);
  const second = readAuthority(other);
  return first !== null && second !== null && isSameAuthority(first, second, scheme);
}
