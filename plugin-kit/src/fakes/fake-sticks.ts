/**
 * FakeSticks: the stick table and the host of a stickiness, without a gateway.
 */
import type { StickHost, StickTable, StickyPool } from '@sluice/core/plugin';

/** FakeStickTable keeps its entries as they are, and forgets none. */
export class FakeStickTable implements StickTable {
  /** Slots by key. */
  readonly entries = new Map<string, number>();
  /** The ttl of each call, in order, in milliseconds. */
  readonly ttls: number[] = [];

  get(key: string, ttlMs: number): number {
    this.ttls.push(ttlMs);
    return this.entries.get(key) ?? -1;
  }

  set(key: string, slot: number, ttlMs: number): void {
    this.ttls.push(ttlMs);
    this.entries.set(key, slot);
  }
}

/** fakeStickHost makes the host of a stickiness; `refused` is how often `countRefused` was called. Its secret is always the same. */
export function fakeStickHost(
  pool: StickyPool,
  table: StickTable = new FakeStickTable(),
): StickHost & { readonly refused: number } {
  let refused = 0;
  return {
    backend: pool.backend,
    pool,
    table,
    processSecret: new Uint8Array(32).fill(7),
    get refused() {
      return refused;
    },
    // A stickiness may take its host apart, so there is no `this`.
    countRefused: () => {
      refused++;
    },
  };
}
