/**
 * DiagnosticList gathers the diagnostics of one compilation and puts them in order. Main thread.
 */
import { formatPlace } from '../plan/place.ts';
import type { SourceText, Span } from '../syntax/source-text.ts';
import { CODES, fill } from './codes.ts';
import type { Diagnostic } from './diagnostic.ts';

/** Most diagnostics kept. A file with more is rubbish, and its first thousand say so. */
export const DIAGNOSTIC_LIMIT = 1000;

/** Longest quoted value in a message. */
const QUOTE_LIMIT = 60;

export type Values = Readonly<Record<string, string | number>>;

export class DiagnosticList {
  readonly #list: Diagnostic[] = [];
  readonly #seen = new Set<string>();
  #errors = 0;

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  /** True once the limit is reached: whoever finds more may stop looking. */
  get isFull(): boolean {
    return this.#list.length >= DIAGNOSTIC_LIMIT;
  }

  /**
   * add reports a problem. `values` fill the code's templates; `mend` replaces the code's own mend (null: none).
   * The same code at the same place counts once.
   */
  add(code: string, source: SourceText, span: Span, values: Values, mend?: string | null): void {
    const entry = CODES[code];
    if (entry === undefined) throw new RangeError(`no diagnostic has the code ${code}`);
    if (entry.severity === 'error') this.#errors++;
    if (this.isFull) return;
    const place = source.placeOf(span);
    const key = `${code} ${formatPlace(place)}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const shown: Record<string, string | number> = {};
    for (const [name, value] of Object.entries(values)) shown[name] = shorten(value);
    const ownMend = entry.mend === undefined ? null : fill(entry.mend, shown);
    this.#list.push({
      code,
      severity: entry.severity,
      message: fill(entry.message, shown),
      mend: mend === undefined ? ownMend : mend,
      place,
    });
  }

  /** silence counts an error that is not shown, since it is most likely the echo of one that is. */
  silence(): void {
    this.#errors++;
  }

  /** sorted returns the diagnostics by file (in the order the files were read), then by position. */
  sorted(files: readonly string[]): readonly Diagnostic[] {
    const order = new Map(files.map((file, index) => [file, index]));
    return this.#list.toSorted(
      (a, b) =>
        (order.get(a.place.file) ?? files.length) - (order.get(b.place.file) ?? files.length) ||
        a.place.line - b.place.line ||
        a.place.column - b.place.column,
    );
  }
}

/** shorten keeps a quoted value readable: control characters escaped, the middle of a long one left out. */
function shorten(value: string | number): string | number {
  if (typeof value === 'number') return value;
  const plain = value.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u{${character.charCodeAt(0).toString(16)}}`,
  );
  if (plain.length <= QUOTE_LIMIT) return plain;
  return `${plain.slice(0, QUOTE_LIMIT - 15)}…${plain.slice(-12)}`;
}
