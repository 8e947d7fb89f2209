/**
 * Regex: whether an expression is one that runs in linear time (RE2 syntax), and what in it is not. Main thread.
 */
import { RE2JS } from 're2js';

export interface RegexProblem {
  readonly code: 'SL0218' | 'SL0219';
  /** The construct, or what the compiler says. */
  readonly what: string;
  /** Offsets in the expression. */
  readonly start: number;
  readonly end: number;
}

const LIMIT = 4096;
const checked = new Map<string, RegexProblem | null>();

/** checkRegex returns what is wrong with an expression, or null. */
export function checkRegex(source: string): RegexProblem | null {
  let problem = checked.get(source);
  if (problem !== undefined) return problem;
  problem = foreignConstruct(source) ?? compileProblem(source);
  if (checked.size >= LIMIT) checked.clear();
  checked.set(source, problem);
  return problem;
}

function compileProblem(source: string): RegexProblem | null {
  try {
    RE2JS.compile(source);
    return null;
  } catch (error) {
    const what = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'cannot be read';
    return { code: 'SL0219', what, start: 0, end: source.length };
  }
}

/** groupCount is the number of groups of an expression that checkRegex found right. */
export function groupCount(source: string): number {
  return RE2JS.compile(source).groupCount();
}

const FOREIGN: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^\(\?<?[=!]/, 'lookaround'],
  [/^\(\?>/, 'an atomic group'],
  [/^\(\?\(/, 'a conditional group'],
  [/^\(\?(?:R|[0-9]+|&|P>)/, 'recursion'],
  [/^\(\?P=/, 'a backreference'],
  [/^\\[1-9]/, 'a backreference'],
  [/^\\[kg][{<'0-9]/, 'a backreference'],
  [/^\\[GZK]/, 'an anchor of another dialect'],
  [/^(?:[*+?]|\{\d+(?:,\d*)?\})\+/, 'a possessive quantifier'],
];

const NAMES: Readonly<Record<string, string>> = {
  '(?=': 'a lookahead',
  '(?!': 'a negative lookahead',
  '(?<=': 'a lookbehind',
  '(?<!': 'a negative lookbehind',
};

/** foreignConstruct finds the first construct that needs backtracking, outside of character classes. */
function foreignConstruct(source: string): RegexProblem | null {
  let isInClass = false;
  for (let at = 0; at < source.length; at++) {
    const character = source[at]!;
    if (!isInClass && '(\\*+?{'.includes(character)) {
      const ahead = source.slice(at, at + 24);
      for (const [pattern, name] of FOREIGN) {
        const match = pattern.exec(ahead);
        if (match !== null)
          return { code: 'SL0218', what: NAMES[match[0]] ?? name, start: at, end: at + match[0].length };
      }
    }
    if (character === '\\') at++;
    else if (isInClass) isInClass = character !== ']';
    else if (character === '[') {
      isInClass = true;
      if (source[at + 1] === '^') at++;
      if (source[at + 1] === ']') at++;
    }
  }
  return null;
}
