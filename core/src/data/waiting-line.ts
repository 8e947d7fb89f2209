/**
 * WaitingLine: requests of one backend, on one event loop, that wait for a server with room. Hot path when servers are full.
 *
 * First come, first served. Room made by this loop is noticed at once, room made by other threads at the next tick.
 */
import type { Loop } from './loop.ts';

/** Most requests that wait at once; more are answered 503 at once. */
const MOST_WAITING = 4096;
const MOST_REFUSED = 32;

export interface Waiting {
  /** tryAgain leaves the line and goes on, if a server has room now. False: it goes on waiting. */
  tryAgain(): boolean;
}

export class WaitingLine {
  readonly #loop: Loop;
  readonly #waiting = new Set<Waiting>();

  constructor(loop: Loop) {
    this.#loop = loop;
  }

  /** join puts a request at the end; false when the line is too long. */
  join(waiting: Waiting): boolean {
    if (this.#waiting.size >= MOST_WAITING) return false;
    this.#waiting.add(waiting);
    this.#loop.lines.add(this);
    return true;
  }

  leave(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    if (this.#waiting.size === 0) this.#loop.lines.delete(this);
  }

  /**
   * wake lets those who can go on do so, in order. One who waits for a server of its own stops nobody, but after
   * `mostRefused` who cannot go on the rest is left for the next tick, which asks everyone.
   */
  wake(mostRefused = MOST_REFUSED): void {
    let refused = 0;
    for (const waiting of this.#waiting) {
      if (!waiting.tryAgain() && ++refused >= mostRefused) return;
    }
  }
}
