/**
 * ShortForm: a diagnostic's words with long quotations shortened, for terminals and logs. Main thread.
 *
 * `message` and `fix` are always whole, and so is what machines read (`--json`, the admin API, editors). The short form goes along with a
 * diagnostic under a symbol, which JSON leaves out, where it is another one.
 */
import type { Diagnostic } from './diagnostic.ts';

/** Longest quoted value that is shown whole. */
const QUOTE_LIMIT = 60;
/** Longest reason, or other value that is not quoted, that is shown whole: some twenty lines. */
const REASON_LIMIT = 2000;

const SHORT = Symbol('short form');

export interface Words {
  readonly message: string;
  readonly fix: string | null;
}

/** withShortForm returns the diagnostic with its short form. */
export function withShortForm(diagnostic: Diagnostic, short: Words): Diagnostic {
  if (short.message === diagnostic.message && short.fix === diagnostic.fix) return diagnostic;
  return { ...diagnostic, [SHORT]: short } as Diagnostic;
}

/** shortFormOf is what people are shown. */
export function shortFormOf(diagnostic: Diagnostic): Words {
  return (diagnostic as Diagnostic & { readonly [SHORT]?: Words })[SHORT] ?? diagnostic;
}

/**
 * shorten keeps a value readable. Of what a template quotes the middle is left out, as the line it comes from is shown beside it; a
 * reason keeps its beginning, and a mark says how much is missing.
 */
export function shorten(template: string, name: string, value: string | number): string | number {
  if (typeof value === 'number') return value;
  if (template.includes(`\`{${name}}\``)) {
    return value.length <= QUOTE_LIMIT ? value : `${value.slice(0, QUOTE_LIMIT - 15)}…${value.slice(-12)}`;
  }
  if (value.length <= REASON_LIMIT) return value;
  return `${value.slice(0, REASON_LIMIT)}… (${value.length - REASON_LIMIT} more characters, see --json)`;
}

/** escapeControls makes characters visible that move the cursor, or that nobody sees. */
export function escapeControls(value: string | number): string | number {
  if (typeof value === 'number') return value;
  return value.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u{${character.charCodeAt(0).toString(16)}}`,
  );
}
