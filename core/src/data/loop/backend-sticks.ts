/**
 * BackendSticks: one backend's stick table as one event loop has it. Hot path; data plane.
 *
 * It lives as long as the backend does, over reloads: when one changes the table's size, requests of the older generation
 * go on in the new memory too, from the moment on in which the loop switches.
 */
import { SharedStickTable } from '../../shared/tables/shared-stick-table.ts';
import type { StickClock } from '../../shared/tables/stick-clock.ts';

export class BackendSticks {
  #memory: SharedArrayBuffer;
  #table: SharedStickTable;
  readonly #clock: StickClock;
  readonly #thread: number;

  constructor(memory: SharedArrayBuffer, clock: StickClock, thread: number) {
    this.#memory = memory;
    this.#clock = clock;
    this.#thread = thread;
    this.#table = new SharedStickTable(memory, clock, thread);
  }

  /** use goes over to other memory, if it is another. */
  use(memory: SharedArrayBuffer): void {
    if (memory === this.#memory) return;
    this.#memory = memory;
    this.#table = new SharedStickTable(memory, this.#clock, this.#thread);
  }

  get(scope: string, key: string, ttlMs: number): number {
    return this.#table.get(scope, key, ttlMs);
  }

  set(scope: string, key: string, slot: number, ttlMs: number): void {
    this.#table.set(scope, key, slot, ttlMs);
  }

  /** count adds one to a counter, `StickIndex.hits` and so on. */
  count(counter: number): void {
    this.#table.count(counter);
  }
}
