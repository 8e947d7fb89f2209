/**
 * Cookies of a request, read without regular expressions and without a map of them all. Data threads; hot path.
 */

/**
 * cookieValues returns the values of the cookie with that name, in order: undefined for none, a string for one.
 *
 * As RFC 6265, section 5.4 writes them: `a=1; b=2`. Blanks around names and values do not count, names are compared
 * exactly, and double quotes belong to the value. A piece without `=` is no cookie.
 */
export function cookieValues(
  header: string | readonly string[] | undefined,
  name: string,
): string | readonly string[] | undefined {
  if (header === undefined) return undefined;
  const found: string[] = [];
  if (typeof header === 'string') readCookies(header, name, found);
  else for (const line of header) readCookies(line, name, found);
  return found.length > 1 ? found : found[0];
}

function readCookies(line: string, name: string, found: string[]): void {
  let at = 0;
  while (at < line.length) {
    let end = line.indexOf(';', at);
    if (end === -1) end = line.length;
    let start = at;
    while (start < end && isBlank(line, start)) start++;
    const equals = line.indexOf('=', start);
    if (equals !== -1 && equals < end) {
      let nameEnd = equals;
      while (nameEnd > start && isBlank(line, nameEnd - 1)) nameEnd--;
      if (nameEnd - start === name.length && line.startsWith(name, start)) {
        let from = equals + 1;
        let to = end;
        while (from < to && isBlank(line, from)) from++;
        while (to > from && isBlank(line, to - 1)) to--;
        found.push(line.slice(from, to));
      }
    }
    at = end + 1;
  }
}

/** withoutCookie returns what is left of a Cookie field; empty when nothing is. Pieces that are no cookies stay. */
export function withoutCookie(header: string | readonly string[], name: string): string {
  const lines = typeof header === 'string' ? [header] : header;
  return lines
    .flatMap((line) => line.split(';'))
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '' && piece.split('=', 1)[0]!.trimEnd() !== name)
    .join('; ');
}

function isBlank(line: string, at: number): boolean {
  const code = line.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}
