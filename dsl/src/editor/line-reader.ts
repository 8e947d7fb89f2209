/**
 * LineReader: reads one line of a rule file by the vocabulary, saying what each word is, and what may come behind the
 * last. Main thread.
 *
 * It follows the checker's reading of a line and differs from it in one thing: it reports nothing and never gives up, so
 * that a line may be half written. One reader reads one line.
 */

import { PHASE_RANK } from '../check/scope/condition-phase.ts';
import { METHOD_WORDS } from '../check/values/argument-value.ts';
import { SETTINGS, type SectionKind, type SettingWord } from '../vocabulary/base-words.ts';
import type { PhraseTable } from '../vocabulary/phrase-table.ts';
import type { Vocabulary } from '../vocabulary/vocabulary.ts';
import type { ComponentWord, FieldWord, Phase, VerbWord } from '../vocabulary/word.ts';
import { ArgumentReader } from './argument-reader.ts';
import { ConditionReader } from './condition-reader.ts';
import type { NameSpace, Names, Proposal, ProposalKind, Role } from './role.ts';
import type { SourceLine, SourceWord } from './source-line.ts';
import { TestReader } from './test-reader.ts';
import { TopReader } from './top-reader.ts';
import { componentDoc, fieldDoc, keywordDoc, settingDoc, verbDoc } from './word-docs.ts';

/** Most words in a name of the vocabulary. */
const LONGEST_NAME = 6;

export interface LineReading {
  /** The role of each word; null for what has none, such as a comma, or for what is not understood. */
  readonly roles: readonly (Role | null)[];
  /** What may come behind the last word. */
  readonly proposals: readonly Proposal[];
}

/** readLine reads the words as a line in the block of `parent` (null: at the top of the file). */
export function readLine(
  words: readonly SourceWord[],
  parent: SourceLine | null,
  vocabulary: Vocabulary,
  names: Names,
): LineReading {
  const reader = new LineReader(words, vocabulary, names);
  reader.read(parent);
  return { roles: reader.roles, proposals: [...reader.proposals.values()] };
}

/** sectionOf is the word that a line's section begins with: `listener`, `backend`, `on response`…; null at the top. */
function sectionOf(parent: SourceLine | null): string | null {
  if (parent === null) return null;
  const [first, second] = parent.words.map(({ value }) => value);
  return first === 'on' && second === 'response' ? 'on response' : (first ?? '');
}

export class LineReader {
  readonly words: readonly SourceWord[];
  readonly vocabulary: Vocabulary;
  readonly names: Names;
  readonly roles: (Role | null)[];
  readonly proposals = new Map<string, Proposal>();
  at = 0;
  /** Fields of a later phase are not proposed. A definition may be used anywhere. */
  phase: Phase = 'response';

  constructor(words: readonly SourceWord[], vocabulary: Vocabulary, names: Names) {
    this.words = words;
    this.vocabulary = vocabulary;
    this.names = names;
    this.roles = words.map(() => null);
  }

  get isDone(): boolean {
    return this.at >= this.words.length;
  }

  peek(): SourceWord | undefined {
    return this.words[this.at];
  }

  /** For phrase tables. */
  readonly wordAt = (index: number): string | null => {
    const word = this.words[index];
    return word?.kind === 'word' ? word.value : null;
  };

  isWord(value: string): boolean {
    return this.wordAt(this.at) === value;
  }

  /** mark gives the next words a role and passes over them. */
  mark(role: Role | null, count = 1): void {
    for (let index = 0; index < count && this.at < this.words.length; index++) this.roles[this.at++] = role;
  }

  /** propose adds what may come here, if this is the end of the words. */
  propose(label: string, kind: ProposalKind, doc = keywordDoc(label), detail = ''): void {
    if (this.isDone && !this.proposals.has(label)) this.proposals.set(label, { label, kind, detail, doc });
  }

  /** proposePhrase adds a name of several words, or what is left of it when its first words are written already. */
  proposePhrase(name: string, kind: ProposalKind, doc: () => string, detail = ''): void {
    // Most lines are whole, and longer than any name.
    const left = this.words.length - this.at;
    if (left > LONGEST_NAME) return;
    const parts = name.split(' ');
    const written = this.words.slice(this.at);
    if (left >= parts.length || !written.every(({ value }, index) => value === parts[index])) return;
    const label = parts.slice(left).join(' ');
    if (!this.proposals.has(label))
      this.proposals.set(label, { label, kind, detail: firstSentence(detail), doc: doc() });
  }

  proposeNames(space: NameSpace): void {
    for (const [name, detail] of this.names.of(space)) this.propose(name, 'name', '', detail);
  }

  /** keyword passes over a word that must come here, and says whether it is there. */
  keyword(word: string, doc = keywordDoc(word)): boolean {
    this.propose(word, 'keyword', doc);
    if (!this.isWord(word)) return false;
    this.mark({ kind: 'keyword', word });
    return true;
  }

  /** name passes over a name. */
  name(space: NameSpace, isDefinition: boolean, within: string | null = null): string | null {
    if (!isDefinition) this.proposeNames(space);
    const word = this.peek();
    if (word?.kind !== 'word') return null;
    this.mark({ kind: 'name', space, name: word.value, isDefinition, within });
    return word.value;
  }

