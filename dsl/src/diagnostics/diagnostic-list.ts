/**
 * DiagnosticList gathers the diagnostics of one compilation and puts them in order. Main thread.
 */
import { formatPlace } from '../plan/place.ts';
import type { SourceText, Span } from '../source/source-text.ts';
import { CODES, fill } from './codes.ts';
import type { Diagnostic } from './diagnostic.ts';
import { escapeControls, shorten, withShortForm } from './short-form.ts';

/** Most diagnostics kept. A file with more is rubbish, and its first thousand say so. */
export const DIAGNOSTIC_LIMIT = 1000;

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
   * add reports a problem. `values` fill the code's templates; `fix` replaces the code's own fix (null: none).
   * The same code at the same place counts once.
   */
  add(code: string, source: SourceText, span: Span, values: Values, fix?: string | null): void {
    const entry = CODES[code];
    if (entry === undefined) throw new RangeError(`no diagnostic has the code ${code}`);
    if (entry.severity === 'error') this.#errors++;
    if (this.isFull) return;
    const place = source.placeOf(span);
    const key = `${code} ${formatPlace(place)}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const plain = mapValues(values, (_, value) => escapeControls(value));
    const whole = (template: string): string => fill(template, plain);
    const short = (template: string): string =>
      fill(
        template,
        mapValues(plain, (name, value) => shorten(template, name, value)),
      );
    const mendOf = (write: (template: string) => string): string | null => {
      if (fix !== undefined) return isSame(fix, source.text.slice(span.start, span.end)) ? null : fix;
      return entry.fix === undefined ? null : write(entry.fix);
    };
    const diagnostic = { code, severity: entry.severity, message: whole(entry.message), fix: mendOf(whole), place };
    this.#list.push(withShortForm(diagnostic, { message: short(entry.message), fix: mendOf(short) }));
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

/** isSame: the fix says to write what is written. */
function isSame(fix: string | null, written: string): boolean {
  return fix === `Did you mean \`${written}\`?` || fix === `Write \`${written}\``;
}

function mapValues(values: Values, change: (name: string, value: string | number) => string | number): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(name, value)]));
}
