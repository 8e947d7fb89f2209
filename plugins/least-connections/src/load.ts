/**
 * Load: how busy a server is, as least-connections compares them. Data threads; hot path.
 */
import type { ServerPool } from '@sluice/core/plugin';

/**
 * loadOf is what a server would have to carry with one request more: (open + 1) / weight; 0 for an idle server, whatever its
 * weight. One in slow start is never as good as idle: with nothing open it counts by its share too.
 */
export function loadOf(pool: ServerPool, index: number): number {
  const open = pool.open(index);
  const weight = pool.weight(index);
  if (open <= 0 && weight === pool.fullWeight(index)) return 0;
  return (Math.max(0, open) + 1) / weight;
}
