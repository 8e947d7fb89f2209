/**
 * Parse: one file's text to its tree, with a diagnostic for every place that cannot be read. Main thread.
 */
import { EOF, type IRecognitionException, type IToken, Lexer } from 'chevrotain';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import type { SourceText } from '../source/source-text.ts';
import { layOut, spanOf } from './layout.ts';
import { SluiceParser, TooManyErrors } from './parser.ts';
import {
  And,
  Comma,
  Comment,
  KeptComment,
  LeftBrace,
  LeftParen,
  NewLine,
  Or,
  RightBrace,
  RightParen,
  Semicolon,
  TOKENS,
  When,
} from './tokens.ts';
import type { FileTree, Statement } from './tree.ts';

/** Longest text that is read, in UTF-16 units. */
export const TEXT_LIMIT = 32 * 1024 * 1024;

/** Most tokens that are read: some hundred thousand rules. */
const TOKEN_LIMIT = 2_000_000;

/** A text is lexed in pieces of about this length, so that one with too many tokens is left early. */
const PIECE = 1 << 18;

let lexer: Lexer | null = null;
let commentLexer: Lexer | null = null;
let parser: SluiceParser | null = null;

/** parse reads a whole text. It never throws; a text that is too long or nested too deeply gives an empty tree. */
export function parse(source: SourceText, diagnostics: DiagnosticList): FileTree {
  const empty: FileTree = { source, statements: [] };
  if (source.text.length > TEXT_LIMIT) {
    diagnostics.add('SL0115', source, { start: 0, end: 1 }, { limit: `${TEXT_LIMIT / (1024 * 1024)} MiB` });
    return empty;
  }
  lexer ??= new Lexer(TOKENS, { positionTracking: 'onlyOffset', ensureOptimizations: true, skipValidations: true });
  parser ??= new SluiceParser({ recoveryEnabled: true, maxLookahead: 1, skipValidations: true });
  const lexed = lex(lexer, source.text);
  if (lexed === null) {
    diagnostics.add('SL0115', source, { start: 0, end: 1 }, { limit: `${TOKEN_LIMIT} words` });
    return empty;
  }
  const tokens = layOut(lexed, source, diagnostics);
  if (tokens === null) return empty;
  parser.onTextError = (code, start, end, values) => diagnostics.add(code, source, { start, end }, values);
  const statements = readAll(parser, tokens);
  for (const error of parser.errors) addSyntaxError(error, source, diagnostics);
  parser.input = [];
  return { source, statements };
}

/** lexWithComments returns every token as it was written, comments and line ends included; null for too many of them. */
export function lexWithComments(source: SourceText): readonly IToken[] | null {
  commentLexer ??= new Lexer(
    TOKENS.map((type) => (type === Comment ? KeptComment : type)),
    { positionTracking: 'onlyOffset', ensureOptimizations: true, skipValidations: true },
  );
  return lex(commentLexer, source.text);
}

/** lex returns all tokens, or null when there are too many. Pieces end at line ends, which no token but NewLine crosses. */
function lex(into: Lexer, text: string): IToken[] | null {
  if (text.length <= PIECE) return into.tokenize(text).tokens;
  const all: IToken[] = [];
  for (let start = 0; start < text.length; ) {
    const lineEnd = text.indexOf('\n', start + PIECE);
    const end = lineEnd < 0 ? text.length : lineEnd + 1;
    for (const token of into.tokenize(text.slice(start, end)).tokens) {
      token.startOffset += start;
      all.push(token);
    }
    if (all.length > TOKEN_LIMIT) return null;
    start = end;
  }
  return all;
}

function readAll(reader: SluiceParser, tokens: IToken[]): readonly Statement[] {
  try {
    return reader.read(tokens);
  } catch (error) {
    if (error instanceof TooManyErrors) return [];
    throw error;
  }
}

function isEnd(token: IToken): boolean {
  const type = token.tokenType;
  return type === NewLine || type === Semicolon || type === RightBrace || type === EOF || type === RightParen;
}

function isJoint(token: IToken): boolean {
  const type = token.tokenType;
  return type === And || type === Or || type === When || type === Comma;
}

/** addSyntaxError says what is wrong from the token that could not be read and the one before it. */
function addSyntaxError(error: IRecognitionException, source: SourceText, diagnostics: DiagnosticList): void {
  const found = error.token;
  const before = (error as { previousToken?: IToken }).previousToken;
  const hasBefore = before !== undefined && !Number.isNaN(before.startOffset) && before.tokenType !== EOF;
  if (hasBefore && isJoint(before) && (isEnd(found) || found.tokenType === LeftBrace)) {
    diagnostics.add('SL0111', source, spanOf(before), { side: 'after', word: before.image });
  } else if (hasBefore && before.tokenType === LeftParen && found.tokenType === RightParen) {
    diagnostics.add('SL0114', source, { start: before.startOffset, end: found.startOffset + 1 }, {});
  } else if (isJoint(found)) {
    diagnostics.add('SL0111', source, spanOf(found), { side: 'before', word: found.image });
  } else if (isEnd(found) && hasBefore) {
    diagnostics.add('SL0111', source, spanOf(before), { side: 'after', word: before.image });
  } else {
    diagnostics.add('SL0112', source, spanOf(found), { word: found.image });
  }
}
