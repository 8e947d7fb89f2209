/**
 * VirtualServer: a server of a simulation: how it is, how long it takes, and what it does to those who are with it when
 * that changes. Main thread.
 */
import type { ProbeResult } from '../plugin/health-check.ts';
import type { Condition } from './options.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock, VirtualTimer } from './virtual-clock.ts';

/** How long it takes to hear that a connection is refused, or a server's quickest answer. */
const ROUND_TRIP_MS = 0.5;

/** Visit is a request, or a probe, that is with a server. */
export interface Visit {
  /** answered: with this status. */
  answered(status: number): void;
  /** lost: no connection was made, or, with `wasSent`, it broke before an answer. */
  lost(wasSent: boolean): void;
}

export interface VirtualServerOptions {
  /** `backend/server` */
  readonly path: string;
  readonly slot: number;
  readonly workers: number;
  readonly slow: number;
  readonly errors: number;
  service(): number;
  readonly random: SeededRandom;
  readonly clock: VirtualClock;
}

export class VirtualServer {
  readonly path: string;
  readonly slot: number;
  slow: number;
  errors: number;
  /** Requests that came, in all. */
  requests = 0;
  readonly #options: VirtualServerOptions;
  #condition: Condition = 'well';
  /** Being worked on, with the timer of their end; null: it is due, but the server is hung. */
  readonly #working = new Map<Visit, VirtualTimer | null>();
  /** In the server, but not begun: all workers are busy, or it is hung. */
  readonly #waiting = new Set<Visit>();

  constructor(options: VirtualServerOptions) {
    this.#options = options;
    this.path = options.path;
    this.slot = options.slot;
    this.slow = options.slow;
    this.errors = options.errors;
  }

  get condition(): Condition {
    return this.#condition;
  }

  /** become changes how it is. */
  become(condition: Condition): void {
    this.#condition = condition;
    if (condition === 'refusing' || condition === 'unreachable') {
      const all = [...this.#working.keys(), ...this.#waiting];
      for (const visit of all) this.leave(visit);
      for (const visit of all) visit.lost(true);
    } else if (condition !== 'hung') {
      const due = [...this.#working].filter(([, timer]) => timer === null);
      for (const [visit] of due) this.#end(visit);
      this.#next();
    }
  }

  /** visit takes a request in. Nothing is said to the visitor before this returns. */
  visit(visit: Visit): void {
    const { clock } = this.#options;
    this.requests++;
    if (this.#condition === 'refusing') {
      this.#working.set(
        visit,
        clock.set(() => this.#lose(visit), ROUND_TRIP_MS),
      );
    } else if (this.#condition === 'unreachable') {
      this.#working.set(visit, null);
    } else if (this.#condition === 'failing') {
      this.#working.set(
        visit,
        clock.set(() => this.#answer(visit, 503), ROUND_TRIP_MS),
      );
    } else {
      this.#waiting.add(visit);
      this.#next();
    }
  }

  /** leave: the visitor has gone. */
  leave(visit: Visit): void {
    const timer = this.#working.get(visit);
    if (timer !== undefined) {
      this.#options.clock.clear(timer);
      this.#working.delete(visit);
      this.#next();
    } else {
      this.#waiting.delete(visit);
    }
  }

  /** probe answers a health check, by `heard`. Returns what ends it early. Checks do not wait for workers. */
  probe(heard: (result: ProbeResult) => void): () => void {
    const { clock } = this.#options;
    const timer = clock.set(() => {
      const result = this.#probed();
      if (result !== null) heard(result);
    }, ROUND_TRIP_MS * this.slow);
    return () => clock.clear(timer);
  }

  /** null: it says nothing. */
  #probed(): ProbeResult | null {
    if (this.#condition === 'hung' || this.#condition === 'unreachable') return null;
    if (this.#condition === 'refusing') return { status: 'failed', reason: 'connection refused' };
    if (this.#condition === 'failing') return { status: 'failed', reason: 'status 503' };
    return { status: 'passed', reason: 'status 200' };
  }

  #next(): void {
    const { workers, clock, service } = this.#options;
    if (this.#condition !== 'well') return;
    for (const visit of this.#waiting) {
      if (this.#working.size >= workers) return;
      this.#waiting.delete(visit);
      this.#working.set(
        visit,
        clock.set(() => this.#due(visit), service() * this.slow),
      );
    }
  }

  #due(visit: Visit): void {
    if (this.#condition === 'hung') this.#working.set(visit, null);
    else this.#end(visit);
  }

  #end(visit: Visit): void {
    const isError = this.errors > 0 && this.#options.random.next() < this.errors;
    this.#answer(visit, isError || this.#condition === 'failing' ? 503 : 200);
  }

  #answer(visit: Visit, status: number): void {
    this.#working.delete(visit);
    this.#next();
    visit.answered(status);
  }

  #lose(visit: Visit): void {
    this.#working.delete(visit);
    visit.lost(false);
  }
}
