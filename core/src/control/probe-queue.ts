/**
 * ProbeQueue: lets at most so many probes run at once; the others wait in order. Main thread.
 */
export class ProbeQueue {
  readonly #limit: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(limit: number) {
    this.#limit = limit;
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

  /** leave says that a probe has ended. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
