/**
 * LearnedCookie: which server belongs to a value of the application's own cookie. Data threads; hot path.
 */
import type { Stickiness, StickTable, StickyPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';
import { cookieOf, setCookieOf } from './cookie.ts';

/**
 * LearnedCookie remembers the server that answered for each value of one cookie.
 *
 * A value is learned when a server sets it, and when a client brings one of which nothing is known (the table was full, the
 * entry is over, the gateway is new) or whose server did not take the request: the client then stays where it
 * was answered. Every find restarts the ttl. Backends have tables of their own, so two may use one cookie name.
 */
export class LearnedCookie implements Stickiness {
  readonly #cookie: string;
  readonly #ttlMs: number;
  readonly #table: StickTable;

  constructor(cookie: string, ttlMs: number, table: StickTable) {
    this.#cookie = cookie;
    this.#ttlMs = ttlMs;
    this.#table = table;
  }

  find(facts: RequestFacts, pool: StickyPool): number {
    const value = cookieOf(facts.header('cookie'), this.#cookie);
    if (value === '') return -1;
    const slot = this.#table.get(value, this.#ttlMs);
    return slot === -1 ? -1 : pool.indexOfSlot(slot);
  }

  learn(facts: RequestFacts, pool: StickyPool, server: number, setCookies: readonly string[]): string {
    const slot = pool.slot(server);
    let isSet = false;
    for (let at = 0; at < setCookies.length; at++) {
      const value = setCookieOf(setCookies[at]!, this.#cookie);
      if (value === '') continue;
      isSet = true;
      this.#table.set(value, slot, this.#ttlMs);
    }
    if (isSet) return '';
    const brought = cookieOf(facts.header('cookie'), this.#cookie);
    if (brought === '' || this.#table.get(brought, this.#ttlMs) === slot) return '';
    this.#table.set(brought, slot, this.#ttlMs);
    return '';
  }

  describe(facts: RequestFacts, pool: StickyPool): string {
    const value = cookieOf(facts.header('cookie'), this.#cookie);
    if (value === '') return `it brought no cookie ${this.#cookie}`;
    const slot = this.#table.get(value, this.#ttlMs);
    if (slot === -1) return `its cookie ${this.#cookie} has a value that is not in the stick table`;
    if (pool.indexOfSlot(slot) === -1) return `its cookie ${this.#cookie} belongs to a server that was removed`;
    return `its cookie ${this.#cookie}, by the stick table`;
  }
}
