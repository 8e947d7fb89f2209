/**
 * A strategy for pools of any size: `balance longest-rested` takes the server that was used longest ago.
 *
 * It never looks at all servers: it keeps them in an order of its own (a ServerHeap) and is told by the pool what changes.
 */
import { definePlugin, ServerHeap } from '@sluice/core/plugin';

export default definePlugin({
  name: 'longest-rested',
  apiVersion: 1,
  data: import.meta.url,
  components: [
    {
      kind: 'component',
      slot: 'balance',
      name: 'longest-rested',
      doc: 'The server that was used longest ago.',
      example: 'balance longest-rested',
      args: [],
    },
  ],
});

class LongestRested {
  /** @param {import('@sluice/core/plugin').ServerPool} pool */
  constructor(pool) {
    this.pool = pool;
    this.heap = new ServerHeap(pool.size);
    for (let index = 0; index < pool.size; index++) this.changed(index);
    pool.watch(this);
  }

  /** Called by the pool when a server comes, goes, fills up, or has another weight. @param {number} index */
  changed(index) {
    if (this.pool.isCandidate(index)) this.heap.set(index, 0);
    else this.heap.remove(index);
  }

  pick() {
    let picked = this.heap.first;
    // A candidate that is not usable has just filled up, and is gone from the heap, or this very request has tried it.
    if (picked !== -1 && !this.pool.isUsable(picked)) picked = this.pool.nextUsable(picked);
    // Among equals the heap puts the one used longest ago first.
    if (picked !== -1) this.heap.use(picked, 0);
    return picked;
  }

  /** For `sluice explain`. */
  explain() {
    return { picked: -1, why: () => 'picked when all others have been used since' };
  }
}

/** @type {import('@sluice/core/plugin').DataEntry['balancers']} */
export const balancers = { 'longest-rested': (pool) => new LongestRested(pool) };
