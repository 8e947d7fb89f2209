/**
 * Tree: what the parser makes of a file, before any word has a meaning. Offsets only; main thread.
 *
 * A file is a list of statements; a statement is a line: an expression, perhaps `when` and another one, perhaps a block
 * of statements. An expression is phrases joined by `and` or `or`; a phrase is a run of words, strings and groups.
 */
import type { SourceText, Span } from '../source/source-text.ts';

/** WordItem is a bare word, a string or a regular expression. `value` is what it says, without quotes and escapes. */
export interface WordItem extends Span {
  readonly kind: 'word' | 'text' | 'regex' | 'not' | 'equals';
  readonly value: string;
  /** A comma stands behind it. */
  readonly hasComma: boolean;
}

/** GroupItem is an expression in parentheses. */
export interface GroupItem extends Span {
  readonly kind: 'group';
  readonly of: Expression;
  readonly hasComma: boolean;
}

export type Item = WordItem | GroupItem;

export interface Phrase extends Span {
  readonly items: readonly Item[];
}

export interface Joint extends Span {
  readonly kind: 'and' | 'or';
}

/** Expression: `joints[i]` stands between `phrases[i]` and `phrases[i + 1]`. */
export interface Expression extends Span {
  readonly phrases: readonly Phrase[];
  readonly joints: readonly Joint[];
}

export interface Block extends Span {
  readonly statements: readonly Statement[];
}

export interface Statement extends Span {
  readonly head: Expression;
  readonly when: Expression | null;
  /** The word `when` itself. */
  readonly whenSpan: Span | null;
  readonly block: Block | null;
  /** The end of the line proper, before the block. */
  readonly headEnd: number;
  /** The parser has already complained about the line (not its block); whoever checks it stays silent. */
  readonly isBroken: boolean;
}

export interface FileTree {
  readonly source: SourceText;
  readonly statements: readonly Statement[];
}
