/**
 * OrderLimit: limits how many certificates are ordered at the same time. Main thread.
 */
export class OrderLimit {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  /** run runs a step as soon as fewer than the limit are running. Rejects with the signal's reason if it is aborted first. */
  async run<Value>(step: () => Promise<Value>, signal: AbortSignal): Promise<Value> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      signal.throwIfAborted();
      return await step();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
