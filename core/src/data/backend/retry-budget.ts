/**
 * RetryBudget: how many requests of one backend may be sent again, so that a backend in trouble is not asked several times as
 * often as a healthy one. Hot path; data plane.
 *
 * Requests are counted here and handed to the memory that all threads share some at a time; retries are counted there at once.
 */
import type { RetryPolicy } from '@sluice/dsl/plan';
import { RETRY_WINDOW_MS, type RetryCounts } from '../../shared/tables/retry-counts.ts';

/** So many requests are counted before other threads hear of them. */
const BATCH = 16;

export class RetryBudget {
  readonly #slot: number;
  readonly #share: number;
  /** Retries in a window, however few requests there are. */
  readonly #least: number;
  readonly #counts: RetryCounts;
  readonly #now: () => number;
  #uncounted = 0;

  constructor(slot: number, { share, perSecond }: RetryPolicy, counts: RetryCounts, now: () => number) {
    this.#slot = slot;
    this.#share = share;
    this.#least = (perSecond * RETRY_WINDOW_MS) / 1000;
    this.#counts = counts;
    this.#now = now;
  }

  /** requested: a request is sent to a server of the backend for the first time. */
  requested(): void {
    if (++this.#uncounted >= BATCH) this.#hand(this.#now());
  }

  /** take takes a retry out of the budget; false: it is used up. */
  take(): boolean {
    const nowMs = this.#now();
    this.#hand(nowMs);
    return this.#counts.tryRetry(this.#slot, this.#share, this.#least, nowMs);
  }

  #hand(nowMs: number): void {
    if (this.#uncounted === 0) return;
    this.#counts.requested(this.#slot, this.#uncounted, nowMs);
    this.#uncounted = 0;
  }
}
