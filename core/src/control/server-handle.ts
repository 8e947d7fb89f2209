/**
 * ServerHandle: what people do to a server by hand, and what they see of it. Main thread.
 */
import {
  ADMIN_STATES,
  type AdminState,
  SERVER_STATES,
  type ServerState,
  type ServerTable,
} from '../shared/server-table.ts';
import { GatewayError } from './errors.ts';

/** AdminEvent is a change that somebody made by hand. */
export interface AdminEvent {
  readonly backend: string;
  readonly server: string;
  readonly from: AdminState;
  readonly to: AdminState;
}

export class ServerHandle {
  readonly backend: string;
  readonly server: string;
  readonly #slot: number;
  readonly #servers: ServerTable;
  readonly #changed: (event: AdminEvent) => void;

  constructor(
    backend: string,
    server: string,
    slot: number,
    servers: ServerTable,
    changed: (event: AdminEvent) => void,
  ) {
    this.backend = backend;
    this.server = server;
    this.#slot = slot;
    this.#servers = servers;
    this.#changed = changed;
  }

  /** What checks say. */
  get state(): ServerState {
    return SERVER_STATES[this.#servers.state(this.#slot)]!;
  }

  /** What people say. */
  get admin(): AdminState {
    return ADMIN_STATES[this.#servers.admin(this.#slot)]!;
  }

  /** Requests and tunnels on it now, over all threads. */
  get open(): number {
    return this.#servers.open(this.#slot);
  }

  /** drain keeps its sticky clients and takes no new ones. */
  drain(): void {
    this.#setAdmin('drain');
  }

  /** maint takes nobody, and stops its health checks. */
  maint(): void {
    this.#setAdmin('maint');
  }

  /** ready ends drain or maint. */
  ready(): void {
    this.#setAdmin('ready');
  }

  /** weight sets its share, 0 to 256, until a reload brings another. Throws SG0503. */
  weight(weight: number): void {
    if (!Number.isInteger(weight) || weight < 0 || weight > 256) throw new GatewayError('SG0503', { weight });
    this.#servers.setWeight(this.#slot, weight);
  }

  #setAdmin(to: AdminState): void {
    const from = this.admin;
    if (from === to) return;
    this.#servers.setAdmin(this.#slot, ADMIN_STATES.indexOf(to));
    this.#changed({ backend: this.backend, server: this.server, from, to });
  }
}
