/**
 * LineTree: one line, in whatever state it is, as the tree that the checker reads, in the sections around it. Main thread.
 *
 * It knows the grammar, which is fixed, and no word of the language. The parser has a tree of whole texts only, and for
 * what it cannot read it has diagnostics; here every word stands somewhere.
 */
import type { SourceText } from '../source/source-text.ts';
import type { Block, Expression, FileTree, Item, Joint, Phrase, Statement } from '../syntax/tree.ts';
import type { SourceLine, SourceWord } from './source-line.ts';

export interface LineTree {
  readonly tree: FileTree;
  /** The items of the phrase that the line ends in. */
  readonly open: readonly Item[];
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
interface OpenExpression {
  readonly phrases: { items: Writable<Item>[]; start: number; end: number }[];
  readonly joints: Joint[];
  start: number;
  end: number;
}

/** lineTree puts the words, as a line, into the sections of `parent` (null: the top of the file). `at` is where an empty line stands. */
export function lineTree(
  source: SourceText,
  words: readonly SourceWord[],
  parent: SourceLine | null,
  at: number,
): LineTree {
  const { statement, open } = statementOf(words, at, null);
  let outer: Statement = statement;
  for (let line = parent; line !== null; line = line.parent) {
    const { start, end } = line.block!;
    outer = statementOf(line.words, line.start, { statements: [outer], start, end }).statement;
  }
  return { tree: { source, statements: [outer] }, open };
}

/** topTree is all sections of a file, without their lines, and all definitions. */
export function topTree(source: SourceText, lines: readonly SourceLine[]): FileTree {
  const statements = lines.map(({ words, start, block }) =>
    statementOf(words, start, block === null ? null : { statements: [], start: block.start, end: block.end }),
  );
  return { source, statements: statements.map(({ statement }) => statement) };
}

function statementOf(
  words: readonly SourceWord[],
  at: number,
  block: Block | null,
): { statement: Statement; open: readonly Item[] } {
  const start = words[0]?.start ?? at;
  const headEnd = words.at(-1)?.end ?? at;
  const head = newExpression(start);
  let when: OpenExpression | null = null;
  let whenSpan: SourceWord | null = null;
  /** The expressions that the next word is in, outermost first. */
  let nested = [head];
  for (const word of words) {
    const expression = nested.at(-1)!;
    const phrase = expression.phrases.at(-1)!;
    if (word.kind === 'comma') {
      const last = phrase.items.at(-1);
      if (last !== undefined) last.hasComma = true;
    } else if (word.kind === 'open') {
      const of = newExpression(word.end);
      phrase.items.push({ kind: 'group', of, hasComma: false, start: word.start, end: headEnd });
      nested.push(of);
    } else if (word.kind === 'close') {
      if (nested.length > 1) nested.pop();
      const group = nested.at(-1)!.phrases.at(-1)!.items.at(-1);
      if (group !== undefined) group.end = word.end;
    } else if (word.kind === 'word' && word.value === 'when' && when === null) {
      when = newExpression(word.end);
      whenSpan = word;
      nested = [when];
    } else if (word.kind === 'word' && (word.value === 'and' || word.value === 'or')) {
      expression.joints.push({ kind: word.value, start: word.start, end: word.end });
      expression.phrases.push({ items: [], start: word.end, end: word.end });
    } else {
      if (phrase.items.length === 0) phrase.start = word.start;
      phrase.items.push({ kind: itemKind(word), value: word.value, hasComma: false, start: word.start, end: word.end });
    }
    for (const each of nested) {
      each.end = word.end;
      each.phrases.at(-1)!.end = word.end;
    }
  }
  const statement: Statement = {
    head: asExpression(head),
    when: when === null ? null : asExpression(when),
    whenSpan,
    block,
    headEnd,
    isBroken: false,
    start,
    end: block?.end ?? headEnd,
  };
  return { statement, open: nested.at(-1)!.phrases.at(-1)!.items as readonly Item[] };
}

function newExpression(at: number): OpenExpression {
  return { phrases: [{ items: [], start: at, end: at }], joints: [], start: at, end: at };
}

function asExpression(expression: OpenExpression): Expression {
  return expression as Expression & { readonly phrases: readonly Phrase[] };
}

function itemKind({ kind, value }: SourceWord): 'word' | 'text' | 'regex' | 'not' | 'equals' {
  if (kind === 'text' || kind === 'regex') return kind;
  return value === 'not' ? 'not' : value === '=' ? 'equals' : 'word';
}
