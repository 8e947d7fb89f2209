/**
 * One cookie out of a Cookie or Set-Cookie field, without regular expressions and without a map of them all. Data threads;
 * hot path. As RFC 6265 has it: names are compared exactly, blanks around names and values do not count, and double quotes
 * belong to the value. A value longer than browsers keep counts as none, so that nobody can make a look-up expensive.
 */

/** Longest value that is looked at (RFC 6265, section 6.1: what browsers must be able to keep). */
const MOST_VALUE_CHARS = 4096;

/** Where `nextCookie` ended: the place for the next call. One a thread, read at once. */
export const cursor = { at: 0 };

/** cookieOf returns the value of the first cookie with that name in a request's Cookie fields, or '' for none. */
export function cookieOf(field: string | readonly string[] | undefined, name: string): string {
  if (field === undefined) return '';
  if (typeof field === 'string') return nextCookie(field, name, 0);
  for (const line of field) {
    const value = nextCookie(line, name, 0);
    if (value !== '') return value;
  }
  return '';
}

/** setCookieOf returns the value when that Set-Cookie field sets the cookie with that name, or '' when not. */
export function setCookieOf(field: string, name: string): string {
  const end = field.indexOf(';');
  return valueOfPair(field, 0, end === -1 ? field.length : end, name);
}

/** nextCookie returns the next value of that name from `from` on, or '' when there is none; `cursor` is behind it then. */
export function nextCookie(line: string, name: string, from: number): string {
  let at = from;
  while (at < line.length) {
    let end = line.indexOf(';', at);
    if (end === -1) end = line.length;
    const value = valueOfPair(line, at, end, name);
    at = end + 1;
    if (value === '') continue;
    cursor.at = at;
    return value;
  }
  return '';
}

function valueOfPair(line: string, start: number, end: number, name: string): string {
  let at = start;
  while (at < end && isBlank(line, at)) at++;
  if (!line.startsWith(name, at)) return '';
  at += name.length;
  while (at < end && isBlank(line, at)) at++;
  if (at >= end || line.charCodeAt(at) !== 0x3d) return '';
  at++;
  while (at < end && isBlank(line, at)) at++;
  let last = end;
  while (last > at && isBlank(line, last - 1)) last--;
  return last - at > MOST_VALUE_CHARS ? '' : line.slice(at, last);
}

function isBlank(line: string, at: number): boolean {
  const code = line.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}
