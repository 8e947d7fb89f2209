/**
 * CertificateList gathers the automatic certificates of a listener. The same line twice is an error. Main thread.
 */
import type { ComponentUse } from '../../../plan/plan.ts';
import type { Span } from '../../../source/source-text.ts';
import type { Scope } from '../../scope/scope.ts';
import { Collected } from '../collected.ts';

export class CertificateList extends Collected<readonly ComponentUse[] | undefined> {
  readonly #certificates = new Map<string, ComponentUse>();

  add(scope: Scope, span: Span, use: ComponentUse): void {
    const written = scope.source.text.slice(span.start, span.start + use.place.length);
    const before = this.#certificates.get(written);
    if (before === undefined) this.#certificates.set(written, use);
    else scope.error('SL0122', span, { word: written, line: before.place.line });
  }

  /** isFirst says whether this is the listener's first certificate. */
  isFirst(use: ComponentUse): boolean {
    return this.#certificates.values().next().value === use;
  }

  plan(): readonly ComponentUse[] | undefined {
    return this.#certificates.size === 0 ? undefined : [...this.#certificates.values()];
  }
}
