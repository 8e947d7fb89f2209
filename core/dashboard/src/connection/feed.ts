/**
 * Feed: the gateway's state, asked for again and again, with what it was over the last ten minutes. Browser.
 *
 * Gateways with thousands of servers have large answers, so the next question comes two seconds later or after four times as long as the
 * last answer took, whichever is longer.
 */
import type { AnswerOf } from '@sluice/core/admin';
import { History } from '../measure/history.ts';
import { type Api, ApiError } from './api.ts';

export type Status = AnswerOf<'getStatus'>;
export type Stats = AnswerOf<'getStats'>;
export type Listener = Stats['listeners'][number];
export type Backend = Stats['backends'][number];
export type Server = Backend['servers'][number];

/** Picture is the gateway at one moment. */
export interface Picture {
  readonly status: Status;
  readonly stats: Stats;
  readonly atMs: number;
}

const EVERY_MS = 2_000;
const LONGEST_MS = 15_000;
/** Waited for each millisecond that the last answer took: the page keeps the gateway busy for a fifth of the time at most. */
const REST = 4;

export class Feed {
  readonly api: Api;
  readonly history = new History();
  /** The last good answer; null before the first. */
  picture: Picture | null = null;
  /** Why the last question got none; null: it did. */
  error: ApiError | null = null;
  readonly #listeners = new Set<() => void>();
  #timer = 0;
  #isStopped = false;
  #asking: Promise<void> | null = null;

  constructor(api: Api) {
    this.api = api;
  }

  start(): void {
    void this.refresh();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** refresh asks now, as after a change. Questions do not overlap. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    this.#asking ??= this.#ask();
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const began = performance.now();
    try {
      const [status, stats] = await Promise.all([this.api.call('getStatus'), this.api.call('getStats')]);
      const before = this.picture;
      if (before !== null && before.status.uptimeMs > status.uptimeMs) this.history.clear();
      this.picture = { status, stats, atMs: Date.now() };
      this.history.add(this.picture.atMs, stats);
      this.error = null;
    } catch (thrown) {
      this.error = thrown instanceof ApiError ? thrown : new ApiError(0, '', String(thrown));
    }
    this.#asking = null;
    if (this.#isStopped) return;
    const tookMs = performance.now() - began;
    this.#timer = window.setTimeout(() => void this.refresh(), Math.min(LONGEST_MS, Math.max(EVERY_MS, REST * tookMs)));
    for (const listener of this.#listeners) listener();
  }
}
