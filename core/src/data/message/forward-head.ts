/**
 * ForwardHead: the heads that leave, for the server and for the client. Hot path; data plane.
 *
 * Fields that stay are copied in runs as they came; fields that end at this hop are left out (RFC 9110 section 7.6.1).
 * Forwarding fields are dropped whoever sends them, but for those that a trusted peer's are kept of; ours are added (RFC 7239).
 */

import type { AnswerHead } from './answer-head.ts';
import {
  ALIAS,
  CONNECTION,
  CONTENT_LENGTH,
  DROPPED,
  EXPECT,
  FORWARDING,
  HOP_BY_HOP,
  HOST,
  TE,
  TRACE,
  TRANSFER_ENCODING,
  UPGRADE,
} from './field-block.ts';
import type { FieldEdits } from './field-edits.ts';
import type { LiveRequest } from './live-request.ts';
import type { RequestEdits } from './request-edits.ts';

/** Peer is what forwarding fields say of a connection; the texts are made once a connection. */
export class Peer {
  readonly address: string;
  readonly scheme: 'http' | 'https';
  readonly isTrusted: boolean;
  /** Forwarding fields of this peer that servers get as they came, in lower case. */
  readonly kept: readonly string[];
  readonly #forNode: string;
  #authority: string | null = null;
  #fields = '';

  constructor(address: string, scheme: 'http' | 'https', isTrusted: boolean, kept: readonly string[] = []) {
    this.address = address;
    this.scheme = scheme;
    this.isTrusted = isTrusted;
    this.kept = kept;
    this.#forNode = nodeOf(address);
  }

  /** fields are the forwarding fields for a request with this Host; the last one is kept, as most clients keep to one. */
  fields(authority: string): string {
    if (authority === this.#authority) return this.#fields;
    const host = authority === '' ? '' : `X-Forwarded-Host: ${authority}\r\n`;
    const forHost = hostPart(authority);
    this.#authority = authority;
    this.#fields =
      `X-Forwarded-For: ${this.address}\r\nX-Forwarded-Proto: ${this.scheme}\r\n${host}` +
      `Forwarded: for=${this.#forNode}${forHost};proto=${this.scheme}\r\n`;
    return this.#fields;
  }

  /**
   * fieldsBehind are those for a request that this peer, a trusted one, may have passed on: the client as rules see it, the trusted proxies
   * between, and this hop. What others said before the client is not told on, as it could be invented.
   */
  fieldsBehind(request: LiveRequest): string {
    if (!request.isPassedOn && this.kept.length === 0) return this.fields(request.authority);
    const { authority, hops } = request;
    const client = request.isPassedOn ? `${request.ip.text}${hops}, ` : '';
    const proto = this.#keptValue(request, 'x-forwarded-proto');
    const host = this.#keptValue(request, 'x-forwarded-host');
    let fields = `X-Forwarded-For: ${client}${this.address}\r\n`;
    if (proto === '') fields += `X-Forwarded-Proto: ${this.scheme}\r\n`;
    if (host === '' && authority !== '') fields += `X-Forwarded-Host: ${authority}\r\n`;
    const own = `for=${this.#forNode}${hostPart(authority)};proto=${this.scheme}`;
    if (!request.isPassedOn) return `${fields}Forwarded: ${own}\r\n`;
    let before = `for=${nodeOf(request.ip.text)}${hostPart(host)}${/^[A-Za-z]+$/.test(proto) ? `;proto=${proto}` : ''}`;
    if (hops !== '') for (const hop of hops.substring(2).split(', ')) before += `, for=${nodeOf(hop)}`;
    return `${fields}Forwarded: ${before}, ${own}\r\n`;
  }

  /** keptValue is what the peer says in a field that is kept, or ''. */
  #keptValue(request: LiveRequest, name: string): string {
    if (!this.kept.includes(name)) return '';
    const value = request.header(name);
    return value === undefined ? '' : typeof value === 'string' ? value : value.join(', ');
  }
}

/** nodeOf is an address as Forwarded has it (RFC 7239 section 6). */
function nodeOf(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}

