/**
 * SafeText: foreign text that may stand in a header, a log line or on a terminal, and that nobody can take for other text. Both
 * planes.
 */

/** What is not printable ASCII, a backslash, and blanks at either end, which those who read headers take away. */
const UNSAFE = /[^\x20-\x5b\x5d-\x7e]|^ +| +$/gu;

/** safeText writes each such character as `\` and two hexadecimal digits for each byte of its UTF-8, as RFC 4514 does. */
export function safeText(text: string): string {
  return text.replace(UNSAFE, escaped);
}

/** escaped is how safeText writes characters. */
export function escaped(characters: string): string {
  let written = '';
  for (const octet of Buffer.from(characters, 'utf8')) {
    written += `\\${octet.toString(16).padStart(2, '0').toUpperCase()}`;
  }
  return written;
}