  read(parent: SourceLine | null): void {
    const section = sectionOf(parent);
    if (section === null) new TopReader(this).read();
    else if (section === 'listener')
      this.#rule(
        parent!.words.some(({ value }) => value === 'tcp'),
        false,
      );
    else if (section === 'on response') this.#rule(false, true);
    else if (section === 'backend') this.#settings('backend', parent!.words[1]?.value ?? '');
    else if (section === 'settings') this.#settings('settings', '');
    else if (section === 'test') new TestReader(this).read();
  }

  condition(): void {
    new ConditionReader(this).read();
  }

  #settings(section: SectionKind, owner: string): void {
    const setting = this.#phrase(SETTINGS[section], 'setting', settingDoc);
    if (setting !== null) this.#setting(setting, owner);
  }

  /** phrase proposes the names of a table, and takes the one that is written. */
  #phrase<T extends SettingWord | VerbWord | ComponentWord | FieldWord>(
    table: PhraseTable<T>,
    kind: 'setting' | 'verb' | 'component' | 'field',
    doc: (word: T) => string,
    isHere: (word: T) => boolean = () => true,
  ): T | null {
    for (const word of table.values()) {
      if (isHere(word)) this.proposePhrase(word.name, kind, () => doc(word), word.doc);
    }
    const match = table.match(this.wordAt, this.at);
    if (match === null) return null;
    this.mark({ kind, word: match.value } as unknown as Role, match.length);
    return match.value;
  }

  /** field takes a field's name. */
  field(): FieldWord | null {
    return this.#phrase(
      this.vocabulary.fields,
      'field',
      fieldDoc,
      (field) => PHASE_RANK[field.phase] <= PHASE_RANK[this.phase],
    );
  }

  #setting(setting: SettingWord, owner: string): void {
    const reader = new ArgumentReader(this, owner);
    if (setting.slot === undefined) {
      reader.read(setting.args);
      return;
    }
    const table = this.vocabulary.components(setting.slot);
    const written = this.#phrase(table, 'component', componentDoc);
    const component = written ?? this.vocabulary.defaultComponent(setting.slot);
    if (component === undefined) return;
    if (written === null && this.isDone && component.args.some(({ type }) => type === 'method')) {
      for (const method of METHOD_WORDS) this.propose(method, 'value', '');
    }
    const own = new Set(component.args.flatMap((arg) => [arg.name, arg.before]));
    reader.read([...component.args, ...setting.args.filter((arg) => !own.has(arg.name) && !own.has(arg.before))]);
  }

  /** A line of a listener, or of its `on response`. */
  #rule(isTcp: boolean, isResponse: boolean): void {
    if (!isResponse) this.phase = isTcp ? 'connection' : 'request';
    const isHere = (verb: VerbWord): boolean =>
      isResponse ? verb.part === 'change' : verb.phase !== 'response' && (!isTcp || verb.phase === 'connection');
    if (!isResponse) {
      for (const setting of SETTINGS.listener.values()) {
        if (isTcp && setting.isHttpOnly === true) continue;
        this.proposePhrase(setting.name, 'setting', () => settingDoc(setting), setting.doc);
      }
      if (!isTcp)
        this.proposePhrase('on response', 'keyword', () => 'changes to what servers answer: `on response { … }`');
      const setting = SETTINGS.listener.match(this.wordAt, 0);
      const verb = this.vocabulary.verbs.match(this.wordAt, 0);
      if (setting !== null && setting.length >= (verb?.length ?? 0)) {
        this.mark({ kind: 'setting', word: setting.value }, setting.length);
        this.#setting(setting.value, '');
        return;
      }
      if (this.keyword('otherwise')) {
        const inRoutes = (word: VerbWord): boolean => word.part === 'route' || word.alsoIn?.includes('route') === true;
        this.#verb((word) => isHere(word) && inRoutes(word), true);
        return;
      }
      if (this.wordAt(0) === 'on' && this.wordAt(1) === 'response') {
        this.mark({ kind: 'keyword', word: 'on response' }, 2);
        return;
      }
    }
    this.#verb(isHere, false);
  }

  #verb(isHere: (word: VerbWord) => boolean, isOtherwise: boolean): void {
    const verb = this.#phrase(this.vocabulary.verbs, 'verb', verbDoc, isHere);
    if (verb === null) return;
    const from = this.at;
    new ArgumentReader(this, '').read(verb.args);
    if (isOtherwise) return;
    this.propose('when', 'keyword');
    if (this.isWord('when')) {
      this.mark({ kind: 'keyword', word: 'when' });
      this.condition();
    } else if (this.at === from && verb.takesCondition === true) this.condition();
    else this.#skipToWhen();
  }

  #skipToWhen(): void {
    while (!this.isDone && !this.isWord('when')) this.at++;
    if (this.isDone) return;
    this.mark({ kind: 'keyword', word: 'when' });
    this.condition();
  }
}

function firstSentence(doc: string): string {
  return doc.split(/[.;:](?:\s|$)/, 1)[0]!;
}
