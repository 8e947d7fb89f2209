/**
 * SettingWord: what a setting of the language declares of itself: its words, its arguments and their bounds. The rows of all settings, with
 * what each becomes in the plan, are in `check/settings`. Main thread.
 */
import type { ComponentSlot } from '../plan/plan.ts';
import type { ArgWord } from './word.ts';

export type SectionKind = 'listener' | 'backend' | 'settings';

/**
 * BaseArg is an argument of a base setting. Five types are the settings' own: `address` (`127.0.0.1:80`, `unix:/path`),
 * `bind` (the same to listen on: `:80` is every address), `causes` (what a retry is for: `connect-failure`, statuses), `resolvers` (DNS servers) and `log format` (one of the
 * `choices`, or a text with fields).
 */
export type BaseArg = Omit<ArgWord, 'type'> & {
  readonly type: ArgWord['type'] | 'address' | 'bind' | 'causes' | 'resolvers' | 'log format';
};

export interface SettingWord {
  readonly section: SectionKind;
  /** One word or several: `client ip`. */
  readonly name: string;
  readonly doc: string;
  readonly example: string;
  readonly args: readonly BaseArg[];
  /** Chooses a component of this slot; the component's own arguments come beside `args`. */
  readonly slot?: ComponentSlot;
  /** May be said more than once. */
  readonly isRepeatable?: boolean;
  /** May have a condition, on what a connection shows before TLS is opened. */
  readonly takesWhen?: boolean;
  /** May have a condition on requests that have ended. */
  readonly takesEnd?: boolean;
  /** Has no meaning in a `tcp` listener. */
  readonly isHttpOnly?: boolean;
}
