/**
 * RuleDocument: one rule file in an editor, read once: its lines, what each word is, and the names it gives. Main thread.
 *
 * A document is made anew whenever its text changes. `RuleProject` is a document and those that are read with it.
 */
import type { Span } from '../source/source-text.ts';
import type { Vocabulary } from '../vocabulary/vocabulary.ts';
import { readLine } from './line-reader.ts';
import { type NameRole, type NameSpace, type Names, NO_NAMES, type Role } from './role.ts';
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

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
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

export class RuleProject implements Names {
  readonly vocabulary: Vocabulary;
  readonly documents: readonly RuleDocument[];
  #definitions: NameUse[] | null = null;
  #names: Map<NameSpace, Map<string, string>> | null = null;
  #uses: NameUse[] | null = null;

  constructor(vocabulary: Vocabulary, documents: readonly RuleDocument[]) {
    this.vocabulary = vocabulary;
    this.documents = documents;
  }

  of(space: NameSpace): ReadonlyMap<string, string> {
    if (this.#names === null) {
      this.#names = new Map();
      for (const { role, text } of this.definitions()) {
        const names = this.#names.get(role.space) ?? new Map<string, string>();
        if (!names.has(role.name)) names.set(role.name, text);
        this.#names.set(role.space, names);
      }
    }
    return this.#names.get(space) ?? new Map();
  }

  /** definitions are all names where they are given. */
  definitions(): readonly NameUse[] {
    this.#definitions ??= this.#collect(NO_NAMES, mayDefine).filter(({ role }) => role.isDefinition);
    return this.#definitions;
  }

  /** uses are all names wherever they stand, definitions included. */
  uses(): readonly NameUse[] {
    this.#uses ??= this.#collect(this, () => true);
    return this.#uses;
  }

  /** wordAt is the word under (or just before) an offset, and what it is; null where there is none. */
  wordAt(document: RuleDocument, offset: number): RoledWord | null {
    for (const line of document.lines()) {
      if (offset < line.start || offset > line.headEnd) continue;
      const index = line.words.findIndex(({ start, end }) => offset >= start && offset < end);
      const found = index >= 0 ? index : line.words.findIndex(({ end }) => offset === end);
      if (found < 0) continue;
      const { roles } = readLine(line.words, line.parent, this.vocabulary, this);
      return { word: line.words[found]!, role: roles[found]! };
    }
    return null;
  }

  /** nameAt is the name under an offset; null where there is none. */
  nameAt(document: RuleDocument, offset: number): (Span & { readonly role: NameRole }) | null {
    const found = this.wordAt(document, offset);
    return found?.role?.kind === 'name' ? { start: found.word.start, end: found.word.end, role: found.role } : null;
  }

  #collect(names: Names, isWanted: (line: SourceLine) => boolean): NameUse[] {
    const found: NameUse[] = [];
    for (const document of this.documents) {
      for (const line of document.lines()) {
        if (!isWanted(line)) continue;
        const { roles } = readLine(line.words, line.parent, this.vocabulary, names);
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

/** Names are given at the top of a file, and to servers. */
function mayDefine({ parent, words }: SourceLine): boolean {
  return parent === null || words[0]?.value === 'server';
}

function textOf({ text }: RuleDocument, { start, headEnd }: SourceLine): string {
  const plain = text.slice(start, headEnd).replace(/\s+/g, ' ');
  return plain.length > LONGEST_TEXT ? `${plain.slice(0, LONGEST_TEXT - 1)}…` : plain;
}

/** isSameName says whether two names mean the same thing. */
export function isSameName(a: NameRole, b: NameRole): boolean {
  return a.space === b.space && a.name === b.name && a.within === b.within;
}
