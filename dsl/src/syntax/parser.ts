/**
 * Parser: tokens to tree, with Chevrotain and its error recovery. The grammar is fixed; no word has a meaning here.
 *
 *     file       = { NL | ";" | statement }
 *     statement  = expression [ "when" expression ] [ block ]
 *     block      = "{" { NL | ";" | statement } "}"
 *     expression = phrase { ( "and" | "or" ) phrase }
 *     phrase     = item { [ "," ] item }
 *     item       = BARE | TEXT | REGEX | "=" | "not" | "(" expression ")"
 *
 * Separators between statements are seen to by the layout, which also keeps brackets balanced.
 * Actions build the tree as the rules run: no concrete tree is kept. One parser is made and reused. Main thread.
 */
import { EmbeddedActionsParser, type IParserConfig, type IParserErrorMessageProvider, type IToken } from 'chevrotain';
import { DIAGNOSTIC_LIMIT } from '../diagnostics/diagnostic-list.ts';
import type { Span } from '../source/source-text.ts';
import { isBrokenToken } from './layout.ts';
import { decodeText } from './text-literal.ts';
import {
  And,
  Bare,
  Comma,
  Equals,
  LeftBrace,
  LeftParen,
  NewLine,
  Not,
  Or,
  Regex,
  RightBrace,
  RightParen,
  Semicolon,
  Text,
  TOKENS,
  When,
} from './tokens.ts';
import type { Block, Expression, GroupItem, Item, Joint, Phrase, Statement, WordItem } from './tree.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const NO_PHRASE: Phrase = { items: [], start: 0, end: 0 };
const NO_EXPRESSION: Expression = { phrases: [], joints: [], start: 0, end: 0 };

/** A statement of which recovery left nothing: whoever misses something may find that it stood here. */
const LOST: Statement = {
  head: NO_EXPRESSION,
  when: null,
  whenSpan: null,
  block: null,
  headEnd: 0,
  isBroken: true,
  start: 0,
  end: 0,
};

/** A rule that was left by recovery gives nothing. */
function push(items: Item[], item: Item | undefined): void {
  if (item !== undefined) items.push(item);
}

/** TooManyErrors ends a parse that is not worth going on with. */
export class TooManyErrors extends Error {}

/**
 * ErrorCount counts errors as the parser makes their messages (the table of diagnostics has better ones). Past the limit
 * the parser gives up: the text is rubbish, and every error costs a stack trace.
 */
class ErrorCount implements IParserErrorMessageProvider {
  count = 0;

  #next(): string {
    if (++this.count > DIAGNOSTIC_LIMIT) throw new TooManyErrors();
    return '';
  }

  buildMismatchTokenMessage(): string {
    return this.#next();
  }

  buildNotAllInputParsedMessage(): string {
    return this.#next();
  }

  buildNoViableAltMessage(): string {
    return this.#next();
  }

  buildEarlyExitMessage(): string {
    return this.#next();
  }
}

export class SluiceParser extends EmbeddedActionsParser {
  /** Tells of a string that cannot be decoded. */
  onTextError: (code: string, start: number, end: number, values: Record<string, string>) => void = () => {};
  /** A fixed token stood in the statement being read. */
  #isBroken = false;

  readonly #errorCount: ErrorCount;

  constructor(config: IParserConfig) {
    const errorCount = new ErrorCount();
    super(TOKENS, { ...config, errorMessageProvider: errorCount });
    this.#errorCount = errorCount;
    this.performSelfAnalysis();
  }

  /** read parses a file's tokens. Throws TooManyErrors. */
  read(tokens: IToken[]): readonly Statement[] {
    this.#errorCount.count = 0;
    this.input = tokens;
    return this.file() ?? [];
  }

  readonly file = this.RULE('file', (): Statement[] => {
    const statements: Statement[] = [];
    if (this.SUBRULE(this.statements, { ARGS: [statements] }) === undefined) statements.push(LOST);
    return statements;
  });

