/**
 * Role: what a word of a rule file is, and what may stand in its place, as the checker reads the line. Main thread.
 */
import type { BaseArg, SettingWord } from '../../vocabulary/setting-word.ts';
import type { ComponentWord, FieldWord, VerbWord } from '../../vocabulary/word.ts';

/** NameSpace is a kind of name that a file defines. */
export type NameSpace = 'listener' | 'backend' | 'server' | 'define' | 'list' | 'map' | 'plugin';

export type Role =
  /** A word of the language's own phrases; `doc` is empty where there is nothing to say. */
  | { readonly kind: 'keyword'; readonly word: string; readonly doc: string }
  | { readonly kind: 'verb'; readonly word: VerbWord }
  | { readonly kind: 'setting'; readonly word: SettingWord }
  | { readonly kind: 'component'; readonly word: ComponentWord }
  | { readonly kind: 'field'; readonly word: FieldWord }
  /** The key of `header NAME`. */
  | { readonly kind: 'key'; readonly word: FieldWord }
  | { readonly kind: 'operator'; readonly word: string }
  /** A value that a field is compared with. */
  | { readonly kind: 'value'; readonly word: FieldWord }
  /** `isLabel`: one of the words before the argument, such as `every`; else its value. */
  | { readonly kind: 'argument'; readonly arg: BaseArg; readonly isLabel: boolean }
  | NameRole;

/** NameRole is a name where it is defined or used. `within` is the backend of a server. */
export interface NameRole {
  readonly kind: 'name';
  readonly space: NameSpace;
  readonly name: string;
  readonly isDefinition: boolean;
  readonly within: string | null;
}

/** WordRole is the role of a word of the vocabulary, or of the language's own settings. */
export type WordRole = Extract<Role, { readonly kind: 'verb' | 'setting' | 'component' | 'field' }>;

/** WordOf is a word of a kind. */
export type WordOf<Kind extends WordRole['kind']> = Extract<WordRole, { readonly kind: Kind }>['word'];

/** Expected is something that may be written next. */
export type Expected =
  /** A word of a phrase of the language itself; `doc` is empty for one that every reader knows. */
  | { readonly kind: 'keyword'; readonly label: string; readonly doc: string }
  | { readonly kind: 'word'; readonly label: string; readonly role: WordRole }
  | { readonly kind: 'label'; readonly label: string; readonly arg: BaseArg }
  | { readonly kind: 'operator'; readonly label: string }
  | { readonly kind: 'name'; readonly label: string; readonly space: NameSpace }
  /** A value; `detail` is one line beside it, `arg` is whose value it is, null for a field's. */
  | {
      readonly kind: 'value';
      readonly label: string;
      readonly detail: string;
      readonly doc: string;
      readonly arg: BaseArg | null;
    };
