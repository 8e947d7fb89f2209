/**
 * SlowTurns: when idle servers in slow start have their turns. Data threads; hot path.
 *
 * An idle server would be picked before all busy ones, again with every pick: however small its share is, it would have as
 * much as the others at once, the more surely the larger the pool. So one in slow start counts as idle only when as many
 * picks have passed since its last turn as its part of all weights says.
 */
import type { ServerPool } from '@sluice/core/plugin';
import { loadOf } from './load.ts';

export class SlowTurns {
  /** Of each server: the pick that was its last turn in slow start. */
  readonly #last: Float64Array;
  #picks = 0;

  constructor(size: number) {
    this.#last = new Float64Array(size);
  }

  /** begin counts a pick. */
  begin(): void {
    this.#picks++;
  }

  /** load is what the server would have to carry, as `loadOf`; not that of an idle one while its turn has not come. */
  load(pool: ServerPool, index: number): number {
    const load = loadOf(pool, index);
    if (load !== 0) return load;
    const weight = pool.weight(index);
    if (weight === pool.fullWeight(index)) return 0;
    return (this.#picks - this.#last[index]!) * weight < pool.totalWeight ? 1 / weight : 0;
  }

  /** took: the server is picked. */
  took(index: number): void {
    this.#last[index] = this.#picks;
  }
}
