/**
 * Replacement: what stands for the matched part of a text, with `$1` for its groups. Data plane, hot path.
 */
import { RE2JS } from 're2js';

/** splitGroups splits a text at `$0`, `$1`…, which become numbers, and makes `$$` a dollar sign. */
export function splitGroups(text: string): (string | number)[] {
  const pieces: (string | number)[] = [];
  let literal = '';
  let at = 0;
  for (const match of text.matchAll(/\$(?:\$|(\d{1,3}))/g)) {
    literal += text.slice(at, match.index);
    at = match.index + match[0].length;
    if (match[1] === undefined) {
      literal += '$';
      continue;
    }
    if (literal !== '') pieces.push(literal);
    literal = '';
    pieces.push(Number(match[1]));
  }
  literal += text.slice(at);
  if (literal !== '') pieces.push(literal);
  return pieces;
}

/** Found is the first match of an expression: the text before and behind it, and its groups, '' for one not taken. */
export interface Found {
  readonly before: string;
  readonly behind: string;
  group(index: number): string;
}

/** compileSearch returns a search for an RE2 expression, linear in the text. Throws for what is no expression. */
export function compileSearch(source: string): (text: string) => Found | null {
  const expression = RE2JS.compile(source);
  return (text) => {
    const matcher = expression.matcher(text);
    if (!matcher.find()) return null;
    return {
      before: text.slice(0, matcher.start()),
      behind: text.slice(matcher.end()),
      group: (index) => matcher.group(index) ?? '',
    };
  };
}
