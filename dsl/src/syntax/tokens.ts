/**
 * Tokens of the rule language. Main thread.
 *
 * Only what joins conditions is a keyword (`and`, `or`, `not`, `when`); every other word gets its meaning from the
 * vocabulary, in the check stage. Strings are scanned by hand, so that a very long one costs no stack.
 */
import { type CustomPatternMatcherFunc, createToken, Lexer, type TokenType } from 'chevrotain';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_R = 0x72;

/** isBareCode: may stand in a bare word: anything but blanks, control characters and `{ } ( ) , ; " #`. */
function isBareCode(code: number): boolean {
  if (code <= 0x20 || code === 0x7f) return false;
  if (code < 0x7f) return !'{}(),;"#'.includes(String.fromCharCode(code));
  return !isInvisible(code);
}

/** isInvisible: blanks and marks that look like nothing or like a blank, and typographic quotes: never part of a word. */
function isInvisible(code: number): boolean {
  return (
    code <= 0xa0 ||
    code === 0xad ||
    (code >= 0x2000 && code <= 0x200f) ||
    (code >= 0x2018 && code <= 0x201f) ||
    (code >= 0x2028 && code <= 0x202f) ||
    (code >= 0x205f && code <= 0x206f) ||
    code === 0x3000 ||
    code === 0xfeff ||
    code === 0xfffd
  );
}

/** endOfString returns the offset behind the closing quote, or -1 when the line ends first. `from` is behind the opening one. */
function endOfString(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === 10) return -1;
    if (code === BACKSLASH && text.charCodeAt(at + 1) !== 10 && text.charCodeAt(at + 1) !== 13) at++;
  }
  return -1;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  if (end < 0) return text.length;
  return text.charCodeAt(end - 1) === 13 && end > from ? end - 1 : end;
}

/** scanned makes a Chevrotain pattern of a function that returns the end of the token, or -1. */
function scanned(end: (text: string, offset: number) => number): CustomPatternMatcherFunc {
  return (text, offset) => {
    const to = end(text, offset);
    return to <= offset ? null : ([text.slice(offset, to)] as unknown as RegExpExecArray);
  };
}

/** Start codes: below 256 each code has its own bucket in the lexer; above, one code stands for its bucket. */
const BARE_STARTS: (string | number)[] = [];
const INVALID_STARTS: (string | number)[] = [];
for (let code = 0; code < 256; code++) {
  if (isBareCode(code)) BARE_STARTS.push(code);
  else if (code !== 9 && code !== 10 && code !== 0x20 && !(code > 0x20 && code < 0x7f)) INVALID_STARTS.push(code);
}
for (let code = 256; code < 0x10000; code += 128) {
  BARE_STARTS.push(code);
  INVALID_STARTS.push(code);
}

const Blank = createToken({ name: 'Blank', pattern: /[ \t]+/, group: Lexer.SKIPPED });
export const Comment = createToken({ name: 'Comment', pattern: /#[^\n]*/, group: Lexer.SKIPPED, line_breaks: false });
/** KeptComment stands in Comment's place where comments count: for the formatter. */
export const KeptComment = createToken({ name: 'KeptComment', pattern: /#[^\n]*/, line_breaks: false });
/** NewLine takes the blank lines behind it and the next line's indent too: they mean nothing, and may be many. */
export const NewLine = createToken({
  name: 'NewLine',
  label: 'the end of the line',
  pattern: scanned((text, offset) => {
    let end = offset;
    for (let at = offset; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 10) end = at + 1;
      else if (code !== 9 && code !== 0x20 && !(code === 13 && text.charCodeAt(at + 1) === 10)) break;
    }
    return end;
  }),
  start_chars_hint: ['\n', '\r'],
  line_breaks: true,
});
export const Semicolon = createToken({ name: 'Semicolon', label: '`;`', pattern: ';' });
export const Comma = createToken({ name: 'Comma', label: '`,`', pattern: ',' });
export const LeftBrace = createToken({ name: 'LeftBrace', label: '`{`', pattern: '{' });
export const RightBrace = createToken({ name: 'RightBrace', label: '`}`', pattern: '}' });
export const LeftParen = createToken({ name: 'LeftParen', label: '`(`', pattern: '(' });
export const RightParen = createToken({ name: 'RightParen', label: '`)`', pattern: ')' });

export const Text = createToken({
  name: 'Text',
  label: 'a string',
  pattern: scanned((text, offset) => (text.charCodeAt(offset) === QUOTE ? endOfString(text, offset + 1) : -1)),
  start_chars_hint: ['"'],
  line_breaks: false,
});

/** A string that its line ends before it does. Takes the rest of the line, so that it gives one diagnostic. */
export const OpenText = createToken({
  name: 'OpenText',
  pattern: scanned((text, offset) => (text.charCodeAt(offset) === QUOTE ? endOfLine(text, offset + 1) : -1)),
  start_chars_hint: ['"'],
  line_breaks: false,
});

export const Regex = createToken({
  name: 'Regex',
  label: 'a regular expression',
  pattern: scanned((text, offset) =>
    text.charCodeAt(offset) === LETTER_R && text.charCodeAt(offset + 1) === QUOTE ? endOfString(text, offset + 2) : -1,
  ),
  start_chars_hint: ['r'],
  line_breaks: false,
});

export const Bare = createToken({
  name: 'Bare',
  label: 'a word',
  pattern: scanned((text, offset) => {
    let at = offset;
    while (at < text.length && isBareCode(text.charCodeAt(at))) at++;
    return at;
  }),
  start_chars_hint: BARE_STARTS,
  line_breaks: false,
});

export const Equals = createToken({ name: 'Equals', label: '`=`', pattern: '=', longer_alt: Bare });
export const And = createToken({ name: 'And', label: '`and`', pattern: 'and', longer_alt: Bare });
export const Or = createToken({ name: 'Or', label: '`or`', pattern: 'or', longer_alt: Bare });
export const Not = createToken({ name: 'Not', label: '`not`', pattern: 'not', longer_alt: Bare });
export const When = createToken({ name: 'When', label: '`when`', pattern: 'when', longer_alt: Bare });

/** A run of characters that is not allowed in a rule file outside of strings and comments. */
export const Invalid = createToken({
  name: 'Invalid',
  pattern: scanned((text, offset) => {
    let at = offset;
    while (at < text.length && isInvalidCode(text, at)) at++;
    return at;
  }),
  start_chars_hint: INVALID_STARTS,
  line_breaks: false,
});

function isInvalidCode(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code === 9 || code === 10 || (code >= 0x20 && code < 0x7f)) return false;
  if (code === 13) return text.charCodeAt(at + 1) !== 10;
  return !isBareCode(code);
}

export const TOKENS: TokenType[] = [
  Blank,
  NewLine,
  Comment,
  Regex,
  And,
  Or,
  Not,
  When,
  Equals,
  Bare,
  Text,
  OpenText,
  Comma,
  Semicolon,
  LeftBrace,
  RightBrace,
  LeftParen,
  RightParen,
  Invalid,
];
