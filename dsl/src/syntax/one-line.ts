/**
 * OneLine: a piece of source as it would stand on one line. Main thread.
 */

/** oneLine joins lines and runs of blanks, and drops comments; strings stay as they are. */
export function oneLine(text: string, start: number, end: number): string {
  const piece = text.slice(start, end);
  if (!/[\r\n\t#]| {2}/.test(piece)) return piece;
  let line = '';
  let copied = 0;
  for (let at = 0; at < piece.length; ) {
    const character = piece[at]!;
    if (character === '"') {
      at = endOfString(piece, at);
    } else if (character === '#' || isBlank(character)) {
      line += piece.slice(copied, at);
      at = endOfBlanks(piece, at);
      copied = at;
      if (line !== '' && at < piece.length) line += ' ';
    } else {
      at++;
    }
  }
  return line + piece.slice(copied);
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\n' || character === '\r';
}

function endOfString(text: string, quote: number): number {
  for (let at = quote + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

/** endOfBlanks passes over blanks, line ends and comments. */
function endOfBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    if (isBlank(text[at]!)) at++;
    else if (text[at] === '#') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
    } else break;
  }
  return at;
}
