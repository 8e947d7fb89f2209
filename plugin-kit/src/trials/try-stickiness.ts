/**
 * TryStickiness: where a stickiness sends a client, and what it learns.
 */
import type { PluginManifest, Stickiness } from '@sluice/core/plugin';
import type { Args } from '@sluice/dsl/plan';
import { type FakeRequest, fakeFacts } from '../fakes/fake-facts.ts';
import { FakePool } from '../fakes/fake-pool.ts';
import { FakeStickTable, fakeStickHost } from '../fakes/fake-sticks.ts';
import { checkedDataEntry, functionOf } from './checked-data-entry.ts';

/** StickinessTrial is a stickiness with its pool and its table. */
export class StickinessTrial {
  readonly pool: FakePool;
  readonly table: FakeStickTable;
  readonly stickiness: Stickiness;
  readonly #refused: () => number;

  constructor(pool: FakePool, table: FakeStickTable, stickiness: Stickiness, refused: () => number) {
    this.pool = pool;
    this.table = table;
    this.stickiness = stickiness;
    this.#refused = refused;
  }

  /** How many keys were not believed, such as forged cookies. */
  get refused(): number {
    return this.#refused();
  }

  /** find is the index of the server that the client belongs to; -1: to none. */
  find(request: FakeRequest = {}): number {
    return this.stickiness.find(fakeFacts(request), this.pool);
  }

  /** learn has a server answer the request, and returns the Set-Cookie value that the stickiness adds; empty: none. */
  learn(request: FakeRequest, server: number, setCookies: readonly string[] = []): string {
    return this.stickiness.learn(fakeFacts(request), this.pool, server, setCookies);
  }

  /** tell is what `explain` shows of how the client is known; null: nothing. */
  tell(request: FakeRequest = {}): string | null {
    return this.stickiness.describe?.(fakeFacts(request), this.pool) ?? null;
  }
}

/** tryStickiness imports a stickiness of a plugin, for a backend of so many servers. */
export async function tryStickiness(
  manifest: PluginManifest,
  name: string,
  options: Args = {},
  servers = 3,
): Promise<StickinessTrial> {
  const { stickiness } = await checkedDataEntry(manifest);
  const create = functionOf(manifest, 'stickiness', stickiness, name);
  const pool = new FakePool(Array.from({ length: servers }, () => 1));
  const table = new FakeStickTable();
  const host = fakeStickHost(pool, table);
  return new StickinessTrial(pool, table, create(options, host), () => host.refused);
}
