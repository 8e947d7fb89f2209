/**
 * ServerList gathers the servers of a backend that are written down. Main thread.
 */
import type { ServerPlan } from '../../../plan/plan.ts';
import type { Span } from '../../../source/source-text.ts';
import type { Scope } from '../../scope/scope.ts';
import { addressText } from '../../values/address.ts';
import { Collected } from '../collected.ts';

export class ServerList extends Collected<readonly ServerPlan[]> {
  readonly #servers = new Map<string, ServerPlan>();
  readonly #addresses = new Set<string>();

  get size(): number {
    return this.#servers.size;
  }

  /** add reports a name that another server has, and warns of an address that another has. */
  add(scope: Scope, server: ServerPlan, name: Span, address: Span): void {
    const before = this.#servers.get(server.name);
    if (before !== undefined) {
      scope.error('SL0706', name, { name: server.name, line: before.place.line });
      return;
    }
    this.#servers.set(server.name, server);
    const text = addressText(server.address);
    if (this.#addresses.has(text)) scope.error('SL0713', address, { value: text });
    this.#addresses.add(text);
  }

  plan(): readonly ServerPlan[] {
    return [...this.#servers.values()];
  }
}
