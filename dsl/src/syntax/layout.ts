/**
 * Layout: the step between lexer and parser. Decides which line ends count, and gives the parser balanced brackets.
 *
 * Everything that could make the parser lose its way (brackets that never close or close nothing, nesting without end,
 * characters that belong nowhere) is reported here once and fixed, so that one slip gives one diagnostic. Iterative:
 * its stack use does not depend on the input. Main thread.
 */
import { createTokenInstance, type IToken, type TokenType } from 'chevrotain';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import type { SourceText, Span } from '../source/source-text.ts';
import {
  And,
  Bare,
  Comma,
  Equals,
  Invalid,
  LeftBrace,
  LeftParen,
  NewLine,
  Not,
  OpenText,
  Or,
  Regex,
  RightBrace,
  RightParen,
  Semicolon,
  Text,
  When,
} from './tokens.ts';

/** Deepest nesting of `{` and `(` together. */
const NESTING_LIMIT = 64;

/** Words that begin a section or a top-level line, and never anything inside a block. */
export const TOP_WORDS: ReadonlySet<string> = new Set([
  'listener',
  'backend',
  'settings',
  'define',
  'use',
  'include',
  'list',
  'map',
  'test',
]);

const CONTINUES: ReadonlySet<TokenType> = new Set([Comma, And, Or, Equals, LeftParen]);
const WORDS: ReadonlySet<TokenType> = new Set([Bare, Text, Regex, Equals, And, Or, Not, When]);

/** isBrokenToken: the token was fixed; whatever line it stands on is not checked further. */
export function isBrokenToken(token: IToken): boolean {
  return token.payload === true;
}

/** layOut returns the tokens for the parser, or null when the text is nested too deeply to be read. */
export function layOut(tokens: readonly IToken[], source: SourceText, diagnostics: DiagnosticList): IToken[] | null {
  return new Layout(tokens, source, diagnostics).run();
}

class Layout {
  readonly #tokens: readonly IToken[];
  readonly #source: SourceText;
  readonly #diagnostics: DiagnosticList;
  readonly #out: IToken[] = [];
  /** Open brackets, innermost last. */
  readonly #open: IToken[] = [];
  #parens = 0;
  /** Braces that the present line has opened and not closed. */
  #lineBraces = 0;
  #isLineBroken = false;

  constructor(tokens: readonly IToken[], source: SourceText, diagnostics: DiagnosticList) {
    this.#tokens = tokens;
    this.#source = source;
    this.#diagnostics = diagnostics;
  }

  run(): IToken[] | null {
    for (let index = 0; index < this.#tokens.length; index++) {
      const token = this.#tokens[index]!;
      switch (token.tokenType) {
        case NewLine:
          this.#lineEnd(token, index);
          break;
        case Semicolon:
          this.#closeParens(token.startOffset);
          this.#separate(token);
          break;
        case LeftParen:
        case LeftBrace:
          if (this.#open.length === NESTING_LIMIT) {
            this.#diagnostics.add('SL0108', this.#source, spanOf(token), { limit: NESTING_LIMIT });
            return null;
          }
          if (token.tokenType === LeftParen) this.#parens++;
          else {
            this.#closeParens(token.startOffset);
            this.#lineBraces++;
          }
          this.#open.push(token);
          this.#out.push(token);
          break;
        case RightParen:
          if (this.#parens === 0) {
            this.#strayBracket(token);
            break;
          }
          this.#open.pop();
          this.#parens--;
          this.#out.push(token);
          break;
        case RightBrace:
          this.#closeParens(token.startOffset);
          if (this.#open.length === 0) {
            this.#strayBracket(token);
            break;
          }
          this.#open.pop();
          this.#lineBraces--;
          this.#out.push(token);
          break;
        case OpenText:
          this.#openText(token);
          break;
        case Invalid:
          this.#invalid(token);
          break;
        default:
          this.#word(token);
      }
    }
    this.#closeParens(this.#source.text.length);
    this.#closeBraces(this.#source.text.length);
    return this.#out;
  }

