/**
 * SafeText: foreign text that may stand in a header, a log line or on a terminal, and that nobody can take for other text. Both
 * planes.
 */

/**
 * Control characters, a backslash, separators of lines, what turns the direction of writing round, halves of characters; and blanks
 * at either end, which those who read headers take away.
 */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\\\u202a-\u202e\u2066-\u2069]|^ +| +$/gu;

/** safeText writes each such character as `\` and two hexadecimal digits for each byte of its UTF-8, as RFC 4514 does. */
export function safeText(text: string): string {
  return text.replace(UNSAFE, escaped);
}

/** escaped is how safeText writes a character. */
export function escaped(character: string): string {
  let written = '';
  for (const octet of Buffer.from(character, 'utf8')) {
    written += `\\${octet.toString(16).padStart(2, '0').toUpperCase()}`;
  }
  return written;
}
