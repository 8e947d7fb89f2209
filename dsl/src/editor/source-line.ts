/**
 * SourceLine: a rule file as an editor sees it: lines of words in nested blocks, whatever state the text is in. Main thread.
 *
 * It uses the language's own lexer but not its parser: a line that is being typed is broken most of the time, and the
 * editor must know where it stands all the same. It reports nothing.
 */
import { type IToken, Lexer } from 'chevrotain';
import { SourceText, type Span } from '../source/source-text.ts';
import { TOP_WORDS } from '../syntax/layout.ts';
import {
  Comma,
  Invalid,
  LeftBrace,
  LeftParen,
  NewLine,
  OpenText,
  Regex,
  RightBrace,
  RightParen,
  Semicolon,
  Text,
  TOKENS,
} from '../syntax/tokens.ts';

/** SourceWord is a word as written; `value` is without quotes, escapes left as they are. */
export interface SourceWord extends Span {
  readonly kind: 'word' | 'text' | 'regex' | 'comma' | 'open' | 'close';
  readonly value: string;
}

export interface SourceLine {
  /** Where its first word begins. */
  readonly start: number;
  /** Where its last word ends, its block not included. */
  readonly headEnd: number;
  readonly words: readonly SourceWord[];
  /** The line in whose block it stands; null at the top of the file. */
  readonly parent: SourceLine | null;
  /** Braces included; a block that is never closed ends where the next section begins, or with the text. */
  readonly block: (Span & { readonly isClosed: boolean }) | null;
  readonly children: readonly SourceLine[];
}

