/**
 * SourceList gathers the sources of automatic certificates: one of each kind. Main thread.
 */
import type { ComponentUse } from '../../../plan/plan.ts';
import type { Span } from '../../../source/source-text.ts';
import type { Scope } from '../../scope/scope.ts';
import { Collected } from '../collected.ts';

export class SourceList extends Collected<readonly ComponentUse[] | undefined> {
  readonly #sources = new Map<string, ComponentUse>();

  add(scope: Scope, span: Span, use: ComponentUse): void {
    const before = this.#sources.get(use.name);
    if (before === undefined) this.#sources.set(use.name, use);
    else scope.error('SL0122', span, { word: `certificates from ${use.name}`, line: before.place.line });
  }

  plan(): readonly ComponentUse[] | undefined {
    return this.#sources.size === 0 ? undefined : [...this.#sources.values()];
  }
}
