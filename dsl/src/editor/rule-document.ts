/**
 * RuleDocument: one rule file in an editor, read once: its lines, what each word is, and the names it gives. Main thread.
 *
 * A document is created again whenever its text changes. `RuleProject` is a document and those that are read with it.
 */

import type { NameRole, NameSpace, Role } from '../check/scope/role.ts';
import type { Scope } from '../check/scope/scope.ts';
import type { Span } from '../source/source-text.ts';
import { SourceText } from '../source/source-text.ts';
import type { Vocabulary } from '../vocabulary/vocabulary.ts';
import { readLine, readNames } from './line-reading.ts';
import { topTree } from './line-tree.ts';
import type { DefinedNames } from './proposal.ts';
import { readSourceLines, type SourceLine, type SourceLines, type SourceWord } from './source-line.ts';

/** NameUse is a name where it is given or used. */
export interface NameUse extends Span {
  readonly file: string;
  readonly role: NameRole;
  /** The line it stands in, on one line. */
  readonly text: string;
}

/** RoledWord is a word and what it is. */
export interface RoledWord {
  readonly word: SourceWord;
  readonly role: Role | null;
}

const LONGEST_TEXT = 80;

export class RuleDocument {
  readonly file: string;
  readonly text: string;
  readonly source: SourceLines;
  /** The text as the checker knows it. */
  readonly sourceText: SourceText;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.sourceText = new SourceText(file, text);
    this.source = readSourceLines(text);
  }

  /** lines are all lines, those in blocks behind the one that opens the block. */
  *lines(level: readonly SourceLine[] = this.source.lines): Generator<SourceLine> {
    for (const line of level) {
      yield line;
      yield* this.lines(line.children);
    }
  }
}

export class RuleProject implements DefinedNames {
  readonly vocabulary: Vocabulary;
  readonly documents: readonly RuleDocument[];
  #names: Scope | null = null;
  #uses: NameUse[] | null = null;

  constructor(vocabulary: Vocabulary, documents: readonly RuleDocument[]) {
    this.vocabulary = vocabulary;
    this.documents = documents;
  }

  /** names is what the checker knows of the names that the files define. */
  names(): Scope {
    this.#names ??= readNames(
      this.documents.map(({ sourceText, source }) => topTree(sourceText, source.lines)),
      this.vocabulary,
    );
    return this.#names;
  }

  lineOf(space: NameSpace, name: string): string {
    const { backends, defines, lists, maps } = this.names();
    const tables: Partial<Record<NameSpace, (name: string) => { source: SourceText; span: Span } | undefined>> = {
      backend: (of) => backends.get(of),
      define: (of) => defines.placeOf(of),
      list: (of) => lists.get(of),
      map: (of) => maps.get(of),
    };
    const place = tables[space]?.(name);
    const document = this.documents.find(({ sourceText }) => sourceText === place?.source);
    return document === undefined ? '' : textOf(document, lineAt(document.source.lines, place!.span.start)!);
  }

  /** definitions are all names where they are given. */
  definitions(): readonly NameUse[] {
    return this.uses().filter(({ role }) => role.isDefinition);
  }

  /** uses are all names wherever they stand, definitions included. */
  uses(): readonly NameUse[] {
    this.#uses ??= this.#collect();
    return this.#uses;
  }

  /** wordAt is the word under (or just before) an offset, and what it is; null where there is none. */
  wordAt(document: RuleDocument, offset: number): RoledWord | null {
    for (const line of document.lines()) {
      if (offset < line.start || offset > line.headEnd) continue;
      const index = line.words.findIndex(({ start, end }) => offset >= start && offset < end);
      const found = index >= 0 ? index : line.words.findIndex(({ end }) => offset === end);
      if (found < 0) continue;
      const { roles } = readLine(document.sourceText, line.words, line.parent, this.names(), null);
      return { word: line.words[found]!, role: roles[found]! };
    }
    return null;
  }

  /** nameAt is the name under an offset; null where there is none. */
  nameAt(document: RuleDocument, offset: number): (Span & { readonly role: NameRole }) | null {
    const found = this.wordAt(document, offset);
    return found?.role?.kind === 'name' ? { start: found.word.start, end: found.word.end, role: found.role } : null;
  }

  #collect(): NameUse[] {
    const found: NameUse[] = [];
    for (const document of this.documents) {
      for (const line of document.lines()) {
        const { roles } = readLine(document.sourceText, line.words, line.parent, this.names(), null);
        for (const [index, role] of roles.entries()) {
          if (role?.kind !== 'name') continue;
          const { start, end } = line.words[index]!;
          found.push({ file: document.file, role, start, end, text: textOf(document, line) });
        }
      }
    }
    return found;
  }
}

/** lineAt is the last line that begins at an offset or before it; lines stand in order. */
function lineAt(lines: readonly SourceLine[], offset: number): SourceLine | undefined {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle]!.start <= offset) low = middle + 1;
    else high = middle;
  }
  return lines[low - 1];
}

function textOf({ text }: RuleDocument, { start, headEnd }: SourceLine): string {
  const plain = text.slice(start, headEnd).replace(/\s+/g, ' ');
  return plain.length > LONGEST_TEXT ? `${plain.slice(0, LONGEST_TEXT - 1)}…` : plain;
}

/** isSameName says whether two names mean the same thing. */
export function isSameName(a: NameRole, b: NameRole): boolean {
  return a.space === b.space && a.name === b.name && a.within === b.within;
}
