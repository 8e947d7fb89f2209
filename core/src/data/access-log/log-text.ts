/**
 * LogText: values as lines of plain text have them. Hot path; data plane.
 *
 * Whatever a client sends, a value ends no line, no quotes and no field: control characters, quotes, backslashes and all that is not ASCII are
 * `\xHH`, two hexadecimal digits for each byte, as nginx writes them. So a value has no quotes at all, and can be read back.
 */
/** NOTHING stands for what is not known, or was not there. */
export const NOTHING = '-';

const UNSAFE = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;
const EACH_UNSAFE = /[^\x20\x21\x23-\x5b\x5d-\x7e]/gu;

/** logText is a value in a line of text; `-` for an empty one. */
export function logText(value: string): string {
  if (value === '') return NOTHING;
  return UNSAFE.test(value) ? value.replace(EACH_UNSAFE, escapedBytes) : value;
}

/** A character up to U+00FF is the byte of a head that it stands for. */
function escapedBytes(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x100) return hexOf(code);
  let text = '';
  for (const octet of Buffer.from(character, 'utf8')) text += hexOf(octet);
  return text;
}

function hexOf(octet: number): string {
  return `\\x${octet < 16 ? '0' : ''}${octet.toString(16).toUpperCase()}`;
}
