/**
 * Planes: all data planes of a gateway as one, whether they run in threads (ThreadPool) or on the caller's loop
 * (LocalPlane). Main thread.
 */

import type { FailedRequest } from '../../shared/orders/failed-request.ts';
import type { LimitedKey } from '../../shared/orders/limited-key.ts';
import type {
  DataPlane,
  MembersOrder,
  OpenSession,
  OpenSessions,
  PrepareOrder,
  SessionFilter,
} from '../../shared/orders/orders.ts';
import { BEAT_INTERVAL_MS, Heartbeats } from '../../shared/tables/heartbeats.ts';
import type { NameChanges } from '../../shared/tables/name-table.ts';
import type { SharedMemory } from '../../shared/tables/shared-memory.ts';
import { StickClock } from '../../shared/tables/stick-clock.ts';
import type { Timers } from '../clock/timers.ts';

export interface Planes {
  /** How many data planes there are: threads, or 1 for the caller's own loop. */
  readonly size: number;
  start(): Promise<void>;
  /** prepare makes a generation ready everywhere. Rejects when one cannot; the others may be ready then: abandon it. */
  prepare(order: PrepareOrder | MembersOrder): Promise<void>;
  /** activate switches all of them, after prepare. A plane that is lost meanwhile is replaced, so this never fails. */
  activate(generation: number): Promise<void>;
  abandon(generation: number): Promise<void>;
  /** know tells all of them, and those that come later, which addresses servers' names have. What is told before `prepare` is known there. */
  updateNames(changes: NameChanges): void;
  /** drain ends all of them within the deadline and says how many connections it cut. */
  drain(deadlineMs: number): Promise<number>;
  /**
   * sessions tells what is open and wanted: of each plane the `most` oldest. When it resolves, whatever any plane had
   * chosen a server for before the call is counted in the server table, or has ended.
   */
  sessions(wanted: SessionFilter, most: number): Promise<PlaneSessions>;
  /** endSessions ends what is open and wanted, and says how many that were. */
  endSessions(wanted: SessionFilter): Promise<number>;
  /** errors are the `most` latest requests that were refused or failed, newest first. */
  errors(most: number): Promise<readonly PlaneError[]>;
  /** limited are the keys that were over a rate limit lately: the `most` latest of each plane. */
  limited(most: number): Promise<readonly LimitedKey[]>;
  /** cut has what is open on the slot tried elsewhere, answered, or broken off, and says how many were not tried elsewhere. */
  cut(slot: number): Promise<number>;
  /** stop ends all of them at once, also while they drain. */
  stop(): Promise<void>;
  /** What is known of each, by number. */
  status(): readonly PlaneStatus[];
}

/** PlaneSession is an open session and the plane it is on. */
export interface PlaneSession extends OpenSession {
  readonly thread: number;
}

export interface PlaneSessions {
  readonly count: number;
  readonly sessions: readonly PlaneSession[];
}

/** mergeSessions puts the planes' answers together; a plane's number is its place. */
export function mergeSessions(planes: readonly OpenSessions[]): PlaneSessions {
  return {
    count: planes.reduce((sum, { count }) => sum + count, 0),
    sessions: planes.flatMap(({ sessions }, thread) => sessions.map((session) => ({ ...session, thread }))),
  };
}

/** PlaneError is a request that was refused or failed, and the plane that it was on. */
export interface PlaneError extends FailedRequest {
  readonly thread: number;
}

/** mergeErrors puts the planes' answers together, newest first; a plane's number is its place. */
export function mergeErrors(planes: readonly (readonly FailedRequest[])[], most: number): readonly PlaneError[] {
  const all = planes.flatMap((errors, thread) => errors.map((error) => ({ ...error, thread })));
  return all.sort((a, b) => b.atMs - a.atMs).slice(0, most);
}

export interface PlaneStatus {
  readonly thread: number;
  readonly state: 'starting' | 'serving' | 'lost' | 'stopped';
  /** How often it was replaced. */
  readonly replaced: number;
}

/** LocalPlane is the data plane on the caller's own loop. It beats as a thread does, so that its lateness is known too. */
export class LocalPlane implements Planes {
  readonly size = 1;
  readonly #plane: DataPlane;
  readonly #timers: Timers;
  readonly #heartbeats: Heartbeats;
  readonly #sticks: StickClock;
  #state: PlaneStatus['state'] = 'starting';
  #timer: unknown;

  constructor(plane: DataPlane, memory: SharedMemory, timers: Timers) {
    this.#plane = plane;
    this.#timers = timers;
    this.#heartbeats = new Heartbeats(memory, 0);
    this.#sticks = new StickClock(memory.sticks);
  }

  async start(): Promise<void> {
    this.#state = 'serving';
    this.#heartbeats.start(this.#timers.now());
    this.#beatLater();
  }

  async prepare(order: PrepareOrder | MembersOrder): Promise<void> {
    await this.#plane.prepare(order);
  }

  async activate(generation: number): Promise<void> {
    this.#plane.activate(generation);
  }

  async abandon(generation: number): Promise<void> {
    await this.#plane.abandon(generation);
  }

  updateNames(changes: NameChanges): void {
    this.#plane.updateNames(changes);
  }

  async drain(deadlineMs: number): Promise<number> {
    return this.#plane.drain(deadlineMs);
  }

  async sessions(wanted: SessionFilter, most: number): Promise<PlaneSessions> {
    return mergeSessions([this.#plane.sessions(wanted, most)]);
  }

  async endSessions(wanted: SessionFilter): Promise<number> {
    return this.#plane.endSessions(wanted);
  }

  async errors(most: number): Promise<readonly PlaneError[]> {
    return mergeErrors([this.#plane.errors(most)], most);
  }

  async limited(most: number): Promise<readonly LimitedKey[]> {
    return this.#plane.limited(most);
  }

  async cut(slot: number): Promise<number> {
    return this.#plane.cut(slot);
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#timers.clear(this.#timer);
    await this.#plane.stop();
  }

  status(): readonly PlaneStatus[] {
    return [{ thread: 0, state: this.#state, replaced: 0 }];
  }
  #beatLater(): void {
    this.#timer = this.#timers.set(() => {
      const now = this.#timers.now();
      this.#heartbeats.beat(now);
      this.#sticks.set(now);
      this.#beatLater();
    }, BEAT_INTERVAL_MS);
  }
}
