/**
 * TimerWheel: time limits for very many connections at almost no cost. Hot path; data plane.
 *
 * Coarse on purpose: a limit fires up to two ticks late and never early. Moving a deadline is one assignment; an entry
 * stays where it is in the wheel and is looked at again when its slot comes round (Varghese and Lauck, "Hashed and
 * hierarchical timing wheels", 1987, scheme 6, with lazy moves). One interval timer serves the whole event loop.
 */

export const TICK_MS = 100;
const SLOTS = 1024;

/** Timed is anything that can run out of time. */
export abstract class Timed {
  /** The tick at which `expired` is due; 0: no limit now. */
  deadline = 0;
  /** The wheel slot it hangs in, or -1. */
  wheelSlot = -1;
  wheelAt = 0;
  wheelNext: Timed | null = null;
  wheelPrevious: Timed | null = null;
  abstract expired(): void;
}

export class TimerWheel {
  /** Ticks since the wheel was made; begins at 1. */
  tick = 1;
  readonly #expiring: Timed[] = [];
  readonly #slots: (Timed | null)[] = new Array(SLOTS).fill(null);
  readonly #interval: NodeJS.Timeout;
  readonly #now: () => number;
  #startMs: number;

  /** `onTick` is called after each turn. */
  constructor(now: () => number, onTick?: () => void) {
    this.#now = now;
    this.#startMs = now();
    let dueMs = now() + TICK_MS;
    this.#interval = setInterval(() => {
      // While the loop stood still nobody could be heard, and limits set since then began at an old tick: time stood still.
      const lateMs = now() - dueMs;
      if (lateMs > 3 * TICK_MS) this.#startMs += lateMs;
      dueMs = now() + TICK_MS;
      this.turn();
      onTick?.();
    }, TICK_MS);
    this.#interval.unref();
  }

  /** limit gives an entry so many milliseconds from now; 0 takes its limit away. */
  limit(entry: Timed, ms: number): void {
    if (ms === 0) {
      entry.deadline = 0;
      return;
    }
    const due = this.tick + Math.ceil(ms / TICK_MS) + 1;
    entry.deadline = due;
    if (entry.wheelSlot === -1) this.#hang(entry, due);
    else if (due < entry.wheelAt) {
      this.#unhang(entry);
      this.#hang(entry, due);
    }
  }

  /** drop takes an entry out for good. */
  drop(entry: Timed): void {
    entry.deadline = 0;
    if (entry.wheelSlot !== -1) this.#unhang(entry);
  }

  /** turn brings the wheel up to the clock. The interval calls it; tests may too. */
  turn(): void {
    const target = 1 + Math.floor((this.#now() - this.#startMs) / TICK_MS);
    // After a long stall every slot is looked at once at most.
    if (target - this.tick > SLOTS) this.tick = target - SLOTS;
    while (this.tick < target) {
      this.tick++;
      this.#visit(this.tick % SLOTS);
    }
  }

  stop(): void {
    clearInterval(this.#interval);
  }

  #visit(slot: number): void {
    let entry: Timed | null = this.#slots[slot] ?? null;
    this.#slots[slot] = null;
    // Empty the list first: `expired` may limit or drop any entry, itself and its neighbours too.
    while (entry !== null) {
      const next: Timed | null = entry.wheelNext;
      entry.wheelSlot = -1;
      entry.wheelNext = null;
      entry.wheelPrevious = null;
      if (entry.deadline > this.tick) this.#hang(entry, entry.deadline);
      else if (entry.deadline !== 0) this.#expiring.push(entry);
      entry = next;
    }
    for (let at = 0; at < this.#expiring.length; at++) {
      const due = this.#expiring[at]!;
      if (due.deadline === 0 || due.deadline > this.tick) continue;
      due.deadline = 0;
      due.expired();
    }
    this.#expiring.length = 0;
  }

  #hang(entry: Timed, due: number): void {
    const at = Math.min(due, this.tick + SLOTS - 1);
    const slot = at % SLOTS;
    const first = this.#slots[slot] ?? null;
    entry.wheelSlot = slot;
    entry.wheelAt = at;
    entry.wheelPrevious = null;
    entry.wheelNext = first;
    if (first !== null) first.wheelPrevious = entry;
    this.#slots[slot] = entry;
  }

  #unhang(entry: Timed): void {
    const { wheelNext: next, wheelPrevious: previous } = entry;
    if (previous !== null) previous.wheelNext = next;
    else this.#slots[entry.wheelSlot] = next;
    if (next !== null) next.wheelPrevious = previous;
    entry.wheelSlot = -1;
    entry.wheelNext = null;
    entry.wheelPrevious = null;
  }
}
