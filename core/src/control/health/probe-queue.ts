/**
 * ProbeQueue: lets at most so many probes run at once; the others wait in order. Main thread.
 */
export class ProbeQueue {
  #limit: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** limit changes how many may run at once. Those under way are not stopped. */
  set limit(limit: number) {
    this.#limit = limit;
    while (this.#running < limit && this.#waiting.size > 0) {
      this.#running++;
      this.#next();
    }
  }

  /** enter starts a probe now or when there is room. Returns a function that takes a waiting one back. */
  enter(start: () => void): () => void {
    if (this.#running < this.#limit) {
      this.#running++;
      start();
      return () => {};
    }
    const waiting = (): void => start();
    this.#waiting.add(waiting);
    return () => void this.#waiting.delete(waiting);
  }

  /** clear takes back all that wait. */
  clear(): void {
    this.#waiting.clear();
  }

  /** leave says that a probe has ended. */
  leave(): void {
    if (this.#waiting.size === 0 || this.#running > this.#limit) this.#running--;
    else this.#next();
  }

  #next(): void {
    const [next] = this.#waiting;
    this.#waiting.delete(next!);
    next!();
  }
}
