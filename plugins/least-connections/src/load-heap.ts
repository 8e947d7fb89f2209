/**
 * LoadHeap: least-connections for large pools. Data threads; hot path.
 */
import { type Balancer, type PoolWatcher, ServerHeap, type ServerPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';
import { explainLoad } from './explain-load.ts';
import { SlowTurns } from './slow-turns.ts';

/** Servers whose counts are read again with each pick, in turn. */
const READ_EACH_PICK = 8;

/**
 * LoadHeap keeps the servers in the order of their loads, so that a pick looks at a few of them and not at all.
 *
 * The count of the server that comes first is read before it is picked, so nobody is picked for a load that it no longer has.
 * What this thread opens and ends is known at once. What other threads end is found when the server's turn to be read comes,
 * eight with each pick: until then a server may look busier than it is. So one thread is exact; several are as exact as with
 * a look at every server, but for servers that others emptied within the last size / 8 picks of this thread. Among equals the one
 * picked longest ago comes first.
 */
export class LoadHeap implements Balancer, PoolWatcher {
  readonly explain = explainLoad;
  readonly #pool: ServerPool;
  readonly #heap: ServerHeap;
  readonly #aside: Int32Array;
  readonly #turns: SlowTurns;
  #next = 0;

  constructor(pool: ServerPool) {
    this.#pool = pool;
    this.#heap = new ServerHeap(pool.size);
    this.#aside = new Int32Array(pool.size);
    this.#turns = new SlowTurns(pool.size);
    for (let index = 0; index < pool.size; index++) this.changed(index);
    pool.watch(this);
  }

  pick(_facts: RequestFacts, pool: ServerPool): number {
    const heap = this.#heap;
    const turns = this.#turns;
    turns.begin();
    this.#readSome(pool);
    let aside = 0;
    let picked = heap.first;
    while (picked !== -1) {
      const load = turns.load(pool, picked);
      if (load !== heap.key(picked)) {
        heap.set(picked, load);
      } else if (pool.isUsable(picked)) {
        break;
      } else if (heap.has(picked)) {
        this.#aside[aside++] = picked;
        heap.remove(picked);
      }
      picked = heap.first;
    }
    for (let at = 0; at < aside; at++) this.#read(this.#aside[at]!);
    if (picked !== -1) {
      turns.took(picked);
      heap.use(picked, (pool.open(picked) + 2) / pool.weight(picked));
    }
    return picked;
  }

  ended(index: number): void {
    this.#read(index);
  }

  changed(index: number): void {
    if (this.#pool.isCandidate(index)) this.#heap.set(index, this.#turns.load(this.#pool, index));
    else this.#heap.remove(index);
  }

  #read(index: number): void {
    if (this.#pool.isCandidate(index)) {
      const load = this.#turns.load(this.#pool, index);
      if (!this.#heap.has(index) || load !== this.#heap.key(index)) this.#heap.set(index, load);
    }
  }

  #readSome(pool: ServerPool): void {
    const heap = this.#heap;
    let index = this.#next;
    for (let left = READ_EACH_PICK; left > 0; left--) {
      if (index >= pool.size) index = 0;
      if (heap.has(index)) {
        const load = this.#turns.load(pool, index);
        if (load !== heap.key(index)) heap.set(index, load);
      }
      index++;
    }
    this.#next = index;
  }
}
