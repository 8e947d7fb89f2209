/**
 * ServerHeap: servers in the order of a number, the smallest first, for strategies. Hot path; data threads.
 *
 * Among equals the one used longest ago comes first. Setting, using and removing cost the logarithm of the number of servers
 * (base 4), finding the first nothing. No allocation after the constructor.
 */
export class ServerHeap {
  /** Indexes in heap order; only the first `count` mean anything. */
  readonly #heap: Int32Array;
  /** Where an index stands in the heap, or -1. */
  readonly #places: Int32Array;
  readonly #keys: Float64Array;
  /** When each was used last, in uses. */
  readonly #uses: Float64Array;
  #count = 0;
  #lastUse = 0;

  /** `size`: indexes are below it. */
  constructor(size: number) {
    this.#heap = new Int32Array(size);
    this.#places = new Int32Array(size).fill(-1);
    this.#keys = new Float64Array(size);
    this.#uses = new Float64Array(size);
  }

  get count(): number {
    return this.#count;
  }

  /** first is the index with the smallest key, or -1 when there is none. */
  get first(): number {
    return this.#count === 0 ? -1 : this.#heap[0]!;
  }

  has(index: number): boolean {
    return this.#places[index] !== -1;
  }

  /** key is what `set` was last given, also of an index that has been removed since. */
  key(index: number): number {
    return this.#keys[index]!;
  }

  /** set puts an index in, or moves it. */
  set(index: number, key: number): void {
    this.#keys[index] = key;
    let at = this.#places[index]!;
    if (at === -1) {
      at = this.#count++;
      this.#heap[at] = index;
      this.#places[index] = at;
    }
    this.#settle(index, at);
  }

  /** use is `set` for the server just picked: it now comes behind its equals. */
  use(index: number, key: number): void {
    this.#uses[index] = ++this.#lastUse;
    this.set(index, key);
  }

  remove(index: number): void {
    const at = this.#places[index]!;
    if (at === -1) return;
    this.#places[index] = -1;
    const last = this.#heap[--this.#count]!;
    if (last === index) return;
    this.#heap[at] = last;
    this.#places[last] = at;
    this.#settle(last, at);
  }

  #isBefore(one: number, other: number): boolean {
    const a = this.#keys[one]!;
    const b = this.#keys[other]!;
    if (a !== b) return a < b;
    const usedA = this.#uses[one]!;
    const usedB = this.#uses[other]!;
    return usedA === usedB ? one < other : usedA < usedB;
  }

  #settle(index: number, from: number): void {
    const heap = this.#heap;
    const places = this.#places;
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 2;
      const parent = heap[parentAt]!;
      if (!this.#isBefore(index, parent)) break;
      heap[at] = parent;
      places[parent] = at;
      at = parentAt;
    }
    if (at === from) {
      const count = this.#count;
      for (;;) {
        const childAt = at * 4 + 1;
        if (childAt >= count) break;
        let bestAt = childAt;
        const end = Math.min(childAt + 4, count);
        for (let next = childAt + 1; next < end; next++) {
          if (this.#isBefore(heap[next]!, heap[bestAt]!)) bestAt = next;
        }
        const best = heap[bestAt]!;
        if (!this.#isBefore(best, index)) break;
        heap[at] = best;
        places[best] = at;
        at = bestAt;
      }
    }
    heap[at] = index;
    places[index] = at;
  }
}