export interface SourceLines {
  readonly text: string;
  readonly lines: readonly SourceLine[];
  readonly comments: readonly Span[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
interface OpenLine extends Writable<Omit<SourceLine, 'words' | 'children' | 'parent'>> {
  readonly words: SourceWord[];
  readonly children: OpenLine[];
  readonly parent: OpenLine | null;
}

let lexer: Lexer | null = null;

/** readSourceLines reads any text. It never throws. */
export function readSourceLines(text: string): SourceLines {
  lexer ??= new Lexer(TOKENS, { positionTracking: 'onlyOffset', ensureOptimizations: true, skipValidations: true });
  return new LineBuilder(text, lexer.tokenize(text).tokens).run();
}

class LineBuilder {
  readonly #text: string;
  readonly #source: SourceText;
  readonly #tokens: readonly IToken[];
  readonly #lines: OpenLine[] = [];
  readonly #comments: Span[] = [];
  #parent: OpenLine | null = null;
  #line: OpenLine | null = null;
  #parens = 0;

  constructor(text: string, tokens: readonly IToken[]) {
    this.#text = text;
    this.#source = new SourceText('', text);
    this.#tokens = tokens;
  }

  run(): SourceLines {
    let end = 0;
    for (const [index, token] of this.#tokens.entries()) {
      this.#commentsIn(end, token.startOffset);
      end = token.startOffset + token.image.length;
      this.#token(token, end, index);
    }
    this.#commentsIn(end, this.#text.length);
    while (this.#parent !== null) this.#closeBlock(this.#text.length, false);
    return { text: this.#text, lines: this.#lines, comments: this.#comments };
  }

  #token(token: IToken, end: number, index: number): void {
    switch (token.tokenType) {
      case NewLine:
        if (!this.#goesOn(index)) this.#endLine();
        return;
      case Semicolon:
        this.#endLine();
        return;
      case LeftBrace: {
        const line = this.#line ?? this.#newLine(token.startOffset);
        line.block = { start: token.startOffset, end: this.#text.length, isClosed: false };
        this.#parent = line;
        this.#endLine();
        return;
      }
      case RightBrace:
        this.#endLine();
        if (this.#parent !== null) this.#closeBlock(end, true);
        return;
      case Invalid:
        return;
      default:
        this.#word(token, end);
    }
  }

  #word(token: IToken, end: number): void {
    if (this.#line === null && this.#parent !== null && TOP_WORDS.has(token.image)) {
      const isAtMargin = this.#source.columnOf(token.startOffset) === 1;
      while (isAtMargin && this.#parent !== null) this.#closeBlock(token.startOffset, false);
    }
    const line = this.#line ?? this.#newLine(token.startOffset);
    line.headEnd = end;
    line.words.push({ kind: kindOf(token), value: writtenIn(token), start: token.startOffset, end });
    if (token.tokenType === LeftParen) this.#parens++;
    else if (token.tokenType === RightParen) this.#parens = Math.max(0, this.#parens - 1);
  }

  #newLine(start: number): OpenLine {
    const line = { start, headEnd: start, words: [], parent: this.#parent, block: null, children: [] };
    (this.#parent?.children ?? this.#lines).push(line);
    this.#line = line;
    return line;
  }

  #endLine(): void {
    this.#line = null;
    this.#parens = 0;
  }

  #closeBlock(end: number, isClosed: boolean): void {
    const line = this.#parent!;
    line.block = { start: line.block!.start, end, isClosed };
    this.#parent = line.parent;
  }

  /** The same lines go on as the layout has it. */
  #goesOn(index: number): boolean {
    const last = this.#line?.words.at(-1);
    if (last === undefined) return false;
    let next = index + 1;
    while (this.#tokens[next]?.tokenType === NewLine) next++;
    const following = this.#tokens[next];
    if (following === undefined) return isOpenEnded(last);
    if (TOP_WORDS.has(following.image) && this.#source.columnOf(following.startOffset) === 1) return false;
    if (isOpenEnded(last)) return following.image !== 'otherwise' && following.tokenType !== RightBrace;
    return this.#parens > 0 && [')', 'and', 'or'].includes(following.image);
  }

  /** Between two tokens stand only blanks and comments. */
  #commentsIn(from: number, to: number): void {
    if (to <= from) return;
    const gap = this.#text.slice(from, to);
    for (let at = gap.indexOf('#'); at >= 0; ) {
      const lineEnd = gap.indexOf('\n', at);
      const end = lineEnd < 0 ? gap.length : lineEnd;
      this.#comments.push({ start: from + at, end: from + end });
      at = gap.indexOf('#', end);
    }
  }
}

/** isOpenEnded: a line that ends in this word goes on in the next. */
function isOpenEnded(word: SourceWord): boolean {
  return word.kind === 'comma' || word.kind === 'open' || (word.kind === 'word' && /^(?:and|or|=)$/.test(word.value));
}

function kindOf({ tokenType }: IToken): SourceWord['kind'] {
  if (tokenType === Text || tokenType === OpenText) return 'text';
  if (tokenType === Regex) return 'regex';
  if (tokenType === Comma) return 'comma';
  if (tokenType === LeftParen) return 'open';
  return tokenType === RightParen ? 'close' : 'word';
}

function writtenIn({ tokenType, image }: IToken): string {
  if (tokenType === Text) return image.slice(1, -1);
  if (tokenType === OpenText) return image.slice(1);
  return tokenType === Regex ? image.slice(2, -1) : image;
}

/** Spot is where a cursor stands: in a line, or between lines in the block of `parent` (null: at the top of the file). */
export interface Spot {
  readonly line: SourceLine | null;
  readonly parent: SourceLine | null;
}

/** spotAt finds the line of an offset. Behind a line, on the same row or where the line goes on, is still in the line. */
export function spotAt({ text, lines }: SourceLines, offset: number): Spot {
  let parent: SourceLine | null = null;
  let level = lines;
  for (;;) {
    let inner: SourceLine | null = null;
    for (const line of level) {
      if (line.start > offset) break;
      inner = line;
    }
    if (inner === null) return { line: null, parent };
    const { block, headEnd, words } = inner;
    if (block !== null && offset > block.start) {
      if (offset >= block.end && block.isClosed) return { line: null, parent };
      parent = inner;
      level = inner.children;
      continue;
    }
    if (offset <= headEnd) return { line: inner, parent };
    const between = text.slice(headEnd, offset);
    const last = words.at(-1);
    const isIn = last !== undefined && isOpenEnded(last) ? !between.includes(';') : !/[\n;]/.test(between);
    return { line: isIn ? inner : null, parent };
  }
}

/** isInComment says whether an offset is behind a `#` that begins a comment. */
export function isInComment({ comments }: SourceLines, offset: number): boolean {
  return comments.some(({ start, end }) => offset > start && offset <= end);
}
