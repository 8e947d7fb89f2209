/**
 * TextLiteral: what a string in quotes says. Main thread.
 *
 * Escapes are `\"`, `\\`, `\t` and `\u{HEX}`; everything else stands for itself. Control characters may not be written
 * plainly, so that a value never carries what an editor does not show.
 */

export type TextProblem = (code: string, start: number, end: number, values: Record<string, string>) => void;

/** decodeText returns the value of a string token (quotes included in `image`, which begins at `offset`). */
export function decodeText(image: string, offset: number, report: TextProblem): string {
  let value = '';
  let copied = 1;
  const end = image.length - 1;
  for (let at = 1; at < end; at++) {
    const code = image.charCodeAt(at);
    if (code === 0x5c) {
      value += image.slice(copied, at);
      const escaped = readEscape(image, at);
      if (escaped === null) {
        report('SL0109', offset + at, offset + at + 2, { escape: image.slice(at, at + 2) });
        value += image[at + 1] ?? '';
        at++;
      } else {
        value += escaped.value;
        at = escaped.end - 1;
      }
      copied = at + 1;
    } else if (code < 0x20 ? code !== 9 : code === 0x7f || code === 0xfffd) {
      const character = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
      report('SL0110', offset + at, offset + at + 1, { character });
    }
  }
  return copied === 1 ? image.slice(1, end) : value + image.slice(copied, end);
}

function readEscape(image: string, at: number): { value: string; end: number } | null {
  const next = image[at + 1];
  if (next === '"' || next === '\\') return { value: next, end: at + 2 };
  if (next === 't') return { value: '\t', end: at + 2 };
  if (next !== 'u') return null;
  const digits = /^\{([0-9a-fA-F]{1,6})\}/.exec(image.slice(at + 2, at + 10));
  if (digits === null) return null;
  const code = Number.parseInt(digits[1]!, 16);
  const isPlain = code <= 0x10ffff && code >= 0x20 && code !== 0x7f && !(code >= 0xd800 && code <= 0xdfff);
  return isPlain ? { value: String.fromCodePoint(code), end: at + 2 + digits[0].length } : null;
}
