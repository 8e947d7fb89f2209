/**
 * TurnHeap: smooth weighted round robin for large pools. Data threads; hot path.
 */
import { type Balancer, type PoolWatcher, ServerHeap, type ServerPool } from '@sluice/core/plugin';
import type { RequestFacts } from '@sluice/dsl/match';
import { explainTurns } from './explain-turns.ts';

/** The golden ratio's part behind the point: its multiples lie evenly between 0 and 1, however many are taken. */
const GOLDEN = 0.6180339887498949;

/**
 * TurnHeap gives each server its weight in turns in every round, at moments spread evenly over it.
 *
 * In a round of length 1 a server of weight w has its turns at (k + p) / w, with a phase p of its own from 0 to 1; whoever's
 * moment comes first is picked. So each server is picked exactly as often as its weight says over one sum of weights, as with
 * RoundRobin, but a pick costs the logarithm of the number of servers. Moments are worked out from round and turn, not added
 * up, so that nothing drifts. A server that was out of use does not catch up on what it missed, and a change of weight stretches
 * or shortens the wait for its next turn only.
 */
export class TurnHeap implements Balancer, PoolWatcher {
  readonly explain = explainTurns;
  readonly #pool: ServerPool;
  /** By the moment of the next turn. */
  readonly #heap: ServerHeap;
  /** Of each server: when its round began, its turn in it, its phase, and the weight that these belong to; 0: it has had none. */
  readonly #rounds: Float64Array;
  readonly #turns: Float64Array;
  readonly #phases: Float64Array;
  readonly #weights: Float64Array;
  readonly #aside: Int32Array;
  /** The moment of the last pick. */
  #now = 0;

  constructor(pool: ServerPool) {
    const { size } = pool;
    this.#pool = pool;
    this.#heap = new ServerHeap(size);
    this.#rounds = new Float64Array(size);
    this.#turns = new Float64Array(size);
    this.#phases = new Float64Array(size);
    this.#weights = new Float64Array(size);
    this.#aside = new Int32Array(size);
    for (let index = 0; index < size; index++) this.changed(index);
    pool.watch(this);
  }

  pick(_facts: RequestFacts, pool: ServerPool): number {
    const heap = this.#heap;
    let aside = 0;
    let picked = heap.first;
    while (picked !== -1 && !pool.isUsable(picked)) {
      // One that is full has gone by now; one that this request has tried keeps its turn for the next request.
      if (heap.has(picked)) {
        this.#aside[aside++] = picked;
        heap.remove(picked);
      }
      picked = heap.first;
    }
    for (let at = 0; at < aside; at++) {
      const index = this.#aside[at]!;
      heap.set(index, heap.key(index));
    }
    if (picked === -1) return -1;
    this.#now = Math.max(this.#now, heap.key(picked));
    const turn = this.#turns[picked]! + 1;
    if (turn === this.#weights[picked]) {
      this.#turns[picked] = 0;
      this.#rounds[picked] = this.#rounds[picked]! + 1;
    } else {
      this.#turns[picked] = turn;
    }
    heap.use(picked, this.#moment(picked));
    return picked;
  }

  changed(index: number): void {
    const pool = this.#pool;
    if (!pool.isCandidate(index)) {
      this.#heap.remove(index);
      return;
    }
    this.#setWeight(index, pool.weight(index));
    this.#heap.set(index, this.#moment(index));
  }

  inherit(before: Balancer, pool: ServerPool, poolBefore: ServerPool): void {
    if (!(before instanceof TurnHeap)) return;
    this.#now = before.#now;
    for (let index = 0; index < pool.size; index++) {
      const known = poolBefore.indexOfSlot(pool.slot(index));
      const weight = this.#weights[index]!;
      if (weight === 0) continue;
      if (known === -1 || before.#weights[known] === 0) {
        this.#weights[index] = 0;
      } else {
        this.#rounds[index] = before.#rounds[known]!;
        this.#turns[index] = before.#turns[known]!;
        this.#phases[index] = before.#phases[known]!;
        this.#weights[index] = before.#weights[known]!;
      }
      this.#setWeight(index, weight);
      if (this.#heap.has(index)) this.#heap.set(index, this.#moment(index));
    }
  }

  #setWeight(index: number, weight: number): void {
    const before = this.#weights[index]!;
    const wait = before === 0 ? -1 : (this.#moment(index) - this.#now) * before;
    if (weight === before && wait >= 0) return;
    this.#weights[index] = weight;
    this.#rounds[index] = this.#now;
    this.#turns[index] = 0;
    this.#phases[index] = wait >= 0 ? Math.min(wait, 1) : (this.#pool.slot(index) * GOLDEN) % 1;
  }

  #moment(index: number): number {
    return this.#rounds[index]! + (this.#turns[index]! + this.#phases[index]!) / this.#weights[index]!;
  }
}
