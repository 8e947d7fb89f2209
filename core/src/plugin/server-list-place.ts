/**
 * ServerListPlace: on which line of a JSON text something stands. Main thread; only asked when something is wrong.
 */

/** lineAt returns the line, from 1, of a position in a text. */
export function lineAt(text: string, position: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < position; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** lineOfItem returns the line of the list's item in JSON that is right; `isWrapped`: the list stands in an object. */
export function lineOfItem(text: string, item: number, isWrapped: boolean): number {
  const depth = isWrapped ? 2 : 1;
  let level = 0;
  let items = -1;
  let isItemDue = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (/\s/.test(char)) continue;
    if (isItemDue && char !== ']') {
      isItemDue = false;
      if (++items === item) return lineAt(text, at);
    }
    if (char === '"') at = endOfText(text, at);
    else if (char === '[' || char === '{') {
      level++;
      if (level === depth && char === '[') isItemDue = true;
    } else if (char === ']' || char === '}') level--;
    else if (char === ',' && level === depth) isItemDue = true;
  }
  return 0;
}

function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
