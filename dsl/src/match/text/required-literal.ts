/**
 * RequiredLiteral: text that every match of a regular expression holds, so that an index can rule the expression out
 * without running it. Used when a plan is linked.
 *
 * It reads RE2 syntax just far enough to be sure: literal characters outside groups and classes that no quantifier makes
 * optional. Wherever it is not sure it ends the run or gives up. ASCII only.
 */
export interface RequiredLiteral {
  readonly text: string;
  /** The text stands at the very beginning of what matches. */
  readonly isPrefix: boolean;
}

const OPTIONAL = '*?{';
const PUNCTUATION = /^[!-/:-@[-`{-~ ]$/;
const PLAIN = /^[ -~]$/;

/** requiredLiteral returns the longest such text, or null when there is none or it cannot tell. */
export function requiredLiteral(pattern: string): RequiredLiteral | null {
  const isAnchored = pattern.startsWith('^');
  let best: RequiredLiteral | null = null;
  let run = '';
  let isFirst = isAnchored;
  const endRun = (): void => {
    // A prefix is worth more than a longer text somewhere: it is looked up once.
    if (run !== '' && (best === null || (!best.isPrefix && run.length > best.text.length))) {
      best = { text: run, isPrefix: isFirst };
    }
    run = '';
    isFirst = false;
  };
  let at = isAnchored ? 1 : 0;
  while (at < pattern.length) {
    const char = pattern[at]!;
    let literal: string | null = null;
    let end = at + 1;
    switch (char) {
      case '|':
        return null;
      case '(': {
        const close = endOfGroup(pattern, at);
        if (close < 0) return null;
        end = close;
        break;
      }
      case '[':
        end = endOfClass(pattern, at);
        if (end < 0) return null;
        break;
      case '\\': {
        const escaped = pattern[at + 1] ?? '';
        // \Q…\E, \x41, \pN and the like: whoever writes these is left to the expression itself.
        if (/^[QExpP0-7]$/.test(escaped)) return null;
        if (PUNCTUATION.test(escaped)) literal = escaped;
        end = at + 2;
        break;
      }
      case '.':
      case '^':
      case '$':
        break;
      case '*':
      case '+':
      case '?':
      case '{':
        // A quantifier of what went before, or of a quantifier.
        endRun();
        at = char === '{' ? endOfCount(pattern, at) : at + 1;
        continue;
      default:
        if (PLAIN.test(char)) literal = char;
    }
    if (literal === null) {
      endRun();
    } else if (OPTIONAL.includes(pattern[end] ?? '-')) {
      endRun();
    } else {
      run += literal;
    }
    at = end;
  }
  endRun();
  return best;
}

/** endOfGroup returns the index behind the parenthesis that closes a group, or -1 for flags that reach beyond it. */
function endOfGroup(pattern: string, start: number): number {
  const flags = /^\(\?[a-zA-Z-]*\)/.exec(pattern.slice(start, start + 16));
  if (flags !== null) return -1;
  let depth = 0;
  for (let at = start; at < pattern.length; ) {
    const char = pattern[at]!;
    if (char === '\\') {
      if (pattern[at + 1] === 'Q') return -1;
      at += 2;
    } else if (char === '[') {
      at = endOfClass(pattern, at);
      if (at < 0) return -1;
    } else {
      if (char === '(') depth++;
      else if (char === ')' && --depth === 0) return at + 1;
      at++;
    }
  }
  return -1;
}

/** endOfClass returns the index behind the bracket that closes a class, or -1. */
function endOfClass(pattern: string, start: number): number {
  let at = start + 1;
  if (pattern[at] === '^') at++;
  if (pattern[at] === ']') at++;
  while (at < pattern.length) {
    const char = pattern[at]!;
    if (char === ']') return at + 1;
    if (char === '\\') at += 2;
    else if (char === '[' && pattern[at + 1] === ':') {
      const close = pattern.indexOf(':]', at + 2);
      at = close < 0 ? at + 1 : close + 2;
    } else at++;
  }
  return -1;
}

function endOfCount(pattern: string, start: number): number {
  const close = pattern.indexOf('}', start);
  return close < 0 ? start + 1 : close + 1;
}
