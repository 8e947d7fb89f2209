/**
 * Path: the one form in which a request's path is matched and forwarded. Data plane, hot path; also explain and test.
 *
 * It never looks at the query and never guesses: what two servers could read in two ways is refused. A path is text of printable ASCII: bytes
 * outside it stand in it as escapes with capital digits, whatever encoding they are in, so a rule on `/caf%E9` sees the byte E9.
 */
import { DEFAULT_PATHS, type PathPolicy } from '../../plan/path-policy.ts';

/** Reading a plain path ends at any character whose class is not PLAIN. */
const PLAIN = 0;
/** `.` and `/`: special behind a slash. */
const BEHIND_SLASH = 1;
const ESCAPE = 2;
const SEMICOLON = 3;
const REFUSED = 4;

const SLASH = 0x2f;
const DOT = 0x2e;
const BACKSLASH = 0x5c;
const PERCENT = 0x25;

const CLASSES = new Uint8Array(128);
CLASSES.fill(REFUSED, 0, 0x21);
CLASSES[0x7f] = REFUSED;
for (const character of '\\#?') CLASSES[character.charCodeAt(0)] = REFUSED;
CLASSES[DOT] = BEHIND_SLASH;
CLASSES[SLASH] = BEHIND_SLASH;
CLASSES[PERCENT] = ESCAPE;
CLASSES[0x3b] = SEMICOLON;

const UNRESERVED = new Uint8Array(128);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~') {
  UNRESERVED[character.charCodeAt(0)] = 1;
}

/** isPlainPolicy: a path without escapes, empty segments and segments that begin with a dot is what it is, and nothing is refused of it. */
export function isPlainPolicy({ parameters, windowsNames }: PathPolicy): boolean {
  return parameters === 'keep' && windowsNames === 'keep';
}

/**
 * normalisePath returns the path as rules see it and servers get it, or null when it is ambiguous (answer: 400).
 *
 * Escapes of unreserved characters are decoded and the others written in upper case (RFC 3986 section 6.2.2); then parameters are stripped
 * and slashes merged, where the policy says so; then dot segments are removed (section 5.2.4; climbing above the root stops there). Refused
 * are: what does not begin with `/`, `%2F` unless kept, `%5C` and `\`, `%00`, raw control characters, blanks, `#`, `?` and bytes above 0x7F,
 * broken escapes, `.` and `..` with parameters unless those are stripped, and what the policy refuses besides. normalisePath of its own
 * result is that result. The `*` of OPTIONS is no path: it is refused too. A plain path is returned as it is, without allocation.
 */
export function normalisePath(raw: string, policy: PathPolicy = DEFAULT_PATHS): string | null {
  if (raw.length === 0 || raw.charCodeAt(0) !== SLASH) return null;
  let isPlain = isPlainPolicy(policy);
  for (let at = 1; at < raw.length; at++) {
    const code = raw.charCodeAt(at);
    const kind = code < 128 ? CLASSES[code]! : REFUSED;
    if (kind === PLAIN || kind === SEMICOLON) continue;
    if (kind === REFUSED) return null;
    if (kind === ESCAPE) {
      const decoded = decodedPath(raw, at, policy);
      return decoded === null ? null : resolved(decoded, policy);
    }
    if (raw.charCodeAt(at - 1) === SLASH) isPlain = false;
  }
  return isPlain ? raw : resolved(raw, policy);
}

/** decodedPath decodes what needs no escape and checks all others; the first one stands at `first`. */
function decodedPath(raw: string, first: number, policy: PathPolicy): string | null {
  let decoded = '';
  let copied = 0;
  let at = first;
  while (at < raw.length) {
    const code = raw.charCodeAt(at);
    if (code !== PERCENT) {
      if (code >= 128 || CLASSES[code] === REFUSED) return null;
      at++;
      continue;
    }
    const byte = escapedByte(raw, at);
    if (byte <= 0 || byte === BACKSLASH) return null;
    if (byte === SLASH && policy.encodedSlashes === 'refuse') return null;
    if ((byte < 0x20 || byte === 0x7f) && policy.controlBytes === 'refuse') return null;
    const end = byte < 0x80 ? at + 3 : endOfEscapedBytes(raw, at, byte, policy.invalidUtf8);
    if (end < 0) return null;
    const form = byte < 0x80 && UNRESERVED[byte] ? String.fromCharCode(byte) : raw.slice(at, end).toUpperCase();
    decoded += raw.slice(copied, at) + form;
    copied = end;
    at = end;
  }
  decoded += raw.slice(copied);
  return policy.doubleEscapes === 'refuse' && DOUBLE_ESCAPE.test(decoded) ? null : decoded;
}

