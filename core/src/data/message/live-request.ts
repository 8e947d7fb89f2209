/**
 * LiveRequest: one request on its way through, as rules, balancers and the engine see it. Hot path; data plane.
 *
 * It reads from the head's text by offsets; strings are cut out only for what is asked for. HTTP/1's text is the form in which
 * the gateway knows every head, so other wires write one and have it read as strictly. It belongs to an Exchange and is
 * used again: nothing of it may be kept after `clear`. Plugins never get it: they get its `facts`.
 */

import type { Authority, IpAddress, ProxiedFacts, RequestFacts, TlsFacts } from '@sluice/dsl/match';
import { randomHex } from '../trace/random-hex.ts';
import type { TraceContext } from '../trace/trace-context.ts';
import type { AbortCause } from './abort-cause.ts';
import type { EndedBy, EndedIn } from './end-cause.ts';
import { faulty } from './fault.ts';
import { FieldBlock, hashName } from './field-block.ts';
import { type AnswerFacts, LiveFacts } from './live-facts.ts';
import { ANY_METHODS, MAX_METHOD } from './method.ts';
import { IS_TARGET, IS_TOKEN, SP } from './octets.ts';
import type { RequestPeer } from './request-peer.ts';

const nameHashes = new Map<string, number>();
const MOST_NAMES = 4096;

/** nameHash is hashName, remembered for names that rules ask for again and again. */
export function nameHash(lowerName: string): number {
  let hash = nameHashes.get(lowerName);
  if (hash === undefined) {
    hash = hashName(lowerName);
    if (nameHashes.size < MOST_NAMES) nameHashes.set(lowerName, hash);
  }
  return hash;
}

/** Methods that may be sent again although the server may have acted on them (RFC 9110 section 9.2.2). */
export function isIdempotent(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'PUT' || method === 'DELETE' || method === 'OPTIONS';
}

/** fieldValues are the values of the fields with a lower-case name: undefined for none, a string for one. */
export function fieldValues(fields: FieldBlock, head: string, name: string): string | readonly string[] | undefined {
  const hash = nameHash(name);
  let first: string | undefined;
  let all: string[] | undefined;
  for (let index = 0; index < fields.count; index++) {
    if (!fields.isNamed(index, head, name, hash)) continue;
    const value = fields.value(index, head);
    if (first === undefined) first = value;
    else if (all === undefined) all = [first, value];
    else all.push(value);
  }
  return all ?? first;
}

export const NO_PROTOCOLS: readonly string[] = [];

export class LiveRequest implements RequestFacts {
  readonly fields = new FieldBlock();
  /** The head as received, with its last empty line. */
  head = '';
  ip!: IpAddress;
  /** Trusted proxies between the client and the peer, nearest to the client first, each with `, ` before it. */
  hops = '';
  /** The client is not the peer but whom that names. */
  isPassedOn = false;
  /** Who sent it; null: nobody yet. */
  peer: RequestPeer | null = null;
  port = 0;
  scheme: 'http' | 'https' = 'http';
  /** The connection's TLS hello was read; what it says. */
  hasHello = false;
  sni = '';
  alpn: readonly string[] = NO_PROTOCOLS;
  /** As rules see it: in capitals. */
  method = '';
  /** As the client sent it, and a server gets it. */
  sentMethod = '';
  /** Why it was refused before any rule was asked; empty: it was not. */
  refusal = '';
  /** As received: what stands between the two blanks of the request line. */
  target = '';
  host = '';
  /** Host in the one form that names have, with its port: what rules see, and what goes to servers. */
  authority = '';
  /** The Host field has that form already. */
  isHostAsWritten = true;
  path = '';
  query = '';
  isHttp11 = true;
  hasHost = true;
  /** The client wants, and its version allows, another request on this connection. */
  isKeepAlive = true;
  expectsContinue = false;
  acceptsTrailers = false;
  /** Value of Upgrade to send on; empty when none is wanted. */
  upgrade = '';
  /** What goes to the server, once built. */
  forwardHead = '';
  /** Its place in a trace; null: requests are not traced. */
  trace: TraceContext | null = null;
  attempts = 0;
  /** It decides whether a broken circuit closes. */
  isTrial = false;
  startMs = 0;
  /** The head of a server's answer; 0: none has come. */
  answerMs = 0;
  /** What the client got; 0: nothing yet. */
  status = 0;
  /** Why it ended before its answer was whole; '': it did not, or that is not known yet. */
  abortCause: AbortCause = '';
  /** Who ended it, if it went wrong, and in which phase. */
  endedBy: EndedBy = '';
  endedIn: EndedIn = '';
  /** Which request on its connection it is, from 1; 0: that is not known. */
  number = 0;
  isHttp2 = false;
  /** How long it waited for a server with room, and how many did when it began to, itself included; 0: it did not. */
  queueMs = 0;
  queuePosition = 0;
  /** How long it took to connect to the last server, and the TLS handshake then; -1: no connection, or no handshake, was needed. */
  connectMs = -1;
  tlsMs = -1;
  /** The last good Host that this object saw, and what it comes to: kept over requests, as most name the same one. */
  knownWritten = '';
  knownAuthority: Authority | null = null;
  #id = '';
  #facts: LiveFacts | null = null;

  /** facts is the request as plugins see it: an object of its own for each. */
  get facts(): LiveFacts {
    this.#facts ??= new LiveFacts(this);
    return this.#facts;
  }

  /** showAnswer has plugins see the head of the answer; null: no longer. */
  showAnswer(answer: AnswerFacts | null): void {
    if (answer !== null) this.facts.show(answer);
    else this.#facts?.show(null);
  }

