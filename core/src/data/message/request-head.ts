/**
 * RequestHead: from the bytes of a head to a LiveRequest that may be forwarded, or the status that refuses it. Hot path.
 *
 * Sources: RFC 9112 sections 2 to 6 and 11.2, RFC 9110 sections 7 and 10.1.1. Where those let a recipient be lenient, this
 * is not: what two parsers could read in two ways goes no further.
 */

import { type Authority, isPlainPolicy, isSameAuthority, normalisePath, readAuthority } from '@sluice/dsl/match';
import type { ListenerPlan, PathPolicy } from '@sluice/dsl/plan';
import type {} from '../transport/buffer-slices.ts';
import { BY_LENGTH, CHUNKED, NO_BODY } from './body-framer.ts';
import { faulty } from './fault.ts';
import {
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  type FieldBlock,
  FORWARDING,
  HOST,
  hashName,
  NEED_MORE,
  TE,
  TOO_MANY_FIELDS,
  TRANSFER_ENCODING,
  UPGRADE,
} from './field-block.ts';
import {
  LINE_NEEDS_MORE,
  type LiveRequest,
  requestLine,
  scanRequestLine,
  TARGET_TOO_LONG,
  UNKNOWN_METHOD,
} from './live-request.ts';
import { isStandardMethod, methodsOf, STANDARD_METHODS } from './method.ts';
import { CR, LF } from './octets.ts';

export interface HeadLimits {
  readonly headBytes: number;
  readonly targetBytes: number;
  readonly headerCount: number;
  /** Which methods are taken: a number of `method.ts`. */
  readonly methods: number;
}

/** headLimitsOf: in a plan 0 means none. */
export function headLimitsOf({ limits, methods }: Pick<ListenerPlan, 'limits' | 'methods'>): HeadLimits {
  const none = Number.MAX_SAFE_INTEGER;
  return {
    headBytes: limits.headBytes || none,
    targetBytes: limits.targetBytes || none,
    headerCount: limits.headerCount || none,
    methods: methodsOf({ methods }),
  };
}

/** How the body of the head just read is framed. One a thread; copy before anything else is parsed. */
export const framing = { mode: NO_BODY, length: 0 };

/** Statuses are positive, so these are free. */
export const HEAD_NEEDS_MORE = -1;

/**
 * parseRequestHead reads a head that begins at `start`. Returns the index behind it and fills `request` and `framing`;
 * HEAD_NEEDS_MORE when bytes are missing (call again with more); or `-status` for a head to be refused with that status and
 * a closed connection; `fault` says why. What is wrong already is refused before the head is complete.
 */
export function parseRequestHead(
  request: LiveRequest,
  bytes: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
  paths: PathPolicy,
): number {
  const fields = request.fields;
  const most = Math.min(end, start + limits.headBytes);
  const isOverLimit = end - start >= limits.headBytes;
  const lineEnd = scanRequestLine(bytes, start, most, limits.targetBytes, limits.methods);
  if (lineEnd < 0) {
    if (lineEnd === LINE_NEEDS_MORE) return isOverLimit ? faulty(-414, HEAD_TOO_LONG) : HEAD_NEEDS_MORE;
    return lineEnd === TARGET_TOO_LONG ? -414 : lineEnd === UNKNOWN_METHOD ? -501 : -400;
  }
  request.isHttp11 = requestLine.isHttp11;
  const behind = fields.scan(bytes, lineEnd, start, most, limits.headerCount);
  if (behind < 0) {
    if (behind === NEED_MORE) return isOverLimit ? faulty(-431, HEAD_TOO_LONG) : HEAD_NEEDS_MORE;
    return behind === TOO_MANY_FIELDS ? -431 : -400;
  }
  const head = bytes.latin1Slice(start, behind);
  const methodEnd = requestLine.methodEnd - start;
  request.head = head;
  const method = methodEnd === 3 && head.startsWith('GET') ? 'GET' : head.substring(0, methodEnd);
  request.sentMethod = method;
  request.method = requestLine.hasSmallLetters ? method.toUpperCase() : method;
  request.target = head.substring(methodEnd + 1, requestLine.targetEnd - start);
  const refused = readFields(request, fields, head) || refusalOfMethod(request, limits.methods);
  if (refused !== 0) return -refused;
  const badTarget = readTarget(request, requestLine.isPlain, paths);
  return badTarget !== 0 ? -badTarget : behind;
}

