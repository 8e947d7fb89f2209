/**
 * FloodGuard: limits what a client may send that leads to no response. Hot path; data plane.
 *
 * Pings, settings, resets, empty frames are fine now and then; in floods they are attacks (CVE-2019-9511 to 9518, CVE-2023-44487). Each costs points,
 * which come back with time and with requests that were answered.
 */
import type { Loop } from '../loop/loop.ts';

/** Points that a client has at once. */
const MOST_POINTS = 2000;
/** Points that come back in a second. */
const POINTS_A_SECOND = 200;
/** Points that an answered request brings back. */
const POINTS_AN_ANSWER = 5;

export class FloodGuard {
  readonly #loop: Pick<Loop, 'now'>;
  #points = MOST_POINTS;
  #lastMs: number;

  constructor(loop: Pick<Loop, 'now'>) {
    this.#loop = loop;
    this.#lastMs = loop.now();
  }

  answered(): void {
    this.#points = Math.min(MOST_POINTS, this.#points + POINTS_AN_ANSWER);
  }

  /** isSpent: there are none left. */
  get isSpent(): boolean {
    return this.#points <= 0;
  }

  /** isOver takes points, and tells that there are none left. */
  isOver(points: number): boolean {
    this.#points -= points;
    if (this.#points > 0) return false;
    const now = this.#loop.now();
    this.#points = Math.min(MOST_POINTS, this.#points + ((now - this.#lastMs) / 1000) * POINTS_A_SECOND);
    this.#lastMs = now;
    return this.#points <= 0;
  }
}
