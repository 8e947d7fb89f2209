/**
 * Word: what a plugin adds to the rule language. Declared here as data (named, typed, documented), implemented in the
 * plugin's data entry under the same name. Plugins add words, never syntax. Main thread.
 */
import type { Operator, ValueType } from '../plan/condition.ts';
import type { ComponentSlot } from '../plan/plan.ts';
import type { RulePart } from '../plan/rule.ts';

/**
 * Phase: when a word's facts are known. A rule may only use words of its own phase or an earlier one; only the conditions of access logs know
 * how a request has ended.
 */
export type Phase = 'connection' | 'request' | 'response' | 'ended';

/** IndexKind: the kind of table that can find a field's rules without walking them. `none`: tested one by one. */
export type IndexKind = 'ip' | 'text' | 'host' | 'path' | 'number' | 'none';

/** FieldWord is something that a condition can compare: `ip`, `path`, `header NAME`. */
export interface FieldWord {
  readonly kind: 'field';
  readonly name: string;
  readonly doc: string;
  /** A condition that compiles, shown in the reference and in error messages: `path under /admin`. */
  readonly example: string;
  readonly phase: Phase;
  readonly type: ValueType;
  /** Operators it allows besides `present` and `absent`. */
  readonly operators: readonly Operator[];
  /** The operator meant when none is written; null: one must be written. */
  readonly defaultOperator: Operator | null;
  /** Takes a key, as `header NAME` does. */
  readonly key?: { readonly placeholder: string; readonly ignoresCase: boolean };
  /** Its numbers are milliseconds, and are compared with durations: `1s`. */
  readonly unit?: 'duration';
  /** Values ignore case always (host), so written values are lowered. */
  readonly ignoresCase?: boolean;
  /** May be missing from a request; `not` then needs `present` or `absent` beside it, and those two are allowed. */
  readonly isOptional?: boolean;
  /** May have several values in one request; `every` is then allowed. */
  readonly isMany?: boolean;
  /** The values that exist, where they can be counted: methods, schemes. Others are errors unless `isOpen`. */
  readonly values?: readonly string[];
  readonly isOpen?: boolean;
  /**
   * Where it stands, for what only some listeners see: in the hello that a TLS client begins with, in what the handshake of TLS that ends here
   * came to, or in a PROXY header. A listener without that cannot ask for it; and header fields that rules fill with it are nobody else's to send.
   */
  readonly knownFrom?: 'hello' | 'handshake' | 'proxy';
  /** The field that the word means inside `on response`: there, `header X` is the answer's. It takes the same key. */
  readonly onResponse?: string;
  readonly index: IndexKind;
}

/**
 * ArgType is the type of a word's argument. In the plan: `duration` is milliseconds, `size` bytes, `percent` 0 to 100 or to its `max`,
 * `statuses` a list of `n` or `'a..b'`, `regex` its source, `template` a Template, `flag` true or false, `rate` a list of the
 * events and the milliseconds in which they may come, `pattern` a path prefix or a RegexValue, `prefix` the number of bits
 * behind the `/`, `files` a list of paths, which may be patterns, `names` a list of
 * names, of hosts above all, as they are written, `key` what requests are told
 * apart by: a list of one of the `choices`, and the name behind it for `header`, `cookie` and `query`, `map` a map's name (`choices` are
 * what it may answer), `field` a Template of one field's value, `networks` which addresses count as one: a list of the bits of IPv4 and IPv6.
 */
export type ArgType =
  | 'name'
  | 'text'
  | 'number'
  | 'status'
  | 'statuses'
  | 'duration'
  | 'size'
  | 'rate'
  | 'percent'
  | 'prefix'
  | 'port'
  | 'cidrs'
  | 'template'
  | 'header'
  | 'cookie'
  | 'backend'
  | 'path'
  | 'method'
  | 'file'
  | 'files'
  | 'names'
  | 'regex'
  | 'pattern'
  | 'key'
  | 'map'
  | 'networks'
  | 'field'
  | 'flag';

/** ArgWord is one argument of a verb, setting or component. */
export interface ArgWord {
  readonly name: string;
  readonly type: ArgType;
  readonly doc: string;
  /**
   * The word or words written before it: `to` in `redirect 301 to "…"`, `every` in `every 2s`. A `flag` is just these
   * words. Arguments with `before` may come in any order among themselves, after those without.
   */
  readonly before?: string;
  /** The word that must stand behind the value: `failures` in `after 5 failures`. */
  readonly behind?: string;
  readonly isOptional?: boolean;
  /** For a `key`: behind `ip` may stand which networks count as one client. They follow as the bits of IPv4 and of IPv6. */
  readonly takesNetworks?: boolean;
  /** For a `header`: the names, in lower case, that it may not be, as they are not the rules' to change. */
  readonly except?: readonly string[];
  /** The argument without which it means nothing. */
  readonly needs?: string;
  /** With it, the verb takes only some of the requests that its condition wants (see VerbWord). */
  readonly isPartial?: boolean;
  /** Written in the plan when the argument is left out. */
  readonly default?: string | number | boolean;
  /** The only values allowed, for `name`, `number` and `status`. */
  readonly choices?: readonly (string | number)[];
  readonly min?: number;
  readonly max?: number;
  /**
   * For a `template`: the `pattern` argument that it replaces what matched of. `$1` stands for what the first group of a
   * regular expression matched, `$$` for a dollar sign; what replaces a prefix begins with `/`.
   */
  readonly replaces?: string;
}

/** VerbWord is what a rule does: `deny`, `set header`, `send`. */
export interface VerbWord {
  readonly kind: 'verb';
  /** One word or several: `set header`. */
  readonly name: string;
  readonly doc: string;
  readonly example: string;
  readonly part: RulePart;
  /** Parts besides `part` in which it may stand: a `redirect` is a guard and may also be the `otherwise`. */
  readonly alsoIn?: readonly RulePart[];
  readonly phase: Phase;
  /** True: it takes only some of the requests that its condition wants, so it needs none and ends nothing. */
  readonly isPartial?: boolean;
  /** True: it changes answers too, and may stand in `on response`. */
  readonly isForAnswers?: boolean;
  /** True: the condition may follow at once (`deny ip 10.0.0.0/8`), without `when`. */
  readonly takesCondition?: boolean;
  readonly args: readonly ArgWord[];
}

/** ComponentWord is a plugin's component in a slot, chosen by a setting: `balance round-robin`, `stick on cookie sid`. */
export interface ComponentWord {
  readonly kind: 'component';
  readonly slot: ComponentSlot;
  /** The words that choose it, behind the slot's own word: `round-robin`, `on cookie`, `http`. */
  readonly name: string;
  readonly doc: string;
  readonly example: string;
  /** True for the one that is meant when no name is written (`check GET /healthz` means `check http GET /healthz`). */
  readonly isDefault?: boolean;
  /** It reads requests or answers them, so it has no meaning for connections that are passed on unread. Default: false. */
  readonly needsRequest?: boolean;
  /**
   * For a component of the slot `stick` that has the gateway set a cookie: the argument that names it, and then those that tell it from
   * another of the same name in a client. `check` warns where one backend's would take the place of another's.
   */
  readonly ownCookie?: readonly string[];
  readonly args: readonly ArgWord[];
}

export type Word = FieldWord | VerbWord | ComponentWord;
