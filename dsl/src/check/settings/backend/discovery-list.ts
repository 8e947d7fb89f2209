/**
 * DiscoveryList gathers where a backend finds servers. Each source is named once. Main thread.
 */
import type { DiscoveryPlan } from '../../../plan/plan.ts';
import type { Span } from '../../../source/source-text.ts';
import type { Scope } from '../../scope/scope.ts';
import { Collected } from '../collected.ts';

export class DiscoveryList extends Collected<readonly DiscoveryPlan[] | undefined> {
  readonly #discoveries = new Map<string, DiscoveryPlan>();

  get size(): number {
    return this.#discoveries.size;
  }

  /** add: `span` is the setting's word; what stands behind it names the source. */
  add(scope: Scope, span: Span, discovery: Omit<DiscoveryPlan, 'source'>): void {
    const source = scope.source.text.slice(span.end, span.start + discovery.place.length).trim();
    const before = this.#discoveries.get(source);
    if (before === undefined) this.#discoveries.set(source, { ...discovery, source });
    else scope.error('SL0122', span, { word: `servers from ${source}`, line: before.place.line });
  }

  plan(): readonly DiscoveryPlan[] | undefined {
    return this.size === 0 ? undefined : [...this.#discoveries.values()];
  }
}
