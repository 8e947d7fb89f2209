/**
 * Role: what a word of a rule file is to the reader of its line: a verb, a field, the name of a backend. Main thread.
 */
import type { BaseArg, SettingWord } from '../vocabulary/base-words.ts';
import type { ComponentWord, FieldWord, VerbWord } from '../vocabulary/word.ts';

/** NameSpace is a kind of name that a file gives to something. */
export type NameSpace = 'listener' | 'backend' | 'server' | 'define' | 'list' | 'map' | 'plugin' | 'test';

export type Role =
  | { readonly kind: 'keyword'; readonly word: string }
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

/** NameRole is a name where it is given or used. `within` is the backend of a server. */
export interface NameRole {
  readonly kind: 'name';
  readonly space: NameSpace;
  readonly name: string;
  readonly isDefinition: boolean;
  readonly within: string | null;
}

export type ProposalKind = 'keyword' | 'verb' | 'setting' | 'component' | 'field' | 'operator' | 'name' | 'value';

/** Proposal is something that may be written next. */
export interface Proposal {
  readonly label: string;
  readonly kind: ProposalKind;
  /** One line beside the label; empty for none. */
  readonly detail: string;
  /** Markdown; empty for none. */
  readonly doc: string;
}

/** Names are the names that a file and those read with it give. */
export interface Names {
  /** The names of a kind, each with one line that says what it is. */
  of(space: NameSpace): ReadonlyMap<string, string>;
}

export const NO_NAMES: Names = { of: () => new Map() };
