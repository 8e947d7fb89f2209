/**
 * SectionSettings reads the settings of one section into its draft, row by row. Main thread.
 */
import type { Span } from '../../source/source-text.ts';
import type { Scope } from '../scope/scope.ts';
import type { SettingLine } from './setting-line.ts';
import type { Owner, SettingRow } from './setting-row.ts';

export class SectionSettings<D extends object> {
  readonly draft: D;
  readonly #scope: Scope;
  readonly #owner: Owner;
  readonly #said = new Map<string, Span>();
  /** Lines whose rows have something to do when all are read. */
  readonly #toComplete: { readonly row: SettingRow<D>; readonly line: object }[] = [];

  constructor(scope: Scope, draft: D, owner: Owner) {
    this.#scope = scope;
    this.draft = draft;
    this.#owner = owner;
  }

  /**
   * add reads a line into the draft. `at` is where it is reported when it is repeated. Returns what came of it: a `repeated` line has been
   * reported and changes nothing, and so has a `wrong` one.
   */
  add(row: SettingRow<D>, line: SettingLine, at = line.span): 'read' | 'repeated' | 'wrong' {
    const { counts = 'line' } = row;
    const { component, ...rest } = line;
    const args = counts === 'argument' ? this.#newArgs(line) : line.args;
    const own = { ...rest, args, use: component?.use ?? null, owner: this.#owner };
    if (counts === 'line' && !this.isNew(row.countsAs?.(args) ?? row.name, at)) return 'repeated';
    if (row.complete !== undefined) this.#toComplete.push({ row, line: own });
    return this.#take(row.read(own, this.draft)) ? 'read' : 'wrong';
  }

  /** isNew reports what was said before. */
  isNew(name: string, span: Span): boolean {
    const before = this.#said.get(name);
    if (before === undefined) {
      this.#said.set(name, span);
      return true;
    }
    this.#scope.error('SL0122', span, { word: name, line: this.#scope.place(before).line });
    return false;
  }

  /** spanOf is where something was said; undefined: nowhere. */
  spanOf(name: string): Span | undefined {
    return this.#said.get(name);
  }

  /** complete does what takes all lines of the section. */
  complete(): void {
    for (const { row, line } of this.#toComplete) this.#take(row.complete!(line, this.draft));
  }

  /** Each argument counts separately. */
  #newArgs({ setting, args, spans }: SettingLine): SettingLine['args'] {
    const repeated = new Set<string>();
    for (const [name, span] of spans) if (!this.isNew(`${setting.name} ${name}`, span)) repeated.add(name);
    return Object.fromEntries(Object.entries(args).filter(([name]) => !repeated.has(name)));
  }

  #take(fields: Partial<D> | null): boolean {
    for (const [name, value] of Object.entries(fields ?? {})) {
      if (value !== undefined) (this.draft as Record<string, unknown>)[name] = value;
    }
    return fields !== null;
  }
}
