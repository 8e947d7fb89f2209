/**
 * Timers: the clock and the timers of the control plane, injected so that tests can set the time. Main thread.
 */
import { monotonicMs } from '../../shared/clock/clock.ts';

/** Timers is a monotonic clock in milliseconds and what can be set on it. */
export interface Timers {
  now(): number;
  /** Calls back once, after so many milliseconds. Returns what `clear` takes. */
  set(callback: () => void, delayMs: number): unknown;
  clear(timer: unknown): void;
}

/** systemTimers is the real clock. Its time is the same in all threads. */
export const systemTimers: Timers = {
  now: monotonicMs,
  set: (callback, delayMs) => setTimeout(callback, delayMs),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout),
};
