/**
 * Vocabulary: all words that a rule file may use, by name. Main thread.
 */
import type { ComponentSlot } from '../plan/plan.ts';
import { TOP_WORDS } from '../syntax/layout.ts';
import { PhraseTable } from './phrase-table.ts';
import type { ComponentWord, FieldWord, VerbWord, Word } from './word.ts';

/** VocabularyError: two plugins declare the same word, or one declares a word that the language keeps for itself. */
export class VocabularyError extends Error {
  override name = 'VocabularyError';
  /** The word in question. */
  readonly word: string;

  constructor(message: string, word: string) {
    super(message);
    this.word = word;
  }
}

/** A word, and the plugin that declares it where that is known. */
export type OwnedWord = Word & { readonly plugin?: string };

/** Words that hold lines and conditions together; no plugin may declare them. */
const KEPT_WORDS: ReadonlySet<string> = new Set([
  'all',
  'and',
  'or',
  'not',
  'when',
  'every',
  'anycase',
  'otherwise',
  'is',
  'in',
  'under',
  'starts',
  'ends',
  'contains',
  'like',
  'matches',
  'over',
  'below',
  'between',
  'present',
  'absent',
  ...TOP_WORDS,
]);

const SLOTS: readonly ComponentSlot[] = [
  'balance',
  'stick',
  'check',
  'discovery',
  'tls',
  'server tls',
  'certificate',
  'certificates',
  'answer',
  'serve',
  'traces',
];

export class Vocabulary {
  readonly fields = new PhraseTable<FieldWord>();
  readonly verbs = new PhraseTable<VerbWord>();
  readonly #components = new Map<ComponentSlot, PhraseTable<ComponentWord>>(
    SLOTS.map((slot) => [slot, new PhraseTable<ComponentWord>()]),
  );
  readonly #words: readonly OwnedWord[];

  constructor(words: readonly OwnedWord[]) {
    this.#words = words;
    for (const word of words) this.#add(word);
  }

  components(slot: ComponentSlot): PhraseTable<ComponentWord> {
    return this.#components.get(slot)!;
  }

  /** defaultComponent is the component meant when a slot's line names none. */
  defaultComponent(slot: ComponentSlot): ComponentWord | undefined {
    return this.components(slot)
      .values()
      .find((word) => word.isDefault === true);
  }

  /** has says whether a name is a word of conditions or lines, so that a definition may not take it. */
  has(name: string): boolean {
    return KEPT_WORDS.has(name) || this.fields.has(name) || this.verbs.has(name);
  }

  /** with returns a vocabulary of these words and more. Throws VocabularyError for a word that is there already. */
  with(words: readonly OwnedWord[]): Vocabulary {
    return new Vocabulary([...this.#words, ...words]);
  }

  #add(word: OwnedWord): void {
    if (KEPT_WORDS.has(word.name)) {
      throw new VocabularyError(
        `${owner(word)} declares \`${word.name}\`, which the language keeps for itself`,
        word.name,
      );
    }
    const table = this.#tableOf(word) as PhraseTable<Word>;
    const other = table.get(word.name) as OwnedWord | undefined;
    if (other !== undefined && other !== word) {
      const kind = word.kind === 'component' ? `${word.slot} component` : word.kind;
      throw new VocabularyError(
        `${owner(word)} declares the ${kind} \`${word.name}\`, which ${owner(other)} has`,
        word.name,
      );
    }
    table.set(word.name, word);
  }

  #tableOf(word: Word): PhraseTable<FieldWord> | PhraseTable<VerbWord> | PhraseTable<ComponentWord> {
    if (word.kind === 'field') return this.fields;
    return word.kind === 'verb' ? this.verbs : this.components(word.slot);
  }
}

function owner(word: OwnedWord): string {
  return word.plugin === undefined ? 'a plugin' : `plugin \`${word.plugin}\``;
}

/** createVocabulary gathers words for look-up. Throws VocabularyError when two of them have the same name. */
export function createVocabulary(words: readonly OwnedWord[]): Vocabulary {
  return new Vocabulary(words);
}
