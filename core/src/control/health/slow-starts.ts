/**
 * SlowStarts: servers that have come back and get their share little by little. Main thread.
 *
 * Such a server is `starting`. Its share of its weight and of its max grows with the time, from 1/64 in 64 steps; then it is
 * `running`. The share stands in the server table, where all data threads and `explain` read the same one.
 */
import { FULL_SHARE, type ServerTable } from '../../shared/tables/server-table.ts';
import type { Timers } from '../clock/timers.ts';

const STEPS = 64;
/** How often shares are looked at, at most. */
const SHORTEST_STEP_MS = 20;

interface Starting {
  readonly startMs: number;
  readonly durationMs: number;
  readonly over: () => void;
}

export class SlowStarts {
  readonly #servers: ServerTable;
  readonly #timers: Timers;
  readonly #starting = new Map<number, Starting>();
  #timer: unknown;
  #isTicking = false;

  constructor(servers: ServerTable, timers: Timers) {
    this.#servers = servers;
    this.#timers = timers;
  }

  /**
   * start cuts a server's share; `over` is called when it has all of it. The caller sets its states. `elapsedMs`: so much of the time has
   * passed already.
   */
  start(slot: number, durationMs: number, over: () => void, elapsedMs = 0): void {
    this.#starting.set(slot, { startMs: this.#timers.now() - elapsedMs, durationMs, over });
    this.#servers.setShare(slot, shareAfter(elapsedMs / durationMs));
    this.#tickLater();
  }

  /** elapsedMs is for how long a server has been starting; null: it is not. */
  elapsedMs(slot: number): number | null {
    const starting = this.#starting.get(slot);
    return starting === undefined ? null : this.#timers.now() - starting.startMs;
  }

  /** cancel ends a slow start without another word: the server is down, or gone. */
  cancel(slot: number): void {
    if (!this.#starting.delete(slot)) return;
    this.#servers.setShare(slot, FULL_SHARE);
  }

  /** stop ends all; states and shares stay as they are. */
  stop(): void {
    this.#starting.clear();
    this.#timers.clear(this.#timer);
    this.#isTicking = false;
  }

  #tickLater(): void {
    if (this.#isTicking || this.#starting.size === 0) return;
    this.#isTicking = true;
    let shortest = Number.POSITIVE_INFINITY;
    for (const { durationMs } of this.#starting.values()) shortest = Math.min(shortest, durationMs);
    this.#timer = this.#timers.set(() => this.#tick(), Math.max(SHORTEST_STEP_MS, shortest / STEPS));
  }

  #tick(): void {
    this.#isTicking = false;
    const now = this.#timers.now();
    for (const [slot, { startMs, durationMs, over }] of this.#starting) {
      const part = (now - startMs) / durationMs;
      if (part < 1) {
        this.#servers.setShare(slot, shareAfter(part));
        continue;
      }
      this.#starting.delete(slot);
      this.#servers.setShare(slot, FULL_SHARE);
      over();
    }
    this.#tickLater();
  }
}

/** shareAfter is what a server has after a part of its time, 0 to 1. */
function shareAfter(part: number): number {
  return (FULL_SHARE / STEPS) * Math.max(1, Math.floor(part * STEPS));
}