  /** clear makes it ready for another request. */
  clear(): void {
    this.head = '';
    this.peer = null;
    this.method = '';
    this.sentMethod = '';
    this.refusal = '';
    this.isHttp11 = true;
    this.target = '';
    this.authority = '';
    this.isHostAsWritten = true;
    this.path = '';
    this.query = '';
    this.forwardHead = '';
    this.trace = null;
    this.attempts = 0;
    this.isTrial = false;
    this.startMs = 0;
    this.answerMs = 0;
    this.status = 0;
    this.abortCause = '';
    this.endedBy = '';
    this.endedIn = '';
    this.number = 0;
    this.isHttp2 = false;
    this.queueMs = 0;
    this.queuePosition = 0;
    this.connectMs = -1;
    this.tlsMs = -1;
    this.expectsContinue = false;
    this.acceptsTrailers = false;
    this.host = '';
    this.upgrade = '';
    this.#id = '';
    if (this.#facts !== null) {
      this.#facts.end();
      this.#facts = null;
    }
  }

  get id(): string {
    if (this.#id === '') this.#id = randomHex(16);
    return this.#id;
  }

  get traceId(): string {
    return this.trace === null ? '' : this.trace.traceId;
  }

  /** The version of HTTP that the client speaks. */
  get version(): 'HTTP/2.0' | 'HTTP/1.1' | 'HTTP/1.0' {
    return this.isHttp2 ? 'HTTP/2.0' : this.isHttp11 ? 'HTTP/1.1' : 'HTTP/1.0';
  }

  /** endBy notes who ended it, in which phase, unless that is known already. */
  endBy(by: EndedBy, phase: EndedIn): void {
    if (this.endedBy !== '') return;
    this.endedBy = by;
    this.endedIn = phase;
  }

  get tls(): TlsFacts | null {
    return this.peer === null ? null : this.peer.tls;
  }

  get proxied(): ProxiedFacts | null {
    return this.peer === null ? null : this.peer.proxied;
  }

  memo<Value>(key: unknown, make: () => Value): Value {
    return this.facts.memo(key, make);
  }

  header(name: string): string | readonly string[] | undefined {
    if (!this.isHostAsWritten && name === 'host') return this.authority;
    return fieldValues(this.fields, this.head, name);
  }
}

/** Where the parts of a request line ended; filled by scanRequestLine. One a thread, read at once. */
export const requestLine = { methodEnd: 0, targetEnd: 0, isHttp11: true, isPlain: true, hasSmallLetters: false };

export const LINE_NEEDS_MORE = -1;
const BAD_LINE = -2;
export const TARGET_TOO_LONG = -3;
export const UNKNOWN_METHOD = -4;

/**
 * scanRequestLine checks `method SP target SP HTTP/1.x CR LF` from `at` on and returns the index behind it, or one of the
 * negative numbers above. `methods` says whether methods may have small letters.
 */
export function scanRequestLine(
  bytes: Uint8Array,
  start: number,
  end: number,
  maxTarget: number,
  methods: number,
): number {
  let at = start;
  let octet = 0;
  while (at < end && IS_TOKEN[(octet = bytes[at]!)] === 1 && !(octet >= 0x61 && octet <= 0x7a)) at++;
  const hasSmallLetters = at < end && octet >= 0x61 && octet <= 0x7a;
  if (hasSmallLetters) while (at < end && IS_TOKEN[(octet = bytes[at]!)] === 1) at++;
  requestLine.hasSmallLetters = hasSmallLetters;
  if (at - start > MAX_METHOD) return faulty(UNKNOWN_METHOD, 'the method is longer than 24 characters');
  if (at >= end) return LINE_NEEDS_MORE;
  if (octet !== SP || at === start) return faulty(BAD_LINE, 'the line does not begin with a method and one blank');
  if (hasSmallLetters && methods !== ANY_METHODS) {
    return faulty(UNKNOWN_METHOD, 'the method is not in capitals');
  }
  requestLine.methodEnd = at++;
  const targetStart = at;
  let isPlain = true;
  let previous = 0;
  while (at < end && IS_TARGET[(octet = bytes[at]!)] === 1) {
    if (octet === 0x25 || (previous === 0x2f && (octet === 0x2e || octet === 0x2f))) isPlain = false;
    previous = octet;
    at++;
  }
  if (at - targetStart > maxTarget) return faulty(TARGET_TOO_LONG, 'the target is longer than `target at most` allows');
  if (at >= end) return LINE_NEEDS_MORE;
  if (octet !== SP || at === targetStart) {
    return faulty(BAD_LINE, 'the target has a character that is not allowed in one, or no blank behind it');
  }
  requestLine.targetEnd = at++;
  requestLine.isPlain = isPlain;
  const versionEnd = at + 10;
  const known = Math.min(end, versionEnd) - at;
  for (let index = 0; index < known; index++) {
    octet = bytes[at + index]!;
    if (index === 7) {
      if (octet !== 0x31 && octet !== 0x30) return faulty(BAD_LINE, BAD_VERSION);
      requestLine.isHttp11 = octet === 0x31;
    } else if (octet !== VERSION.charCodeAt(index)) return faulty(BAD_LINE, BAD_VERSION);
  }
  return end < versionEnd ? LINE_NEEDS_MORE : versionEnd;
}

const VERSION = 'HTTP/1.1\r\n';
const BAD_VERSION = 'the line does not end in HTTP/1.0 or HTTP/1.1';
