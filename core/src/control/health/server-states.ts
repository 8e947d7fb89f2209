/**
 * ServerStates: the state of each watched server, from what its check says and what holds it back, written to the server table. Main thread.
 *
 * A server that comes back is `starting` for as long as its backend's `slow start` says.
 */
import { SERVER_STATES, type ServerState, type ServerTable } from '../../shared/tables/server-table.ts';
import type { Timers } from '../clock/timers.ts';
import type { HealthHistory } from './health-history.ts';
import type { ProbeSchedule } from './probe-schedule.ts';
import type { ServerHealth } from './server-health.ts';
import { SlowStarts } from './slow-starts.ts';

/** ServerEvent is a change of a server's state. */
export interface ServerEvent {
  readonly backend: string;
  readonly server: string;
  /** `absent`: it was no member of the backend. */
  readonly from: ServerState | 'absent';
  /** `absent`: it is no member any more. */
  readonly to: ServerState | 'absent';
  /** Why, for people: `status 503, expected 200`, `ejected for 10 s: 5 failures in a row`. */
  readonly reason: string;
}

/** Holder is what may hold a server back besides its check: it fails real requests, or its name has no address. */
export type Holder = 'ejection' | 'name';

/** Watched is one server of the running plan. */
export interface Watched {
  readonly slot: number;
  readonly backend: string;
  readonly server: string;
  /** As JSON. */
  readonly address: string;
  readonly history: HealthHistory;
  /** The check and its options as text; null: none. */
  check: string | null;
  health: ServerHealth | null;
  schedule: ProbeSchedule | null;
  /** Why it is held back in spite of its check, by what holds it. */
  readonly held: Map<Holder, string>;
  /** How long it takes to get its whole share when it comes back; 0: it has it at once. */
  slowStartMs: number;
  state: ServerState;
}

export class ServerStates {
  readonly #servers: ServerTable;
  readonly #slowStarts: SlowStarts;
  readonly #changed: (event: ServerEvent) => void;

  constructor(servers: ServerTable, timers: Timers, changed: (event: ServerEvent) => void) {
    this.#servers = servers;
    this.#slowStarts = new SlowStarts(servers, timers);
    this.#changed = changed;
  }

  /** hold keeps a server stopped, whatever its check says. False: it is held back already. */
  hold(watched: Watched, reason: string, by: Holder): boolean {
    const isHeld = watched.held.size > 0;
    if (isHeld && by === 'ejection') return false;
    watched.held.set(by, reason);
    if (isHeld) return false;
    this.settle(watched, reason);
    return true;
  }

  /** letGo ends that. */
  letGo(watched: Watched, reason: string, by: Holder): void {
    if (watched.held.delete(by)) this.settle(watched, reason);
  }

  /** cameBack: a server is ready again that was in maintenance. */
  cameBack(watched: Watched): void {
    this.#servers.cameBack(watched.slot);
    if (watched.state === 'running') this.slowStart(watched, 'it is back from maintenance');
  }

  /** leave: a server is no longer watched. */
  leave({ slot }: Watched): void {
    this.#slowStarts.cancel(slot);
  }

  /** stop ends all slow starts. States stay as they are. */
  stop(): void {
    this.#slowStarts.stop();
  }

  /** settle works a server's state out from all that is known, and emits an event when it has changed. */
  settle(watched: Watched, reason: string): void {
    const from = watched.state;
    const to = watched.held.size > 0 ? 'stopped' : (watched.health?.state ?? 'running');
    if (to === from || (to === 'running' && from === 'starting')) return;
    if (from === 'stopped') this.#servers.cameBack(watched.slot);
    if (to === 'running' && from === 'stopped' && this.slowStart(watched, reason)) return;
    this.#slowStarts.cancel(watched.slot);
    this.#setState(watched, to, reason);
  }

  /** startingForMs is how long a server has been `starting`; null: it is not. */
  startingForMs({ slot }: Watched): number | null {
    return this.#slowStarts.elapsedMs(slot);
  }

  /** slowStart makes a server that could run `starting`; false: its backend has no slow start. `elapsedMs`: so much of it has passed. */
  slowStart(watched: Watched, reason: string, elapsedMs = 0): boolean {
    if (watched.slowStartMs === 0) return false;
    const over = (): void => this.#setState(watched, 'running', 'its slow start is over');
    this.#slowStarts.start(watched.slot, watched.slowStartMs, over, elapsedMs);
    this.#setState(watched, 'starting', reason);
    return true;
  }

  #setState(watched: Watched, to: ServerState, reason: string): void {
    const from = watched.state;
    watched.state = to;
    this.#servers.setState(watched.slot, SERVER_STATES.indexOf(to));
    this.announce(watched, from, reason);
  }

  /** announce emits an event when a server's state is not the one that it had. */
  announce({ backend, server, state }: Watched, from: ServerState, reason: string): void {
    if (state !== from) this.#changed({ backend, server, from, to: state, reason });
  }
}

/** heldBy is why a server is held back in spite of its check; null: it is not. */
export function heldBy({ held }: Watched): string | null {
  return held.get('name') ?? held.get('ejection') ?? null;
}
