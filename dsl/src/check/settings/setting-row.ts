/**
 * SettingRow: one setting in one row: its words and arguments, the fields of the plan that it owns with their defaults, how a line becomes
 * their values, and how lines that are repeated or contradict others are treated. Main thread.
 *
 * `args` gives `read` its types, and the fields of `defaults` are those that `read` may return: a field that the plan does not have, or a
 * value of another type, does not compile.
 */
import type { ClientNetworks } from '../../match/address/client-network.ts';
import type { Address, ComponentSlot, ComponentUse, RetryPolicy } from '../../plan/plan.ts';
import type { ArgValue, SecretRef, Template } from '../../plan/rule.ts';
import type { Span } from '../../source/source-text.ts';
import type { BaseArg, SectionKind, SettingWord } from '../../vocabulary/setting-word.ts';
import type { SettingLine } from './setting-line.ts';

/** What an argument of each type is once it is read. */
interface Values {
  readonly text: string | SecretRef | Template;
  readonly number: number;
  readonly status: number;
  readonly statuses: readonly (number | string)[];
  readonly duration: number;
  readonly size: number;
  readonly rate: readonly number[];
  readonly percent: number;
  readonly prefix: number;
  readonly port: number;
  readonly cidrs: readonly string[];
  readonly files: readonly string[];
  readonly names: readonly string[];
  readonly resolvers: readonly string[];
  readonly causes: RetryPolicy['on'];
  readonly networks: ClientNetworks;
  readonly flag: boolean;
  readonly name: string;
  readonly address: string;
  readonly bind: string;
  readonly 'log format': string | Template;
  readonly header: string;
  readonly cookie: string;
  readonly backend: string;
  readonly file: string;
  readonly method: string;
}

type TypeOf<A extends BaseArg> = A extends { readonly type: 'name'; readonly choices: readonly (infer C)[] }
  ? C
  : A['type'] extends keyof Values
    ? Values[A['type']]
    : ArgValue;

/** An argument that may be left out and has no default may be undefined. */
type ValueOf<A extends BaseArg> = A extends { readonly type: 'flag' }
  ? boolean
  : A extends { readonly isOptional: true }
    ? A extends { readonly default: string | number | boolean }
      ? TypeOf<A>
      : TypeOf<A> | undefined
    : TypeOf<A>;

export type ArgsOf<A extends readonly BaseArg[]> = { readonly [Each in A[number] as Each['name']]: ValueOf<Each> };

/** RowLine is a line of this setting, with the values of its arguments. `use` is the component that it chooses. */
export type RowLine<A extends readonly BaseArg[], S extends ComponentSlot | undefined> = Omit<
  SettingLine,
  'args' | 'component'
> & {
  readonly args: ArgsOf<A>;
  readonly use: S extends ComponentSlot ? ComponentUse : null;
  readonly owner: Owner;
};

/** Owner is the section that a line stands in. */
export interface Owner {
  /** Its name; empty for `settings`. */
  readonly name: string;
  /** What a listener listens on; null: it could not be read, or is no listener. */
  readonly addresses: readonly Address[] | null;
}

/** RowSpec is what a row says. */
export interface RowSpec<
  D extends object,
  F extends keyof D,
  A extends readonly BaseArg[],
  S extends ComponentSlot | undefined,
> extends Omit<SettingWord, 'section' | 'args' | 'slot'> {
  readonly args: A;
  readonly slot?: S;
  /** The fields that the setting owns, as they are without it. `undefined` leaves one out of the plan. */
  readonly defaults: () => Pick<D, F>;
  /** Why the default is what it is. */
  readonly why: string;
  /** What counts as said, so that a second one is an error. Default: the line. `never`: `read` decides. */
  readonly counts?: 'line' | 'argument' | 'never';
  /** The name under which a line counts as said. Default: the setting's. */
  countsAs?(args: ArgsOf<A>): string;
  /** Lines of this setting are read before all others of the section. */
  readonly isFirst?: true;
  /** In a backend: it may stand beside `serve`. */
  readonly fitsServe?: true;
  /** In a backend: a line that cannot be read may have been to add a server. */
  readonly mayAddServers?: true;
  /** In a backend: the words of a line that have no meaning for connections that are passed on unread. */
  requestWords?(line: RowLine<A, S>): readonly (readonly [word: string, span: Span])[];
  /** Reads a line into the fields, or reports and returns null. */
  read(line: RowLine<A, S>, draft: D): { readonly [K in F]?: D[K] | undefined } | null;
  /** What only the whole section shows, once for each line that was read: reports, or returns fields to change. */
  complete?(line: RowLine<A, S>, draft: D): Partial<D> | null;
}

/** SettingRow is a row of any setting of a section, whatever its arguments. */
export interface SettingRow<D extends object>
  extends SettingWord,
    Omit<
      RowSpec<D, keyof D, readonly BaseArg[], ComponentSlot>,
      keyof SettingWord | 'defaults' | 'read' | 'countsAs' | 'complete' | 'requestWords'
    > {
  defaults(): object;
  countsAs?(args: unknown): string;
  requestWords?(line: unknown): readonly (readonly [word: string, span: Span])[];
  read(line: unknown, draft: D): Partial<D> | null;
  complete?(line: unknown, draft: D): Partial<D> | null;
}

/** OwningRow is a row that says which fields of the draft it owns. */
export interface OwningRow<D extends object, F extends keyof D> extends SettingRow<D> {
  defaults(): Pick<D, F>;
}

/** settingOf makes the function that makes the rows of a section. */
export function settingOf<D extends object>(section: SectionKind) {
  return <F extends keyof D, const A extends readonly BaseArg[], const S extends ComponentSlot | undefined = undefined>(
    spec: RowSpec<D, F, A, S>,
  ): OwningRow<D, F> => ({ section, ...spec }) as unknown as OwningRow<D, F>;
}

type All<U> = (U extends unknown ? (each: U) => void : never) extends (all: infer I) => void ? I : never;

/**
 * defaultsOf are the defaults of all rows. Their type has the fields that some row owns, so that a field without a row is a type error where
 * the draft is made.
 */
export function defaultsOf<R extends { defaults(): object }>(rows: readonly R[]): All<ReturnType<R['defaults']>> {
  return Object.assign({}, ...rows.map((row) => row.defaults())) as All<ReturnType<R['defaults']>>;
}
