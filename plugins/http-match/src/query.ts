/**
 * Parameters of a query, read as browsers write them (WHATWG URL, application/x-www-form-urlencoded). Data threads; hot path.
 */

/**
 * queryValues returns the values of the parameter with that name, in order: undefined for none, a string for one.
 *
 * Pieces are split at `&` only. `+` is a blank, `%41` an `A`; a `%` that begins no escape stands for itself, and bytes that are
 * no UTF-8 become U+FFFD. A parameter without `=` has the value "". Names may be escaped too: `?%61dmin=1` sets `admin`.
 */
export function queryValues(query: string, name: string): string | readonly string[] | undefined {
  if (query === '') return undefined;
  let first: string | undefined;
  let all: string[] | undefined;
  let at = 0;
  while (at <= query.length) {
    let end = query.indexOf('&', at);
    if (end === -1) end = query.length;
    if (end > at) {
      let equals = query.indexOf('=', at);
      if (equals === -1 || equals > end) equals = end;
      if (isNamed(query, at, equals, name)) {
        const value = equals === end ? '' : decode(query.slice(equals + 1, end));
        if (first === undefined) first = value;
        else if (all === undefined) all = [first, value];
        else all.push(value);
      }
    }
    at = end + 1;
  }
  return all ?? first;
}

/** withoutParameter returns a query without the parameters of that name; everything else stays as it was written. */
export function withoutParameter(query: string, name: string): string {
  return query
    .split('&')
    .filter((piece) => {
      const equals = piece.indexOf('=');
      return piece === '' || !isNamed(piece, 0, equals === -1 ? piece.length : equals, name);
    })
    .join('&');
}

function isNamed(query: string, from: number, to: number, name: string): boolean {
  if (to - from === name.length && query.startsWith(name, from)) return !isEscaped(name) || decode(name) === name;
  // An escaped name is at least as long as what it stands for.
  if (to - from < name.length) return false;
  const written = query.slice(from, to);
  return isEscaped(written) && decode(written) === name;
}

function isEscaped(text: string): boolean {
  return text.includes('%') || text.includes('+');
}

function decode(text: string): string {
  if (!isEscaped(text)) return text;
  const blanked = text.replaceAll('+', ' ');
  if (!blanked.includes('%')) return blanked;
  try {
    return decodeURIComponent(blanked);
  } catch {
    return decodeLoosely(blanked);
  }
}

/** decodeLoosely takes what decodeURIComponent refuses: stray percent signs and bytes that are no UTF-8. */
function decodeLoosely(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  let length = 0;
  for (let at = 0; at < bytes.length; at++, length++) {
    const high = bytes[at] === 0x25 ? hexDigit(bytes[at + 1]) : -1;
    const low = high === -1 ? -1 : hexDigit(bytes[at + 2]);
    if (low === -1) {
      bytes[length] = bytes[at]!;
    } else {
      bytes[length] = high * 16 + low;
      at += 2;
    }
  }
  return bytes.toString('utf8', 0, length);
}

function hexDigit(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
