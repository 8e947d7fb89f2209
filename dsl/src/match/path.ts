/**
 * Path: the one form in which a request's path is matched and forwarded. Data plane, hot path; also explain and test.
 *
 * It never looks at the query and never guesses: what two servers could read in two ways is refused.
 */

/** Reading a plain path ends at any character whose class is not PLAIN. */
const PLAIN = 0;
const DOT = 1;
const ESCAPE = 2;
const REFUSED = 3;

const CLASSES = new Uint8Array(128);
CLASSES.fill(REFUSED, 0, 0x21);
CLASSES[0x7f] = REFUSED;
for (const character of '\\#?') CLASSES[character.charCodeAt(0)] = REFUSED;
CLASSES['.'.charCodeAt(0)] = DOT;
CLASSES['%'.charCodeAt(0)] = ESCAPE;

const SLASH = 0x2f;
const BACKSLASH = 0x5c;

const UNRESERVED = new Uint8Array(128);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~') {
  UNRESERVED[character.charCodeAt(0)] = 1;
}

/**
 * normalisePath returns the path as rules see it and servers get it, or null when it is ambiguous (answer: 400).
 *
 * Dot segments are removed (RFC 3986, section 5.2.4; climbing above the root stops there), escapes of unreserved
 * characters are decoded and the others written in upper case (section 6.2.2); duplicate slashes stay. Refused are: what
 * does not begin with `/`, `%2F` unless allowed, `%5C` and `\`, `%00`, raw control characters, blanks, `#`, `?` and bytes
 * above 0x7F, broken escapes, and escapes that together are not UTF-8. normalisePath of its own result is that result. The
 * `*` of OPTIONS is no path: it is refused too. A plain path is returned as it is, without allocation.
 */
export function normalisePath(raw: string, allowEncodedSlashes: boolean): string | null {
  if (raw.length === 0 || raw.charCodeAt(0) !== SLASH) return null;
  let hasDots = false;
  for (let at = 1; at < raw.length; at++) {
    const code = raw.charCodeAt(at);
    const kind = code < 128 ? CLASSES[code]! : REFUSED;
    if (kind === PLAIN) continue;
    if (kind === REFUSED) return null;
    if (kind === ESCAPE) return normaliseEscaped(raw, at, allowEncodedSlashes);
    if (raw.charCodeAt(at - 1) === SLASH) hasDots ||= isDotSegment(raw, at);
  }
  return hasDots ? removeDotSegments(raw) : raw;
}

/** isDotSegment tells whether the segment that begins at a `.` is `.` or `..`. */
function isDotSegment(path: string, at: number): boolean {
  let end = at + 1;
  if (end < path.length && path.charCodeAt(end) === 0x2e) end++;
  return end === path.length || path.charCodeAt(end) === SLASH;
}

/** normaliseEscaped does the whole work for a path whose first escape stands at `first`. */
function normaliseEscaped(raw: string, first: number, allowEncodedSlashes: boolean): string | null {
  let decoded = '';
  let copied = 0;
  let at = first;
  while (at < raw.length) {
    const code = raw.charCodeAt(at);
    if (code !== 0x25) {
      if (code >= 128 || CLASSES[code] === REFUSED) return null;
      at++;
      continue;
    }
    const byte = escapedByte(raw, at);
    if (byte <= 0 || byte === BACKSLASH) return null;
    if (byte === SLASH && !allowEncodedSlashes) return null;
    const end = byte < 0x80 ? at + 3 : endOfEscapedCharacter(raw, at, byte);
    if (end < 0) return null;
    const form = byte < 0x80 && UNRESERVED[byte] ? String.fromCharCode(byte) : raw.slice(at, end).toUpperCase();
    decoded += raw.slice(copied, at) + form;
    copied = end;
    at = end;
  }
  return removeDotSegments(decoded + raw.slice(copied));
}

/** escapedByte returns the byte of the escape at `at`, or -1 when there is none. */
function escapedByte(raw: string, at: number): number {
  if (at + 2 >= raw.length || raw.charCodeAt(at) !== 0x25) return -1;
  const high = hexDigit(raw.charCodeAt(at + 1));
  const low = hexDigit(raw.charCodeAt(at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
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

function removeDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/');
  const last = segments.length - 1;
  for (let index = 1; index <= last; index++) {
    const segment = segments[index]!;
    if (segment !== '.' && segment !== '..') {
      kept.push(segment);
      continue;
    }
    if (segment === '..') kept.pop();
    if (index === last) kept.push('');
  }
  return `/${kept.join('/')}`;
}
