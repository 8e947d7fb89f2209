/**
 * CircuitTable: which backends take requests, and which are left alone for a while, over all threads. Hot path; both planes.
 *
 * Closed: all go. Open: none go, until its time is over; then one request is the trial (half-open), and no other goes until the
 * trial has been answered, or as much time again has passed without it.
 */
import { BACKEND_CAPACITY } from './counters.ts';
import type { SharedMemory } from './shared-memory.ts';

/** CIRCUIT_STATES by number. */
export const CIRCUIT_STATES = ['closed', 'open', 'half-open'] as const;
export type CircuitState = (typeof CIRCUIT_STATES)[number];

const CLOSED = 0;
const OPEN = 1;
const HALF_OPEN = 2;

/** What `admit` says. */
export const REFUSED = 0;
export const ADMITTED = 1;
/** This request decides what becomes of the circuit. */
export const TRIAL = 2;

const STRIDE = 2;
const STATE = 0;
/** When the next trial may come, in tenths of a second of the data planes' clock. */
const UNTIL = 1;
const TICK_MS = 100;

export class CircuitTable {
  readonly #words: Int32Array;

  static bytes(): number {
    return 4 * STRIDE * BACKEND_CAPACITY;
  }

  constructor(memory: SharedMemory) {
    this.#words = new Int32Array(memory.circuits);
  }

  state(slot: number): CircuitState {
    return CIRCUIT_STATES[this.#words[slot * STRIDE + STATE]!]!;
  }

  isClosed(slot: number): boolean {
    return this.#words[slot * STRIDE + STATE] === CLOSED;
  }

  /** admit says whether a request may go. `openMs`: how long the circuit stays open before a trial, and a trial may take. */
  admit(slot: number, nowMs: number, openMs: number): number {
    const at = slot * STRIDE;
    if (Atomics.load(this.#words, at + STATE) === CLOSED) return ADMITTED;
    const until = Atomics.load(this.#words, at + UNTIL);
    if (tickOf(nowMs) < until) return REFUSED;
    const next = tickOf(nowMs + openMs);
    if (Atomics.compareExchange(this.#words, at + UNTIL, until, next) !== until) return REFUSED;
    if (Atomics.load(this.#words, at + STATE) === CLOSED) return ADMITTED;
    Atomics.store(this.#words, at + STATE, HALF_OPEN);
    return TRIAL;
  }

  /** open breaks a closed circuit; false: another thread has done it. */
  open(slot: number, nowMs: number, openMs: number): boolean {
    const at = slot * STRIDE;
    if (!this.isClosed(slot)) return false;
    Atomics.store(this.#words, at + UNTIL, tickOf(nowMs + openMs));
    return Atomics.compareExchange(this.#words, at + STATE, CLOSED, OPEN) === CLOSED;
  }

  /** tried ends a trial: the circuit closes, or stays open for as long again. False: there is none under way. */
  tried(slot: number, isWell: boolean, nowMs: number, openMs: number): boolean {
    const at = slot * STRIDE;
    if (!isWell) Atomics.store(this.#words, at + UNTIL, tickOf(nowMs + openMs));
    return Atomics.compareExchange(this.#words, at + STATE, HALF_OPEN, isWell ? CLOSED : OPEN) === HALF_OPEN;
  }

  /** trialInMs is how long it is until the next trial may come; 0: at once. */
  trialInMs(slot: number, nowMs: number): number {
    return Math.max(0, (this.#words[slot * STRIDE + UNTIL]! - tickOf(nowMs)) * TICK_MS);
  }

  reset(slot: number): void {
    Atomics.store(this.#words, slot * STRIDE + UNTIL, 0);
    Atomics.store(this.#words, slot * STRIDE + STATE, CLOSED);
  }
}

function tickOf(ms: number): number {
  return Math.ceil(ms / TICK_MS) % 0x7fffffff;
}
