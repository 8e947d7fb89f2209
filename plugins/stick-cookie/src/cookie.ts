/**
 * One cookie out of a Cookie or Set-Cookie field, without regular expressions and without a map of them all. Data threads;
 * hot path. As RFC 6265 has it: names are compared exactly, blanks around names and values do not count, and double quotes
 * belong to the value.
 */

/** cookieOf returns the value of the first cookie with that name in a request's Cookie fields, or '' for none. */
export function cookieOf(field: string | readonly string[] | undefined, name: string): string {
  if (field === undefined) return '';
  if (typeof field === 'string') return valueIn(field, name);
  for (const line of field) {
    const value = valueIn(line, name);
    if (value !== '') return value;
  }
  return '';
}

/** setCookieOf returns the value when that Set-Cookie field sets the cookie with that name, or '' when not. */
export function setCookieOf(field: string, name: string): string {
  const end = field.indexOf(';');
  return valueOfPair(field, 0, end === -1 ? field.length : end, name);
}

function valueIn(line: string, name: string): string {
  let at = 0;
  while (at < line.length) {
    let end = line.indexOf(';', at);
    if (end === -1) end = line.length;
    const value = valueOfPair(line, at, end, name);
    if (value !== '') return value;
    at = end + 1;
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
  return line.slice(at, last);
}

function isBlank(line: string, at: number): boolean {
  const code = line.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}
