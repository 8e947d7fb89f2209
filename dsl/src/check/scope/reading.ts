/**
 * Reading: what the checker makes of the words of one line, for editors: the role of each, and what may follow a line that
 * is still being written. Main thread.
 *
 * The checker says here what it looks for, at the place where it looks for it, so no editor has to know the language. When
 * rules are compiled there is no Reading, and nothing is noted.
 */
import type { Span } from '../../source/source-text.ts';
import type { Item } from '../../syntax/tree.ts';
import type { PhraseTable } from '../../vocabulary/phrase-table.ts';
import type { BaseArg } from '../../vocabulary/setting-word.ts';
import type { Expected, NameSpace, Role, WordOf, WordRole } from './role.ts';

/** Walk is a place among the items of a phrase: a Reader, or the like. */
export interface Walk {
  readonly items: readonly Item[];
  /** Index of the next item. */
  readonly at: number;
}

export class Reading {
  /** By where the word begins. */
  readonly roles = new Map<number, Role>();
  /** By what is to be written. */
  readonly expected = new Map<string, Expected>();
  /** The items behind which the cursor stands; null: the line is only read. */
  #open: readonly Item[] | null;

  /** `open` are the items of the phrase that the cursor stands behind, if any. */
  constructor(open: readonly Item[] | null) {
    this.#open = open;
  }

  /** isOpen says whether the cursor stands at this place. */
  isOpen({ items, at }: Walk): boolean {
    return items === this.#open && at >= items.length;
  }

  /** continueIn: what stands in the items of `from` is read as the end of `to`. */
  continueIn(from: readonly Item[], to: readonly Item[]): void {
    if (this.#open === from) this.#open = to;
  }

  /** stop: what must stand here has been noted, so nothing else may. */
  stop(walk: Walk): void {
    if (this.isOpen(walk)) this.#open = null;
  }

  /** stopAll: nothing more may stand behind the line. */
  stopAll(): void {
    this.#open = null;
  }

  /** mark notes what an item is. The last word on it counts. */
  mark(item: Item | undefined, role: Role): void {
    if (item !== undefined) this.roles.set(item.start, role);
  }

  /** markNext notes what the next items are. */
  markNext({ items, at }: Walk, length: number, role: Role): void {
    for (let index = at; index < at + length; index++) this.mark(items[index], role);
  }

  /** joint notes a word that stands between phrases. */
  joint({ start }: Span, word: string, doc: string): void {
    this.roles.set(start, { kind: 'keyword', word, doc });
  }

  /** name notes a name, where a word stands that can be one. */
  name(item: Item | undefined, space: NameSpace, isDefinition = false, within: string | null = null): void {
    if (item?.kind === 'word') {
      this.mark(item, { kind: 'name', space, name: item.value, isDefinition, within });
    }
  }

  /** expect notes what may be written at a place, if the cursor stands there. */
  expect(walk: Walk, expected: Expected): void {
    if (this.isOpen(walk) && !this.expected.has(expected.label)) this.expected.set(expected.label, expected);
  }

  /** expectAll is `expect` for what costs something to gather. */
  expectAll(walk: Walk, gather: () => Iterable<Expected>): void {
    if (this.isOpen(walk)) for (const expected of gather()) this.expect(walk, expected);
  }

  /** keyword: this word may stand here; where it does, it is noted as one. */
  keyword(walk: Walk, word: string, doc = ''): void {
    this.phrase(walk, word, (label) => ({ kind: 'keyword', label, doc }));
    const words = word.split(' ');
    if (words.every((each, index) => isWord(walk.items[walk.at + index], each))) {
      this.markNext(walk, words.length, { kind: 'keyword', word, doc });
    }
  }

  /** phrase: these words may stand here. Where the first of them do already, the others are expected; returns how many do. */
  phrase({ items, at }: Walk, name: string, expected: (label: string) => Expected): number {
    if (items !== this.#open) return 0;
    const left = items.length - at;
    const words = name.split(' ');
    if (left < 0 || left >= words.length) return 0;
    for (let index = 0; index < left; index++) if (!isWord(items[at + index], words[index]!)) return 0;
    const label = words.slice(left).join(' ');
    if (!this.expected.has(label)) this.expected.set(label, expected(label));
    return left;
  }

  /** words: a name of this table may stand here; where one does, it is noted. `isHere` leaves out those of other places. */
  words<Kind extends WordRole['kind']>(
    walk: Walk,
    table: PhraseTable<WordOf<Kind>>,
    kind: Kind,
    isHere: (word: WordOf<Kind>) => boolean = () => true,
  ): void {
    if (walk.items === this.#open) {
      for (const word of table.values()) {
        if (!isHere(word)) continue;
        this.phrase(walk, word.name, (label) => ({ kind: 'word', label, role: { kind, word } as unknown as WordRole }));
      }
    }
    const wordAt = (index: number): string | null => {
      const item = walk.items[index];
      return item?.kind === 'word' ? item.value : null;
    };
    const match = table.match(wordAt, walk.at);
    if (match !== null) this.markNext(walk, match.length, { kind, word: match.value } as unknown as Role);
  }

  /** names: one of these names may stand here. */
  names(walk: Walk, space: NameSpace, names: () => Iterable<string>): void {
    if (!this.isOpen(walk)) return;
    for (const label of names()) this.expect(walk, { kind: 'name', label, space });
  }

  /** value: this value may stand here. */
  value(walk: Walk, label: string, doc = '', detail = '', arg: BaseArg | null = null): void {
    this.expect(walk, { kind: 'value', label, detail, doc, arg });
  }
}

function isWord(item: Item | undefined, value: string): boolean {
  return item?.kind === 'word' && item.value === value;
}