const DOUBLE_ESCAPE = /%25(?:[0-9A-Fa-f]{2}|[uU][0-9A-Fa-f]{4})/;

/** escapedByte returns the byte of the escape at `at`, or -1 when there is none. */
function escapedByte(raw: string, at: number): number {
  if (at + 2 >= raw.length || raw.charCodeAt(at) !== PERCENT) return -1;
  const high = hexDigit(raw.charCodeAt(at + 1));
  const low = hexDigit(raw.charCodeAt(at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * endOfEscapedBytes returns where the escapes end that begin with a byte above 0x7F: behind one UTF-8 sequence, or behind that byte where it
 * begins none and may stand for itself. -1: it is refused.
 */
function endOfEscapedBytes(raw: string, at: number, lead: number, invalid: PathPolicy['invalidUtf8']): number {
  const end = endOfEscapedCharacter(raw, at, lead);
  if (end >= 0) return end;
  if (invalid === 'refuse' || (invalid === 'refuse overlong' && isOtherSpelling(lead, escapedByte(raw, at + 3))))
    return -1;
  return at + 3;
}

/** isOtherSpelling: decoders that do not check read these bytes as another spelling of some character: overlong, or a surrogate. */
function isOtherSpelling(lead: number, next: number): boolean {
  if (next < 0x80 || next > 0xbf) return false;
  switch (lead) {
    case 0xc0:
    case 0xc1:
      return true;
    case 0xe0:
      return next < 0xa0;
    case 0xed:
      return next > 0x9f;
    case 0xf0:
      return next < 0x90;
    case 0xf8:
      return next < 0x88;
    case 0xfc:
      return next < 0x84;
    default:
      return false;
  }
}

/** endOfEscapedCharacter returns where the UTF-8 sequence that begins with `lead` ends, or -1 (RFC 3629, section 4). */
function endOfEscapedCharacter(raw: string, at: number, lead: number): number {
  if (lead < 0xc2 || lead > 0xf4) return -1;
  const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  let low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  let high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  let next = at + 3;
  for (let left = more; left > 0; left--) {
    const byte = escapedByte(raw, next);
    if (byte < low || byte > high) return -1;
    low = 0x80;
    high = 0xbf;
    next += 3;
  }
  return next;
}

/** A segment that Windows takes for another name: `admin.`, `admin%20`, `admin::$DATA`, `ADMIN~1`. */
const WINDOWS_NAME = /(?:\.|%20)$|:|%3A|~[0-9]/;
const DOTS_WITH_PARAMETERS = /^\.{1,2}(?:;|%3B)/;

/** resolved goes through the segments of a path whose escapes are in their final form. */
function resolved(path: string, policy: PathPolicy): string | null {
  const { emptySegments, parameters, windowsNames } = policy;
  const kept: string[] = [];
  const segments = path.split('/');
  const last = segments.length - 1;
  for (let index = 1; index <= last; index++) {
    let segment = segments[index]!;
    if (parameters === 'strip') {
      const semicolon = segment.indexOf(';');
      if (semicolon >= 0) segment = segment.slice(0, semicolon);
    } else if (parameters === 'refuse' && (segment.includes(';') || segment.includes('%3B'))) return null;
    if (segment.charCodeAt(0) === DOT && DOTS_WITH_PARAMETERS.test(segment)) return null;
    if (segment === '.' || segment === '..') {
      if (segment === '..') kept.pop();
      if (index === last) kept.push('');
      continue;
    }
    if (segment === '' && index !== last) {
      if (emptySegments === 'refuse') return null;
      if (emptySegments === 'merge') continue;
    }
    if (windowsNames === 'refuse' && WINDOWS_NAME.test(segment)) return null;
    kept.push(segment);
  }
  return `/${kept.join('/')}`;
}
