/**
 * VirtualClock: the time of a simulation. It stands still between two events and costs nothing to wait for. Main thread.
 *
 * What is due at the same moment happens in the order in which it was set, so that a run is the same every time. It never
 * yields to the real event loop.
 */
import type { Timers } from '../control/clock/timers.ts';

/** Where virtual time begins, as 0 means "never" in some places of shared memory. */
const ORIGIN_MS = 1_000_000;

export class VirtualTimer {
  readonly atMs: number;
  /** Tells timers of the same moment apart. */
  readonly order: number;
  /** null: it is cleared, or has been called. */
  callback: (() => void) | null;

  constructor(atMs: number, order: number, callback: () => void) {
    this.atMs = atMs;
    this.order = order;
    this.callback = callback;
  }
}

export class VirtualClock implements Timers {
  #now = ORIGIN_MS;
  #count = 0;
  /** A binary heap. Cleared timers stay in it until their time. */
  readonly #heap: VirtualTimer[] = [];

  /** now is the time on the gateway's clock; `elapsedMs` counts from the beginning of the simulation. */
  now(): number {
    return this.#now;
  }

  get elapsedMs(): number {
    return this.#now - ORIGIN_MS;
  }

  set(callback: () => void, delayMs: number): VirtualTimer {
    const timer = new VirtualTimer(this.#now + Math.max(0, delayMs), ++this.#count, callback);
    this.#push(timer);
    return timer;
  }

  /** at sets a timer for a moment since the beginning; one that has passed is due at once. */
  at(elapsedMs: number, callback: () => void): VirtualTimer {
    return this.set(callback, elapsedMs - this.elapsedMs);
  }

  clear(timer: unknown): void {
    if (timer instanceof VirtualTimer) timer.callback = null;
  }

  /** runUntil lets everything happen that is due up to a moment since the beginning, that moment with it. */
  runUntil(elapsedMs: number): void {
    const untilMs = ORIGIN_MS + elapsedMs;
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#pop();
      const { callback } = next;
      if (callback === null) continue;
      next.callback = null;
      this.#now = next.atMs;
      callback();
    }
    this.#now = Math.max(this.#now, untilMs);
  }

  #push(timer: VirtualTimer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    const { length } = heap;
    if (length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(one: VirtualTimer, other: VirtualTimer): boolean {
  return one.atMs === other.atMs ? one.order < other.order : one.atMs < other.atMs;
}
