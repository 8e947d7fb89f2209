/**
 * FakeClock: a clock that stands still until a test moves it, with the timers that are set on it.
 */
import type { Timers } from '@sluice/core';

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** FakeClock can stand in for `timers` of `createGateway`, and for the clock of a certificate source. */
export class FakeClock implements Timers {
  #nowMs: number;
  readonly #timers = new Set<Timer>();

  /** `nowMs` is the time at which it stands. Default 0. */
  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  set(callback: () => void, delayMs: number): unknown {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return timer;
  }

  clear(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  /** How many timers are set. */
  get size(): number {
    return this.#timers.size;
  }

  /** When the next timer is due; Infinity without one. */
  get nextMs(): number {
    return Math.min(...[...this.#timers].map(({ atMs }) => atMs));
  }

  /** advance moves the clock, calls what is due in the order of time, and lets promises settle in between. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs;
    await settle();
    for (;;) {
      const [due] = [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((one, other) => one.atMs - other.atMs);
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.callback();
      await settle();
    }
    this.#nowMs = endMs;
  }
}

/** settle lets every promise that can settle without a timer or the system do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
