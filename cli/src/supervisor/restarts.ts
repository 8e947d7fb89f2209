/**
 * Restarts: whether, and after how long, a gateway that has crashed is started again. Pure; the supervisor's process.
 *
 * One that was serving is always started again: at once the first time, and after ever longer when it keeps crashing. One that never
 * gets as far as serving is given up after a few attempts, so that whoever started the command learns of it.
 */

/** A gateway that has served for this long without a crash starts with a clean slate. */
export const STEADY_MS = 60_000;
/** Starts in a row that may crash before the gateway is given up. */
export const MOST_FAILED_STARTS = 5;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

export class Restarts {
  readonly #now: () => number;
  /** Crashes since the gateway was last steady. */
  #crashes = 0;
  #failedStarts = 0;
  #readyMs: number | null = null;

  /** `now` is a clock in milliseconds that never goes back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The crash that is being recovered from, counted from the last time that the gateway was steady. */
  get crashes(): number {
    return this.#crashes;
  }

  get failedStarts(): number {
    return this.#failedStarts;
  }

  /** ready: the gateway serves. */
  ready(): void {
    this.#readyMs = this.#now();
    this.#failedStarts = 0;
  }

  /** crashed returns how long to wait before the next start, in milliseconds; null: it is given up. */
  crashed(): number | null {
    if (this.#readyMs === null) this.#failedStarts++;
    else if (this.#now() - this.#readyMs >= STEADY_MS) this.#crashes = 0;
    this.#readyMs = null;
    this.#crashes++;
    if (this.#failedStarts >= MOST_FAILED_STARTS) return null;
    return this.#crashes === 1 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (this.#crashes - 2), LONGEST_DELAY_MS);
  }
}
