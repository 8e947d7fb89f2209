/**
 * TimerGrid: timers that come due together, for what happens often and need not be exact. Main thread.
 *
 * A process that wakes for each of a thousand probes a second spends more on waking, with cold caches each time, than on the probes. Here
 * all that is due within 25 ms is done in one turn, one after the other, with one timer of the system.
 */
import type { Timers } from './timers.ts';

/** How far apart the moments are at which something is done. */
const GRID_MS = 25;
/** Shorter waits are as long as they say. */
const EXACT_MS = 4 * GRID_MS;

/** Appointment is one call that is to come; what `clear` takes. */
interface Appointment {
  readonly moment: Moment;
  /** null: it was kept, or cleared. */
  callback: (() => void) | null;
}

/** Moment is when appointments are kept. */
interface Moment {
  /** Its number on the grid; -1: it lies beside it. */
  readonly number: number;
  readonly appointments: Appointment[];
  /** Of them, those that were neither kept nor cleared. */
  left: number;
  timer: unknown;
}

export class TimerGrid {
  readonly #timers: Timers;
  /** Those that lie on the grid, by number. */
  readonly #moments = new Map<number, Moment>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  now(): number {
    return this.#timers.now();
  }

  /** about calls back once, after so many milliseconds or up to half a step of the grid earlier or later. */
  about(callback: () => void, delayMs: number): unknown {
    return this.#make(callback, delayMs, GRID_MS / 2);
  }

  /** notBefore calls back once, after so many milliseconds or up to a step of the grid later. */
  notBefore(callback: () => void, delayMs: number): unknown {
    return this.#make(callback, delayMs, GRID_MS);
  }

  /** clear takes an appointment back. One that was kept already is none. */
  clear(made: unknown): void {
    if (made === undefined) return;
    const appointment = made as Appointment;
    if (appointment.callback === null) return;
    appointment.callback = null;
    const { moment } = appointment;
    if (--moment.left > 0) return;
    this.#timers.clear(moment.timer);
    if (moment.number >= 0) this.#moments.delete(moment.number);
  }

  #make(callback: () => void, delayMs: number, laterMs: number): Appointment {
    const moment = this.#moment(delayMs, laterMs);
    const appointment = { moment, callback };
    moment.appointments.push(appointment);
    moment.left++;
    return appointment;
  }

  #moment(delayMs: number, laterMs: number): Moment {
    if (delayMs < EXACT_MS) return this.#set(-1, delayMs);
    const nowMs = this.#timers.now();
    // What lies on the grid stays there: sums of fractions are a little off.
    const number = Math.floor((nowMs + delayMs + laterMs - 0.001) / GRID_MS);
    const known = this.#moments.get(number);
    if (known !== undefined) return known;
    const moment = this.#set(number, number * GRID_MS - nowMs);
    this.#moments.set(number, moment);
    return moment;
  }

  #set(number: number, delayMs: number): Moment {
    const moment: Moment = { number, appointments: [], left: 0, timer: undefined };
    moment.timer = this.#timers.set(() => this.#keep(moment, 0), Math.ceil(delayMs));
    return moment;
  }

  /** keep makes the calls. One that throws does not take the others with it: they come in the next turn. */
  #keep(moment: Moment, from: number): void {
    const { appointments, number } = moment;
    this.#moments.delete(number);
    let at = from;
    try {
      while (at < appointments.length) {
        const appointment = appointments[at++]!;
        const { callback } = appointment;
        if (callback === null) continue;
        appointment.callback = null;
        moment.left--;
        callback();
      }
    } finally {
      if (moment.left > 0) moment.timer = this.#timers.set(() => this.#keep(moment, at), 0);
    }
  }
}
