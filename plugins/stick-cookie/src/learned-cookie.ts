/**
 * LearnedCookie: which server belongs to a value of the application's own cookie. Data threads; hot path.
 */
import type { ServerPool, Stickiness, StickTable } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';
import { cookieOf, setCookieOf } from './cookie.ts';

/**
 * LearnedCookie remembers the server that answered for each value of one cookie.
 *
 * A value is learned when a server sets it, and when a client brings one of which nothing is known (the table was full, the
 * entry is over, the gateway is new) or whose server did not take the request: the client then stays where it
 * was answered. Every find restarts the ttl. Tables are kept by backend, so two backends may use one cookie name.
 */
export class LearnedCookie implements Stickiness {
  readonly #cookie: string;
  readonly #ttlMs: number;
  readonly #table: StickTable;
  readonly #backend: string;

  constructor(cookie: string, ttlMs: number, table: StickTable, backend: string) {
    this.#cookie = cookie;
    this.#ttlMs = ttlMs;
    this.#table = table;
    this.#backend = backend;
  }

  find(facts: RequestFacts, pool: ServerPool): number {
    const value = cookieOf(facts.header('cookie'), this.#cookie);
    if (value === '') return -1;
    const slot = this.#table.get(this.#backend, value, this.#ttlMs);
    return slot === -1 ? -1 : pool.indexOfSlot(slot);
  }

  learn(facts: RequestFacts, pool: ServerPool, server: number, setCookies: readonly string[]): void {
    const slot = pool.slot(server);
    let isSet = false;
    for (let at = 0; at < setCookies.length; at++) {
      const value = setCookieOf(setCookies[at]!, this.#cookie);
      if (value === '') continue;
      isSet = true;
      this.#table.set(this.#backend, value, slot, this.#ttlMs);
    }
    if (isSet) return;
    const brought = cookieOf(facts.header('cookie'), this.#cookie);
    if (brought === '' || this.#table.get(this.#backend, brought, this.#ttlMs) === slot) return;
    this.#table.set(this.#backend, brought, slot, this.#ttlMs);
  }
}