  #last(): IToken | undefined {
    return this.#out[this.#out.length - 1];
  }

  #word(token: IToken): void {
    const last = this.#last();
    if (last?.tokenType === RightBrace) {
      this.#diagnostics.add('SL0113', this.#source, spanOf(token), { word: token.image });
      this.#out.push(fixed(NewLine, '\n', token.startOffset));
    }
    const isLineStart = last === undefined || last.tokenType === NewLine;
    if (isLineStart && this.#open.length > 0 && TOP_WORDS.has(token.image)) {
      if (this.#source.columnOf(token.startOffset) === 1) this.#closeBraces(token.startOffset);
    } else if (
      last !== undefined &&
      last.startOffset + last.image.length === token.startOffset &&
      WORDS.has(token.tokenType) &&
      WORDS.has(last.tokenType) &&
      !isBrokenToken(last)
    ) {
      this.#diagnostics.add('SL0106', this.#source, spanOf(token), { word: token.image });
      token.payload = true;
    }
    this.#out.push(token);
  }

  #lineEnd(token: IToken, index: number): void {
    const last = this.#last();
    if (last !== undefined && CONTINUES.has(last.tokenType)) {
      // Nothing else begins with this word: the line before it is not finished, and this one should not pay for it.
      if (this.#nextAfterLineEnds(index)?.image !== 'otherwise') return;
      if (this.#parens > 0) this.#isLineBroken = true;
    }
    if (this.#parens > 0) {
      const next = this.#nextAfterLineEnds(index)?.tokenType;
      if (next === RightParen || next === And || next === Or) return;
      this.#closeParens(token.startOffset);
    }
    this.#lineBraces = 0;
    this.#isLineBroken = false;
    this.#separate(token);
  }

  #nextAfterLineEnds(index: number): IToken | undefined {
    let next = index + 1;
    while (this.#tokens[next]?.tokenType === NewLine) next++;
    return this.#tokens[next];
  }

  /** Several separators in a row are one. */
  #separate(token: IToken): void {
    const last = this.#last();
    if (last === undefined || last.tokenType === NewLine) return;
    if (token.tokenType === NewLine || last.tokenType === Semicolon) {
      if (last.tokenType === Semicolon) this.#out.pop();
      this.#out.push(token);
      return;
    }
    this.#out.push(token);
  }

  #closeParens(offset: number): void {
    for (; this.#parens > 0; this.#parens--) {
      const paren = this.#open.pop()!;
      if (!this.#isLineBroken) this.#diagnostics.add('SL0103', this.#source, spanOf(paren), {});
      this.#isLineBroken = true;
      this.#out.push(fixed(RightParen, ')', offset));
    }
  }

  #closeBraces(offset: number): void {
    while (this.#open.length > 0) {
      const brace = this.#open.pop()!;
      this.#diagnostics.add('SL0104', this.#source, spanOf(brace), {});
      this.#out.push(fixed(RightBrace, '}', offset), fixed(NewLine, '\n', offset));
    }
  }

  #strayBracket(token: IToken): void {
    if (this.#isLineBroken) return;
    this.#diagnostics.add('SL0105', this.#source, spanOf(token), { bracket: token.image });
    const last = this.#last();
    if (token.tokenType === RightParen && last !== undefined) last.payload = true;
  }

  /** An open string swallowed the rest of its line; brackets at its end are most likely meant as brackets. */
  #openText(token: IToken): void {
    this.#diagnostics.add('SL0102', this.#source, spanOf(token), {});
    this.#isLineBroken = true;
    this.#out.push(broken(Text, token));
    const tail = token.image.trimEnd();
    const offset = token.startOffset + token.image.length;
    while (this.#parens > 0) this.#closeParens(offset);
    if (tail.endsWith('{') && this.#open.length < NESTING_LIMIT) {
      const brace = fixed(LeftBrace, '{', token.startOffset + tail.length - 1);
      this.#open.push(brace);
      this.#out.push(brace);
    } else if (tail.endsWith('}') && this.#lineBraces > 0) {
      this.#open.pop();
      this.#lineBraces--;
      this.#out.push(fixed(RightBrace, '}', offset));
    }
  }

  #invalid(token: IToken): void {
    const code = token.image.codePointAt(0)!;
    const name = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    this.#diagnostics.add('SL0107', this.#source, spanOf(token), { character: name }, fixOfInvalid(code));
    this.#out.push(broken(Bare, token));
    this.#isLineBroken = true;
  }
}

function fixOfInvalid(code: number): string {
  if (code >= 0x2018 && code <= 0x201f) return 'Write straight quotes: `"`';
  if (code === 0xfffd) return 'Save the file as UTF-8';
  if (code === 0xa0 || code >= 0x2000) return 'Write an ordinary blank';
  return 'Remove it';
}

/** fixed makes a bracket that was not written. */
function fixed(type: TokenType, image: string, offset: number): IToken {
  return createTokenInstance(type, image, offset, offset - 1, 0, 0, 0, 0);
}

/** broken makes a token of a type that the parser knows of one that it does not. */
function broken(type: TokenType, token: IToken): IToken {
  const replaced = fixed(type, token.image, token.startOffset);
  replaced.payload = true;
  return replaced;
}

/** spanOf is the span of a token. */
export function spanOf(token: IToken): Span {
  return { start: token.startOffset, end: token.startOffset + token.image.length };
}
