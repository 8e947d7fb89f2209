/**
 * HeaderValue: which server belongs to a value of a request header. Data threads; hot path.
 */
import type { Stickiness, StickTable, StickyPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';

/** Longest value that is looked at; a longer one counts as none, so that nobody can make a look-up expensive. */
const MOST_VALUE_CHARS = 4096;

/** HeaderValue remembers the server that answered for each value. Of several fields with the name, the first counts. */
export class HeaderValue implements Stickiness {
  readonly #name: string;
  readonly #lowerName: string;
  readonly #ttlMs: number;
  readonly #table: StickTable;

  constructor(name: string, ttlMs: number, table: StickTable) {
    this.#name = name;
    this.#lowerName = name.toLowerCase();
    this.#ttlMs = ttlMs;
    this.#table = table;
  }

  find(facts: RequestFacts, pool: StickyPool): number {
    const value = this.#valueOf(facts);
    if (value === '') return -1;
    const slot = this.#table.get(value, this.#ttlMs);
    return slot === -1 ? -1 : pool.indexOfSlot(slot);
  }

  learn(facts: RequestFacts, pool: StickyPool, server: number): string {
    const value = this.#valueOf(facts);
    const slot = pool.slot(server);
    if (value !== '' && this.#table.get(value, this.#ttlMs) !== slot) this.#table.set(value, slot, this.#ttlMs);
    return '';
  }

  describe(facts: RequestFacts, pool: StickyPool): string {
    const value = this.#valueOf(facts);
    if (value === '') return `it brought no header ${this.#name}`;
    const slot = this.#table.get(value, this.#ttlMs);
    if (slot === -1) return `its header ${this.#name} has a value that is not in the stick table`;
    if (pool.indexOfSlot(slot) === -1) return `its header ${this.#name} belongs to a server that was removed`;
    return `its header ${this.#name}, by the stick table`;
  }

  #valueOf(facts: RequestFacts): string {
    const values = facts.header(this.#lowerName);
    const value = typeof values === 'string' ? values : (values?.[0] ?? '');
    return value.length > MOST_VALUE_CHARS ? '' : value;
  }
}
