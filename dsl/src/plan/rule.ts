/**
 * Rule: one guard, change or route of a listener, as plain data. Both planes.
 */
import type { Condition } from './condition.ts';
import type { Place } from './place.ts';

/** SecretRef stands for a secret by its name. Its value is never in a plan: whoever links the plan is handed it apart. */
export interface SecretRef {
  readonly secret: string;
}

/** Placeholder is `{header.x-team}` (name `header`, key `x-team`), filled with what the request has there. */
export interface Placeholder {
  readonly placeholder: string;
  readonly key: string | null;
  /** The value is looked up, so it has the form that conditions compare; in texts, a host that is an IPv6 address stands in brackets. */
  readonly isCompared?: true;
}

/** TemplatePart is literal text, a placeholder, or a secret. */
export type TemplatePart = string | Placeholder | SecretRef;

/** Template is a text with placeholders, filled from the request as it was received. */
export interface Template {
  readonly template: readonly TemplatePart[];
}

/** RegexValue is a regular expression where a text could have stood: its RE2 source. */
export interface RegexValue {
  readonly regex: string;
}

/** ArgValue is one argument's value: durations in milliseconds, sizes in bytes, backends by name. */
export type ArgValue =
  | string
  | number
  | boolean
  | null
  | Template
  | SecretRef
  | RegexValue
  | readonly (string | number)[];

export type Args = { readonly [name: string]: ArgValue };

export type RulePart = 'guard' | 'change' | 'route';

export interface Rule {
  readonly part: RulePart;
  /** The verb's name in the vocabulary: `deny`, `set header`, `send`. */
  readonly verb: string;
  readonly args: Args;
  /** null: for every request (`otherwise`, or a change without `when`). */
  readonly when: Condition | null;
  /**
   * True: it takes only some of the requests that its condition wants, such as those over a limit or within a share. The
   * others go on to the next rule.
   */
  readonly isPartial?: true;
  /** The rule as written, on one line, without its comment. */
  readonly text: string;
  readonly place: Place;
}
