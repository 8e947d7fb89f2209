/**
 * ServerHandle: what people do to a server by hand, and what they see of it. Main thread.
 */
import {
  ADMIN_STATES,
  type AdminState,
  SERVER_STATES,
  type ServerState,
  type ServerTable,
} from '../../shared/tables/server-table.ts';
import { type Duration, durationMs } from '../clock/deadline.ts';
import type { Timers } from '../clock/timers.ts';
import { GatewayError } from '../report/errors.ts';
import type { StickTables } from '../slots/stick-tables.ts';
import type { PlaneSession, Planes } from '../threads/planes.ts';
import type { DrainResult, DrainStatus, Drains } from './drains.ts';
import type { HealthEntry } from './health-history.ts';

/** AdminEvent is a change of a server's admin state: by somebody's hand, or by the deadline that they gave a drain. */
export interface AdminEvent {
  readonly backend: string;
  readonly server: string;
  readonly from: AdminState;
  readonly to: AdminState;
}

/** SetEvent is a number of a server that somebody set by hand. */
export interface SetEvent {
  readonly backend: string;
  readonly server: string;
  readonly what: 'weight' | 'max';
  readonly from: number;
  readonly to: number;
}

/** ServerSession is a request or tunnel that is open on a server. The path has no query, which may hold secrets. */
export interface ServerSession extends Omit<PlaneSession, 'startMs'> {
  readonly ageMs: number;
}

/** ServerSessions: who holds on to a server. */
export interface ServerSessions {
  /** Requests and tunnels that are open, of which `sessions` are the oldest. */
  readonly open: number;
  /** Clients of the stick table that may come back. Only how many is known: their cookies and addresses are not kept. */
  readonly returning: number;
  readonly sessions: readonly ServerSession[];
}

/** ServerControl is what a handle works with. */
export interface ServerControl {
  readonly servers: ServerTable;
  readonly sticks: StickTables;
  readonly planes: Planes;
  readonly drains: Drains;
  readonly timers: Timers;
  /** What the probes of `backend/server` said, newest first. */
  history(name: string): readonly HealthEntry[];
  adminChanged(event: AdminEvent): void;
  numberChanged(event: SetEvent): void;
}

const MOST_SESSIONS = 100;
const MOST_MAX = 1_000_000;

export class ServerHandle {
  readonly backend: string;
  readonly server: string;
  readonly #slot: number;
  readonly #control: ServerControl;

  constructor(backend: string, server: string, slot: number, control: ServerControl) {
    this.backend = backend;
    this.server = server;
    this.#slot = slot;
    this.#control = control;
  }

  /** What checks say. */
  get state(): ServerState {
    return SERVER_STATES[this.#control.servers.state(this.#slot)]!;
  }

  /** What people say. */
  get admin(): AdminState {
    return ADMIN_STATES[this.#control.servers.admin(this.#slot)]!;
  }

  /** Requests and tunnels on it now, over all threads. */
  get open(): number {
    return this.#control.servers.open(this.#slot);
  }

  /** What its probes said, newest first; probes in a row with the same result are one entry. At most 16; kept over reloads. */
  get history(): readonly HealthEntry[] {
    return this.#control.history(this.#name);
  }

  /** The drain or maint that was last asked for, also when it is done; null: the server is ready. */
  get draining(): DrainStatus | null {
    return this.#control.drains.status(this.#name);
  }

  /**
   * drain keeps its sticky clients and takes no new ones. At the deadline (default: none) it becomes maint: sticky clients go
   * elsewhere with their next request, and with `close` what is open is tried elsewhere, or cut. Resolves when the last session has gone, or
   * nobody waits for that any more; never rejects. Throws SG0504.
   */
  drain(options: { readonly deadline?: Duration; readonly close?: boolean } = {}): Promise<DrainResult> {
    const deadlineMs = options.deadline === undefined ? null : durationMs(options.deadline);
    this.#setAdmin('drain');
    const wish = { to: 'drain', deadlineMs, isCutting: options.close ?? false } as const;
    return this.#control.drains.start(this.#name, this.#slot, wish);
  }

  /**
   * maint takes nobody, and stops its health checks. What is open goes on, unless `close` has it tried elsewhere, or cut. Resolves as drain does.
   */
  maint(options: { readonly close?: boolean } = {}): Promise<DrainResult> {
    this.#setAdmin('maint');
    const wish = { to: 'maint', deadlineMs: null, isCutting: options.close ?? false } as const;
    return this.#control.drains.start(this.#name, this.#slot, wish);
  }

  /** ready ends drain or maint. */
  ready(): void {
    this.#control.drains.cancel(this.#name);
    this.#setAdmin('ready');
  }

  /** weight sets its share, 0 to 256, until the rules give it another than they did. Throws SG0503. */
  weight(weight: number): void {
    if (!Number.isInteger(weight) || weight < 0 || weight > 256) throw new GatewayError('SG0503', { weight });
    const { servers, numberChanged } = this.#control;
    const from = servers.weight(this.#slot);
    if (from === weight) return;
    servers.setWeight(this.#slot, weight);
    numberChanged({ backend: this.backend, server: this.server, what: 'weight', from, to: weight });
  }

  /** max sets the most requests at once, 0 for no limit, until the rules give it another than they did. Throws SG0508. */
  max(max: number): void {
    if (!Number.isInteger(max) || max < 0 || max > MOST_MAX) throw new GatewayError('SG0508', { max });
    const { servers, numberChanged } = this.#control;
    const from = servers.max(this.#slot);
    if (from === max) return;
    servers.setMax(this.#slot, max);
    numberChanged({ backend: this.backend, server: this.server, what: 'max', from, to: max });
  }

  /** sessions asks all data planes who is on the server: the `most` oldest (default 100). */
  async sessions(options: { readonly most?: number } = {}): Promise<ServerSessions> {
    const { most = MOST_SESSIONS } = options;
    const { planes, sticks, timers } = this.#control;
    const { count, sessions } = await planes.sessions({ id: null, slot: this.#slot, client: null }, most);
    const now = timers.now();
    const oldest = [...sessions].sort((a, b) => a.startMs - b.startMs).slice(0, most);
    return {
      open: count,
      returning: sticks.countOf(this.#slot),
      sessions: oldest.map(({ startMs, ...session }) => ({ ...session, ageMs: Math.max(0, now - startMs) })),
    };
  }

  get #name(): string {
    return `${this.backend}/${this.server}`;
  }

  #setAdmin(to: AdminState): void {
    const from = this.admin;
    if (from === to) return;
    this.#control.servers.setAdmin(this.#slot, ADMIN_STATES.indexOf(to));
    this.#control.adminChanged({ backend: this.backend, server: this.server, from, to });
  }
}
