/**
 * Format: a rule file in the one style. Main thread. Knows no word of the vocabulary: tokens and brackets are enough.
 *
 * Only blanks, line ends and semicolons change; every other token and every comment stays as it was written, so the plan
 * does too. Lines that were broken stay broken, a block on one line stays on one line where it fits.
 */
import type { IToken } from 'chevrotain';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { SourceText } from '../source/source-text.ts';
import { lexWithComments, parse } from '../syntax/parse.ts';
import {
  And,
  Comma,
  Equals,
  KeptComment,
  LeftBrace,
  LeftParen,
  NewLine,
  Or,
  RightBrace,
  RightParen,
  Semicolon,
} from '../syntax/tokens.ts';
import { alignComments, type FormattedLine } from './formatted-line.ts';

export interface FormatResult {
  /** The text in the one style; null when the text cannot be parsed. */
  readonly text: string | null;
  /** What keeps it from being parsed, sorted by position. */
  readonly diagnostics: readonly Diagnostic[];
  /** The text, by its name, for `formatDiagnostic`. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Widest line that a block stays on. */
const LINE_WIDTH = 100;
const INDENT = 2;

/** formatText puts a rule file's text into the one style. It never throws; `name` is what diagnostics call the text. */
export function formatText(text: string, name = '<text>'): FormatResult {
  const source = new SourceText(name, text);
  const list = new DiagnosticList();
  parse(source, list);
  const tokens = list.hasErrors ? null : lexWithComments(source);
  const sources = new Map([[name, source.text]]);
  if (tokens === null) return { text: null, diagnostics: list.sorted([name]), sources };
  return { text: new Formatter(tokens).run(), diagnostics: [], sources };
}

class Formatter {
  readonly #tokens: readonly IToken[];
  readonly #lines: FormattedLine[] = [];
  /** Open blocks that take several lines. */
  #depth = 0;
  #parens = 0;
  #line = '';
  #indent = 0;
  /** The last token that is neither a comment nor a line end. */
  #last: IToken | null = null;
  /** A blank line is due before the next line. */
  #isBlankDue = false;

  constructor(tokens: readonly IToken[]) {
    this.#tokens = tokens;
  }

  run(): string {
    for (let index = 0; index < this.#tokens.length; index++) {
      const token = this.#tokens[index]!;
      switch (token.tokenType) {
        case NewLine:
          this.#lineEnd(token);
          break;
        case KeptComment:
          this.#comment(token, index);
          break;
        case Semicolon:
          // Behind an `=` a line end would not end the line.
          if (this.#last?.tokenType === Equals) this.#word(token);
          this.#flush();
          break;
        case LeftBrace:
          index = this.#openBlock(index);
          break;
        case RightBrace:
          this.#closeBlock();
          break;
        default:
          this.#word(token);
      }
      if (token.tokenType !== NewLine && token.tokenType !== KeptComment) this.#last = this.#tokens[index]!;
    }
    this.#flush();
    return alignComments(this.#lines);
  }

  /** Whether the line that is being written goes on in the next: the layout's rule, for a text without problems. */
  #isOpen(): boolean {
    const type = this.#last?.tokenType;
    const isJoint = type === Comma || type === And || type === Or || type === Equals || type === LeftParen;
    return this.#parens > 0 || isJoint;
  }

  #word(token: IToken): void {
    const type = token.tokenType;
    if (type === RightParen) this.#parens--;
    if (this.#line === '') this.#begin(type === RightParen);
    else this.#line += gapBetween(this.#last, token);
    this.#line += token.image;
    if (type === LeftParen) this.#parens++;
  }

  /** begin sets the indent of a new line: that of its block, and more where it goes on from the line before. */
  #begin(isClosing = false): void {
    const base = this.#depth * INDENT;
    if (!this.#isOpen() && !isClosing) this.#indent = base;
    else if (isClosing) this.#indent = base + INDENT * (this.#parens + 1);
    else this.#indent = base + INDENT * (Math.max(1, this.#parens) + 1);
  }

  /** openBlock writes `{`, or the whole block where it can stand on one line; returns the index of the last token written. */
  #openBlock(index: number): number {
    const flat = this.#flatBlock(index);
    this.#line += ' ';
    if (flat !== null && this.#indent + this.#line.length + flat.text.length <= LINE_WIDTH) {
      this.#line += flat.text;
      return flat.end;
    }
    this.#line += '{';
    this.#flush();
    this.#depth++;
    return index;
  }

  #closeBlock(): void {
    this.#flush();
    this.#isBlankDue = false;
    this.#depth--;
    this.#indent = this.#depth * INDENT;
    this.#line = '}';
  }

  /** flatBlock is a block that was written on one line, and the index of its last token; null for other blocks. */
  #flatBlock(index: number): { readonly text: string; readonly end: number } | null {
    let text = '';
    let open = 0;
    let last: IToken | null = null;
    let isLineDue = false;
    for (let at = index; at < this.#tokens.length; at++) {
      const token = this.#tokens[at]!;
      const type = token.tokenType;
      if (type === NewLine || type === KeptComment) return null;
      if (type === Semicolon) {
        isLineDue = last?.tokenType !== LeftBrace;
        continue;
      }
      if (isLineDue && type !== RightBrace) text += ';';
      isLineDue = false;
      text += gapBetween(last, token) + token.image;
      if (type === LeftBrace) open++;
      if (type === RightBrace && --open === 0) return { text, end: at };
      last = token;
    }
    return null;
  }

  #lineEnd({ image }: IToken): void {
    const isBlank = image.indexOf('\n') !== image.lastIndexOf('\n');
    this.#flush();
    if (isBlank) this.#isBlankDue = true;
  }

  #comment(token: IToken, index: number): void {
    const text = withoutEnd(token.image);
    const last = this.#lines.at(-1);
    if (this.#line !== '') this.#endLine(text);
    else if (this.#isTrailing(index) && last !== undefined && last.comment === '') {
      // Behind a `;` or a `{` that ended its line already.
      last.comment = text;
    } else this.#own(text);
  }

  #own(text: string): void {
    this.#begin();
    this.#endLine(text);
  }

  /** Whether something else stands before a comment on its line. */
  #isTrailing(index: number): boolean {
    const before = this.#tokens[index - 1];
    return before !== undefined && before.tokenType !== NewLine;
  }

  #flush(): void {
    if (this.#line !== '') this.#endLine('');
  }

  #endLine(comment: string): void {
    const before = this.#lines.at(-1);
    const isBlankBefore = this.#isBlankDue && before !== undefined && !before.code.endsWith('{');
    this.#lines.push({ indent: this.#indent, code: this.#line, comment, isBlankBefore });
    this.#line = '';
    this.#isBlankDue = false;
  }
}

function withoutEnd(comment: string): string {
  return comment.replace(/[ \t\r]+$/, '');
}

/** gapBetween is what stands between two tokens of a line. */
function gapBetween(left: IToken | null, right: IToken): string {
  const before = left?.tokenType;
  const after = right.tokenType;
  if (left === null || after === Comma || after === Semicolon || after === RightParen || before === LeftParen)
    return '';
  return before === LeftBrace && after === RightBrace ? '' : ' ';
}
