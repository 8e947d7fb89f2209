/**
 * FakeTable and stickHost: what tests of stickiness give a plugin in place of the gateway.
 */
import type { StickHost, StickTable, StickyPool } from '@sluice/core/plugin';

export class FakeTable implements StickTable {
  readonly entries = new Map<string, number>();
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

/** stickHost counts what was refused in `refused`. */
export function stickHost(pool: StickyPool, table: StickTable = new FakeTable()): StickHost & { refused: number } {
  return {
    backend: pool.backend,
    pool,
    table,
    processSecret: new Uint8Array(32).fill(7),
    refused: 0,
    countRefused() {
      this.refused++;
    },
  };
}
