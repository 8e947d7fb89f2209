/**
 * Load: how busy a server is, as least-connections compares them. Data threads; hot path.
 */
import type { ServerPool } from '@sluice/core/plugin';

/** loadOf is what a server would have to carry with one request more: (open + 1) / weight; 0 for an idle one, whatever its weight. */
export function loadOf(pool: ServerPool, index: number): number {
  const open = pool.open(index);
  return open <= 0 ? 0 : (open + 1) / pool.weight(index);
}
