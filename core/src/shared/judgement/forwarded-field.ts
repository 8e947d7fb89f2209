/**
 * ForwardedField: the nodes that a Forwarded field names (RFC 7239 section 4). Both planes; hot path.
 *
 * Read from the left and strictly, as a quoted text may hold commas: what is not well-formed names nobody. So a client that leaves a
 * quotation mark open cannot swallow what proxies add behind it.
 */

const BLANK = /[ \t]/;
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;

/** forwardedNodes are the values of `for`, the farthest first, '' where a proxy names none. null: the field is not well-formed. */
export function forwardedNodes(value: string): readonly string[] | null {
  const nodes: string[] = [];
  let at = 0;
  for (;;) {
    const element = readElement(value, at);
    if (element === null) return null;
    // Empty elements of a list say nothing (RFC 9110 section 5.6.1).
    if (element.node !== null) nodes.push(element.node);
    if (element.end === value.length) return nodes;
    at = element.end + 1;
  }
}

interface Element {
  /** null: the element is empty. */
  readonly node: string | null;
  /** The index of the comma behind it, or the end. */
  readonly end: number;
}

function readElement(value: string, start: number): Element | null {
  const seen = new Set<string>();
  let node: string | null = null;
  let at = start;
  for (;;) {
    at = behind(value, at, BLANK);
    const nameEnd = behind(value, at, TOKEN);
    if (nameEnd > at) {
      const name = value.slice(at, nameEnd).toLowerCase();
      // A parameter stands once in an element.
      if (value[nameEnd] !== '=' || seen.has(name)) return null;
      seen.add(name);
      node ??= '';
      const read = readValue(value, nameEnd + 1);
      if (read === null) return null;
      if (name === 'for') node = read.text;
      at = behind(value, read.end, BLANK);
    }
    if (at === value.length || value[at] === ',') return { node, end: at };
    if (value[at] !== ';') return null;
    at++;
  }
}

/** readValue reads a token or a quoted text. Common proxies write addresses of IPv6 and ports without the quotation marks. */
function readValue(value: string, start: number): { readonly text: string; readonly end: number } | null {
  if (value[start] !== '"') {
    const end = behind(value, start, /[^",; \t]/);
    return end === start ? null : { text: value.slice(start, end), end };
  }
  let text = '';
  for (let at = start + 1; at < value.length; at++) {
    const char = value[at]!;
    if (char === '"') return { text, end: at + 1 };
    if (char === '\\') at++;
    text += value[at] ?? '';
  }
  return null;
}

function behind(value: string, start: number, chars: RegExp): number {
  let at = start;
  while (at < value.length && chars.test(value[at]!)) at++;
  return at;
}
