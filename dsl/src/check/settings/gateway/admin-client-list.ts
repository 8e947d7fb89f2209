/**
 * AdminClientList gathers the `admin client certificate` lines: one for each name. Main thread.
 */
import type { AdminClientPlan } from '../../../plan/plan.ts';
import type { Span } from '../../../source/source-text.ts';
import type { Scope } from '../../scope/scope.ts';
import { Collected } from '../collected.ts';

export class AdminClientList extends Collected<readonly AdminClientPlan[] | undefined> {
  readonly #clients = new Map<string, { readonly client: AdminClientPlan; readonly line: number }>();

  get isEmpty(): boolean {
    return this.#clients.size === 0;
  }

  add(scope: Scope, span: Span, client: AdminClientPlan): void {
    const before = this.#clients.get(client.name);
    const { line } = scope.place(span);
    if (before === undefined) this.#clients.set(client.name, { client, line });
    else scope.error('SL0122', span, { word: `admin client certificate "${client.name}"`, line: before.line });
  }

  plan(): readonly AdminClientPlan[] | undefined {
    return this.isEmpty ? undefined : [...this.#clients.values()].map(({ client }) => client);
  }
}
