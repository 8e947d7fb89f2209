/**
 * Circuits: what the control plane knows of circuits: which backend it was, and what a reload does to them. Main thread.
 *
 * Data threads break and close them; a circuit stays as it is over a reload that does not change it.
 */
import type { CircuitState, CircuitTable } from '../../shared/tables/circuit-table.ts';
import { OutcomeCounts } from '../../shared/tables/outcome-counts.ts';
import type { Assigned } from '../reload/generations.ts';

/** CircuitEvent is a change of a backend's circuit. */
export interface CircuitEvent {
  readonly backend: string;
  readonly to: CircuitState;
  /** Why, for people: `10 failures in a row, the last: no connection`. */
  readonly reason: string;
}

/** KeptCircuit is an open circuit, as it is kept for the next process. */
export interface KeptCircuit {
  readonly backend: string;
  readonly trialInMs: number;
}

export class Circuits {
  readonly #table: CircuitTable;
  readonly #outcomes: OutcomeCounts;
  /** By slot: the backend's name, and its policy as text. */
  #watched = new Map<number, { readonly name: string; readonly policy: string }>();

  constructor(table: CircuitTable, outcomes: OutcomeCounts) {
    this.#table = table;
    this.#outcomes = outcomes;
  }

  /** watch changes over to a plan. A circuit that is another one now, or none, begins closed. */
  watch({ plan, slots }: Assigned): void {
    const before = this.#watched;
    const after = new Map<number, { readonly name: string; readonly policy: string }>();
    for (const { name, circuit } of plan.backends) {
      if (circuit === null) continue;
      const slot = slots.backends[name]!;
      const policy = JSON.stringify(circuit);
      after.set(slot, { name, policy });
      if (before.get(slot)?.policy === policy) before.delete(slot);
    }
    for (const slot of before.keys()) {
      this.#table.reset(slot);
      this.#outcomes.reset(OutcomeCounts.ofBackend(slot));
    }
    this.#watched = after;
  }

  /** event is what a data thread's report means; null: the backend has no circuit any more. */
  event(slot: number, to: CircuitState, reason: string): CircuitEvent | null {
    const watched = this.#watched.get(slot);
    return watched === undefined ? null : { backend: watched.name, to, reason };
  }

  /** kept are the circuits that are not closed, for `resume` in another process. A trial under way is made again there. */
  *kept(nowMs: number): Iterable<KeptCircuit> {
    for (const [slot, { name: backend }] of this.#watched) {
      const state = this.#table.state(slot);
      if (state === 'closed') continue;
      yield { backend, trialInMs: state === 'open' ? this.#table.trialInMs(slot, nowMs) : 0 };
    }
  }

  /** resume opens a circuit that was open `agoMs` before; false: the backend has none any more. */
  resume({ backend, trialInMs }: KeptCircuit, nowMs: number, agoMs: number): boolean {
    for (const [slot, { name }] of this.#watched) {
      if (name === backend) return this.#table.open(slot, nowMs, Math.max(0, trialInMs - agoMs));
    }
    return false;
  }

  /** state is null for a backend without a circuit. */
  state(slot: number): CircuitState | null {
    return this.#watched.has(slot) ? this.#table.state(slot) : null;
  }
}