/** hostPart is the parameter of Forwarded for a Host; '' for none, and for one that no quoted text may hold. */
function hostPart(authority: string): string {
  if (authority === '' || /["\\]/.test(authority)) return '';
  return `;host=${/^[\w.-]+$/.test(authority) ? authority : `"${authority}"`}`;
}

/** withoutHidden leaves out our own fields that a rule sets again or removes. */
function withoutHidden(lines: string, edits: FieldEdits): string {
  let kept = '';
  for (const line of lines.split('\r\n')) {
    if (line !== '' && !edits.isHidden(line.substring(0, line.indexOf(':')).toLowerCase())) kept += `${line}\r\n`;
  }
  return kept;
}

/**
 * requestHead builds what goes to the server for a request. `ownAuthority` is the Host for HTTP/1.0 requests without one.
 */
export function requestHead(request: LiveRequest, peer: Peer, edits: RequestEdits, ownAuthority: string): string {
  const { fields, head } = request;
  const { path, query } = edits;
  let text =
    `${request.sentMethod} ${path}` +
    `${query === '' ? (request.target.endsWith('?') && !edits.hasQuery ? '?' : '') : `?${query}`} HTTP/1.1\r\n`;
  const hasEdits = !edits.isEmpty;
  let runStart = -1;
  for (let index = 0; index < fields.count; index++) {
    let isKept: boolean;
    switch (fields.kind(index)) {
      case CONNECTION:
      case HOP_BY_HOP:
      case UPGRADE:
      case TE:
      case DROPPED:
      case ALIAS:
        isKept = false;
        break;
      case EXPECT:
        isKept = request.expectsContinue;
        break;
      case HOST:
        isKept = request.isHostAsWritten;
        break;
      case TRACE:
        isKept = request.trace === null;
        break;
      case FORWARDING:
        isKept = peer.kept.length > 0 && peer.kept.includes(fields.name(index, head));
        break;
      default:
        isKept = true;
    }
    if (isKept && hasEdits && edits.hides(fields, index, head)) isKept = false;
    const lineStart = fields.lineStart(index);
    if (isKept) {
      if (runStart === -1) runStart = lineStart;
    } else if (runStart !== -1) {
      text += head.substring(runStart, lineStart);
      runStart = -1;
    }
  }
  if (runStart !== -1 && fields.count > 0) text += head.substring(runStart, head.length - 2);
  // The server is given the name that was judged.
  if (!(request.hasHost && request.isHostAsWritten) && !edits.isHidden('host'))
    text += `Host: ${request.authority || ownAuthority}\r\n`;
  const forwarding = peer.isTrusted ? peer.fieldsBehind(request) : peer.fields(request.authority);
  text += hasEdits ? withoutHidden(forwarding, edits) : forwarding;
  if (request.trace !== null) {
    const trace = request.trace.fields();
    text += hasEdits ? withoutHidden(trace, edits) : trace;
  }
  if (request.acceptsTrailers) text += 'TE: trailers\r\nConnection: TE\r\n';
  if (request.upgrade !== '') text += `Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n`;
  if (hasEdits) text += edits.lines();
  return `${text}\r\n`;
}

/** Fields of the client's that are meant for the site it asked, and not for one that stands in. */
const PRIVATE_LINE = /^(?:cookie|authorization|proxy[^0-9a-z:]authorization|host):.*\r\n/gim;

/** siteHead is a request's head for a site that is known by this Host. */
export function siteHead(head: string, host: string): string {
  const behindLine = head.indexOf('\r\n') + 2;
  return `${head.substring(0, behindLine)}Host: ${host}\r\n${head.substring(behindLine).replace(PRIVATE_LINE, '')}`;
}

/** answerHead builds what goes to the client for a server's answer. `framing` and `connection` are field lines, or empty. */
export function answerHead(answer: AnswerHead, edits: FieldEdits, framing: string, connection: string): string {
  const { fields, text: head } = answer;
  const hasEdits = !edits.isEmpty;
  const keepsLength = framing === KEEP_LENGTH;
  const keepsCoding = framing === KEEP_CODING;
  let text = `HTTP/1.1 ${answer.status} ${answer.reason}\r\n`;
  let runStart = -1;
  for (let index = 0; index < fields.count; index++) {
    let isKept: boolean;
    switch (fields.kind(index)) {
      case CONNECTION:
      case HOP_BY_HOP:
      case TE:
      case DROPPED:
        isKept = false;
        break;
      case UPGRADE:
        // 426 has to say what to upgrade to (RFC 9110 section 15.5.22).
        isKept = answer.status === 426;
        break;
      case CONTENT_LENGTH:
        isKept = keepsLength;
        break;
      case TRANSFER_ENCODING:
        isKept = keepsCoding;
        break;
      default:
        isKept = true;
    }
    if (isKept && hasEdits && edits.hides(fields, index, head)) isKept = false;
    const lineStart = fields.lineStart(index);
    if (isKept) {
      if (runStart === -1) runStart = lineStart;
    } else if (runStart !== -1) {
      text += head.substring(runStart, lineStart);
      runStart = -1;
    }
  }
  if (runStart !== -1) text += head.substring(runStart, head.length - 2);
  if (!keepsLength && !keepsCoding) text += framing;
  text += connection;
  if (hasEdits) text += edits.lines();
  return `${text}\r\n`;
}

/** framing values of answerHead: the field that the server sent says it right. */
export const KEEP_LENGTH = 'length';
export const KEEP_CODING = 'coding';