function readFields(request: LiveRequest, fields: FieldBlock, head: string): number {
  let hosts = 0;
  let lengths = 0;
  let codings = 0;
  let coding = '';
  let length = 0;
  let wantsClose = false;
  let wantsKeepAlive = false;
  let wantsUpgrade = false;
  let hasConnection = false;
  let upgrade = '';
  request.expectsContinue = false;
  request.acceptsTrailers = false;
  request.isHostAsWritten = true;
  for (let index = 0; index < fields.count; index++) {
    switch (fields.kind(index)) {
      case HOST: {
        if (++hosts > 1) return faulty(400, 'it has more than one Host');
        const written = fields.value(index, head);
        if (written !== request.knownWritten || request.knownAuthority === null) {
          const authority = readAuthority(written);
          if (authority === null) return faulty(400, 'Host is no host name or address');
          // A flat copy: a slice would keep the whole head alive with it.
          request.knownWritten = Buffer.from(written, 'latin1').latin1Slice();
          request.knownAuthority = flatAuthority(authority);
        }
        request.isHostAsWritten = request.knownWritten === request.knownAuthority.text;
        request.authority = request.knownAuthority.text;
        request.host = request.knownAuthority.host;
        break;
      }
      case CONTENT_LENGTH:
        if (++lengths > 1) return faulty(400, 'it has more than one Content-Length');
        length = parseLength(fields.value(index, head));
        if (length < 0) return faulty(400, 'Content-Length is no number of at most 15 digits');
        break;
      case TRANSFER_ENCODING:
        if (++codings > 1) return faulty(400, 'it has more than one Transfer-Encoding');
        coding = fields.value(index, head).toLowerCase();
        break;
      case CONNECTION: {
        hasConnection = true;
        const value = fields.value(index, head).toLowerCase();
        if (value === 'keep-alive') wantsKeepAlive = true;
        else if (value === 'close') wantsClose = true;
        else {
          if (hasToken(value, 'close')) wantsClose = true;
          if (hasToken(value, 'keep-alive')) wantsKeepAlive = true;
          if (hasToken(value, 'upgrade')) wantsUpgrade = true;
        }
        break;
      }
      case UPGRADE:
        upgrade += (upgrade === '' ? '' : ',') + fields.value(index, head);
        break;
      case EXPECT:
        if (fields.value(index, head).toLowerCase() !== '100-continue') {
          return faulty(417, 'Expect is something other than 100-continue');
        }
        request.expectsContinue = request.isHttp11;
        break;
      case TE:
        if (hasToken(fields.value(index, head).toLowerCase(), 'trailers')) request.acceptsTrailers = true;
        break;
    }
  }
  request.hasHost = hosts > 0;
  if (hosts === 0) {
    if (request.isHttp11) return faulty(400, 'it has no Host');
    request.authority = '';
    request.host = '';
  }
  if (codings > 0) {
    if (lengths > 0) return faulty(400, 'it has a Content-Length and a Transfer-Encoding');
    if (!request.isHttp11) return faulty(400, 'it has a Transfer-Encoding in HTTP/1.0');
    if (coding !== 'chunked') return refusalOfCoding(coding);
    framing.mode = CHUNKED;
    framing.length = 0;
  } else if (lengths > 0) {
    framing.mode = BY_LENGTH;
    framing.length = length;
  } else {
    framing.mode = NO_BODY;
    framing.length = 0;
  }
  request.isKeepAlive = !wantsClose && (request.isHttp11 || wantsKeepAlive);
  request.upgrade = '';
  if (hasConnection) {
    dropNamedFields(fields, head);
    if (wantsUpgrade && upgrade !== '' && request.isHttp11 && framing.mode === NO_BODY) {
      request.upgrade = withoutH2c(upgrade);
    }
  }
  return 0;
}

/** Why a body gets 413. */
export const BODY_TOO_LONG = 'the body is longer than `body at most` allows';
const HEAD_TOO_LONG = 'the head is longer than `head at most` allows';

/**
 * refusalOfMethod is the status that refuses a method, or 0. A `head` in small letters would be HEAD to a server that ignores case, so
 * that its answer had no body, and to others not: nobody could say where that answer ends.
 */
function refusalOfMethod(request: LiveRequest, methods: number): number {
  const { method, sentMethod } = request;
  if (method === 'TRACE' || method === 'CONNECT') return faulty(405, `${method} is not served`);
  if (method !== sentMethod && method === 'HEAD') {
    // Our own answer has a body, as it would for any method but HEAD.
    request.method = sentMethod;
    return faulty(501, 'HEAD is not in capitals');
  }
  if (methods === STANDARD_METHODS && !isStandardMethod(method)) {
    return faulty(501, 'the method is none of `methods standard`');
  }
  return 0;
}

/**
 * refusalOfCoding: a list whose last coding is one single `chunked`, or `gzip`-like codings before it, is well framed but
 * unknown to us: 501. Anything else cannot be framed: 400 (RFC 9112 section 6.3).
 */