  /** Fills a list, since what was read before an error counts; returns undefined when recovery left it. */
  readonly statements = this.RULE('statements', (into: Statement[]): true => {
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(NewLine) },
        { ALT: () => this.CONSUME(Semicolon) },
        {
          ALT: () => {
            const statement = this.SUBRULE(this.statement);
            this.ACTION(() => into.push(statement ?? LOST));
          },
        },
      ]);
    });
    return true;
  });

  readonly statement = this.RULE('statement', (): Statement => {
    const errorsBefore = this.#errorCount.count;
    this.#isBroken = false;
    const head = this.SUBRULE(this.expression);
    const tail: { when: Expression | null; whenSpan: Span | null; block: Block | null } = {
      when: null,
      whenSpan: null,
      block: null,
    };
    this.OPTION(() => {
      const token = this.CONSUME(When);
      tail.whenSpan = { start: token.startOffset, end: token.startOffset + 4 };
      tail.when = this.SUBRULE2(this.expression);
    });
    const headEnd = Math.max(head.end, tail.whenSpan?.end ?? 0, tail.when?.end ?? 0);
    const isBroken = this.#isBroken || this.#errorCount.count > errorsBefore;
    this.OPTION2(() => {
      tail.block = this.SUBRULE(this.block) ?? null;
    });
    const end = tail.block === null ? headEnd : tail.block.end;
    return { head, ...tail, headEnd, isBroken, start: head.start, end };
  });

  readonly block = this.RULE('block', (): Block => {
    const statements: Statement[] = [];
    const left = this.CONSUME(LeftBrace);
    if (this.SUBRULE(this.statements, { ARGS: [statements] }) === undefined) statements.push(LOST);
    const right = this.CONSUME(RightBrace);
    return { statements, start: left.startOffset, end: right.startOffset + 1 };
  });

  readonly expression = this.RULE(
    'expression',
    (): Expression => {
      const phrases: Phrase[] = [];
      const joints: Joint[] = [];
      phrases.push(this.SUBRULE(this.phrase));
      this.MANY(() => {
        const token = this.OR([{ ALT: () => this.CONSUME(And) }, { ALT: () => this.CONSUME(Or) }]);
        const phrase = this.SUBRULE2(this.phrase);
        this.ACTION(() => {
          const end = token.startOffset + token.image.length;
          joints.push({ kind: token.tokenType === And ? 'and' : 'or', start: token.startOffset, end });
          phrases.push(phrase);
        });
      });
      return { phrases, joints, start: phrases[0]!.start, end: phrases[phrases.length - 1]!.end };
    },
    { recoveryValueFunc: () => NO_EXPRESSION },
  );

  readonly phrase = this.RULE(
    'phrase',
    (): Phrase => {
      const items: Item[] = [];
      const first = this.SUBRULE(this.item);
      this.ACTION(() => push(items, first));
      this.MANY(() => {
        this.OPTION(() => {
          this.CONSUME(Comma);
          this.ACTION(() => {
            const last = items[items.length - 1];
            if (last !== undefined) (last as Writable<Item>).hasComma = true;
          });
        });
        const next = this.SUBRULE2(this.item);
        this.ACTION(() => push(items, next));
      });
      if (items.length === 0) return NO_PHRASE;
      return { items, start: items[0]!.start, end: items[items.length - 1]!.end };
    },
    { recoveryValueFunc: () => NO_PHRASE },
  );

  /** The alternatives of `item`. */
  #items: { ALT: () => Item }[] | undefined;

  readonly item = this.RULE('item', (): Item => {
    // Made once: this runs for every word of a file.
    this.#items ??= [
      { ALT: () => this.#word('word', this.CONSUME(Bare)) },
      { ALT: () => this.#word('text', this.CONSUME(Text)) },
      { ALT: () => this.#word('regex', this.CONSUME(Regex)) },
      { ALT: () => this.#word('equals', this.CONSUME(Equals)) },
      { ALT: () => this.#word('not', this.CONSUME(Not)) },
      { ALT: () => this.SUBRULE(this.group) },
    ];
    return this.OR(this.#items);
  });

  readonly group = this.RULE('group', (): GroupItem => {
    const left = this.CONSUME(LeftParen);
    const of = this.SUBRULE(this.expression);
    const right = this.CONSUME(RightParen);
    return { kind: 'group', of, hasComma: false, start: left.startOffset, end: right.startOffset + 1 };
  });

  #word(kind: WordItem['kind'], token: IToken): WordItem {
    const start = token.startOffset;
    const end = start + token.image.length;
    if (isBrokenToken(token)) {
      this.#isBroken = true;
      return { kind, value: token.image, hasComma: false, start, end };
    }
    let value = token.image;
    if (kind === 'regex') value = value.slice(2, -1);
    else if (kind === 'text') value = decodeText(token.image, start, (...error) => this.#textError(...error));
    return { kind, value, hasComma: false, start, end };
  }

  #textError(code: string, start: number, end: number, values: Record<string, string>): void {
    this.#isBroken = true;
    this.onTextError(code, start, end, values);
  }

  /** Nothing is ever made up or thrown away inside a line: a guess would only give a second diagnostic. */
  override canTokenTypeBeInsertedInRecovery(): boolean {
    return false;
  }

  override canTokenTypeBeDeletedInRecovery(): boolean {
    return false;
  }
}
