/**
 * Reader walks over the items of one phrase. Main thread.
 */
import type { Span } from '../../source/source-text.ts';
import type { Item, Phrase, WordItem } from '../../syntax/tree.ts';

export class Reader {
  readonly items: readonly Item[];
  /** Index of the next item. */
  at: number;

  constructor(phrase: Phrase, at = 0) {
    this.items = phrase.items;
    this.at = at;
  }

  get isDone(): boolean {
    return this.at >= this.items.length;
  }

  peek(): Item | undefined {
    return this.items[this.at];
  }

  /** word is the next item's text if it is a bare word, else null. Stable, so that it can be handed to a PhraseTable. */
  readonly wordAt = (index: number): string | null => {
    const item = this.items[index];
    return item !== undefined && item.kind === 'word' ? item.value : null;
  };

  /** isWord says whether the next item is this bare word. */
  isWord(value: string): boolean {
    return this.wordAt(this.at) === value;
  }

  /** isWords says whether the next items are these bare words, in a row. */
  isWords(words: readonly string[]): boolean {
    return words.every((word, index) => this.wordAt(this.at + index) === word);
  }

  /** value takes the next item if it is a word or a string. */
  value(): WordItem | null {
    const item = this.items[this.at];
    if (item === undefined || (item.kind !== 'word' && item.kind !== 'text')) return null;
    this.at++;
    return item;
  }

  /** list takes a value and those that follow it behind commas; `isOver`: what comes next is none, in spite of the comma. */
  list(isOver: () => boolean = () => false): WordItem[] {
    const values: WordItem[] = [];
    for (;;) {
      const item = this.items[this.at];
      if (item === undefined || item.kind === 'group' || item.kind === 'not' || item.kind === 'equals') return values;
      values.push(item);
      this.at++;
      if (!item.hasComma || isOver()) return values;
    }
  }

  /** last is the span of the item before the next one, or of the first. */
  last(): Span {
    return this.items[Math.max(0, this.at - 1)] ?? { start: 0, end: 1 };
  }

  /** rest is the span from the next item to the last. */
  rest(): Span {
    const first = this.items[this.at] ?? this.last();
    const last = this.items[this.items.length - 1] ?? first;
    return { start: first.start, end: last.end };
  }
}