function refusalOfCoding(coding: string): number {
  const codings = coding.split(',').map((each) => each.trim());
  const isWellFormed = codings.every((each) => /^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(each));
  if (!isWellFormed || codings.indexOf('chunked') !== codings.length - 1) {
    return faulty(400, 'Transfer-Encoding does not end in one `chunked`');
  }
  return faulty(501, 'Transfer-Encoding has codings besides `chunked`');
}

/** hasToken looks for a token in a comma-separated, lower-case list. */
export function hasToken(list: string, token: string): boolean {
  for (let at = list.indexOf(token); at !== -1; at = list.indexOf(token, at + 1)) {
    if (isEdge(list, at - 1, -1) && isEdge(list, at + token.length, 1)) return true;
  }
  return false;
}

function isEdge(list: string, from: number, step: number): boolean {
  let at = from;
  while (at >= 0 && at < list.length && (list[at] === ' ' || list[at] === '\t')) at += step;
  return at < 0 || at >= list.length || list[at] === ',';
}

/** The fields that Connection may name without effect: they steer the message or belong to us. */
const NEVER_DROPPED = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'te',
  'cookie',
  'authorization',
]);

/** dropNamedFields marks every field that Connection names, so that it ends at this hop (RFC 9110 section 7.6.1). */
export function dropNamedFields(fields: FieldBlock, head: string): void {
  for (let index = 0; index < fields.count; index++) {
    if (fields.kind(index) !== CONNECTION) continue;
    const value = fields.value(index, head).toLowerCase();
    if (value === 'keep-alive' || value === 'close') continue;
    for (const part of value.split(',')) {
      const name = part.trim();
      if (name === '' || NEVER_DROPPED.has(name)) continue;
      const hash = hashName(name);
      for (let other = 0; other < fields.count; other++) {
        // Forwarding fields are judged by who sent them, not by what he says of them.
        if (fields.kind(other) !== FORWARDING && fields.isNamed(other, head, name, hash)) fields.drop(other);
      }
    }
  }
}

/** withoutH2c takes `h2c` out of an Upgrade list: an upgrade to HTTP/2 would tunnel past every rule. */
function withoutH2c(upgrade: string): string {
  if (upgrade.toLowerCase() === 'websocket') return upgrade;
  return upgrade
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '' && each.toLowerCase() !== 'h2c')
    .join(', ');
}

/** parseLength reads a Content-Length: digits only, at most 15, so that it is exact. -1: malformed. */
export function parseLength(value: string): number {
  if (value.length === 0 || value.length > 15) return -1;
  let length = 0;
  for (let at = 0; at < value.length; at++) {
    const digit = value.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length;
}

/** flatAuthority is the same without the head that it was read from. */
function flatAuthority({ host, port, text }: Authority): Authority {
  return {
    host: Buffer.from(host, 'latin1').latin1Slice(),
    port,
    text: Buffer.from(text, 'latin1').latin1Slice(),
  };
}

const ABSOLUTE = /^(https?):\/\/([^/?]+)(.*)$/i;

/** readTarget fills path and query from the target: origin-form, absolute-form that agrees with Host, or `*`. */
function readTarget(request: LiveRequest, isPlain: boolean, paths: PathPolicy): number {
  let target = request.target;
  if (target.charCodeAt(0) !== 0x2f) {
    if (target === '*') {
      if (request.method !== 'OPTIONS') return faulty(400, 'the target `*` is for OPTIONS alone');
      request.path = '*';
      request.query = '';
      return 0;
    }
    const match = ABSOLUTE.exec(target);
    if (match === null) return faulty(400, 'the target is neither a path nor a URL');
    const authority = readAuthority(match[2]!);
    if (authority === null) return faulty(400, 'the URL has no host name or address');
    if (!request.hasHost) request.authority = authority.text;
    else if (!isSameAuthority(authority, request.knownAuthority!, match[1]!.toLowerCase())) {
      return faulty(400, 'Host disagrees with the URL');
    }
    request.host = authority.host;
    target = match[3]!;
    if (target === '' || target.startsWith('?')) target = `/${target}`;
    request.target = target;
    return readOrigin(request, target, false, paths);
  }
  return readOrigin(request, target, isPlain, paths);
}

function readOrigin(request: LiveRequest, target: string, isPlain: boolean, paths: PathPolicy): number {
  const mark = target.indexOf('?');
  const raw = mark === -1 ? target : target.substring(0, mark);
  request.query = mark === -1 ? '' : target.substring(mark + 1);
  const path = isPlain && isPlainPolicy(paths) ? raw : normalisePath(raw, paths);
  if (path === null) return faulty(400, 'servers could read the path in more than one way');
  request.path = path;
  return 0;
}

/** skipEmptyLines steps over empty lines before a request line (RFC 9112 section 2.2). */
export function skipEmptyLines(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at + 1 < end && bytes[at] === CR && bytes[at + 1] === LF) at += 2;
  return at;
}
