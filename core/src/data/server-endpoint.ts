/**
 * ServerEndpoint: one server as one event loop reaches it, with its idle connections. Hot path; data plane.
 *
 * It belongs to a slot and address and lives over generations, so that a reload keeps the pool warm.
 */
import type { Address } from '@sluice/dsl/plan';
import { ServerIndex } from '../shared/counters.ts';
import type { Exchange } from './exchange/exchange.ts';
import type { ServerSide } from './exchange/server-side.ts';
import { ServerConnection } from './http1/server-connection.ts';
import { ServerSession } from './http2/server-session.ts';
import type { Loop } from './loop.ts';
import type { EndpointTls } from './server-tls.ts';
import { RelayServer } from './tcp/relay-server.ts';

/** Most idle connections kept for one server by one event loop; `timeout idle` ends those that were needed only for a peak. */
const MOST_IDLE = 2048;
/** A kept connection idle for longer than this many ticks is not trusted with a request that cannot be sent again. */
const FRESH_TICKS = 5;

export class ServerEndpoint {
  readonly slot: number;
  readonly address: Address;
  readonly key: string;
  /** How TLS is spoken to it; null: it is not. */
  readonly tls: EndpointTls | null;
  /** Newest last: the one used last is the least likely to have been closed by the server. */
  readonly #idle: ServerConnection[] = [];
  /** HTTP/2 connections, which carry many requests each. */
  readonly #sessions: ServerSession[] = [];
  #isRetired = false;

  constructor(slot: number, address: Address, tls: EndpointTls | null = null) {
    this.slot = slot;
    this.address = address;
    this.tls = tls;
    this.key = endpointKey(slot, address, tls?.key);
  }

  /**
   * attempt has a request sent to the server, over a kept connection if there is a good one. `isRepeatable`: it may be sent
   * again, so that any will do; `needsNew`: a kept one has just turned out to be dead.
   */
  attempt(exchange: Exchange, loop: Loop, isRepeatable: boolean, needsNew: boolean): ServerSide {
    if (exchange.isRelayed) {
      loop.counters.server(this.slot, ServerIndex.connects);
      return new RelayServer(this, exchange, loop);
    }
    // A WebSocket begins with an upgrade, which is HTTP/1's.
    if (exchange.backend.plan.protocol === 'http2' && exchange.request.upgrade === '') {
      return this.#session(exchange, loop, needsNew).attempt(exchange);
    }
    let connection = needsNew ? undefined : this.#take(isRepeatable ? 0 : loop.wheel.tick - FRESH_TICKS);
    if (connection === undefined) {
      loop.counters.server(this.slot, ServerIndex.connects);
      connection = new ServerConnection(this, loop);
    }
    connection.begin(exchange);
    return connection;
  }

  #session(exchange: Exchange, loop: Loop, needsNew: boolean): ServerSession {
    const found = needsNew ? undefined : this.#sessions.find((session) => session.canTake);
    if (found !== undefined) return found;
    loop.counters.server(this.slot, ServerIndex.connects);
    const session = new ServerSession(this, loop, exchange);
    this.#sessions.push(session);
    return session;
  }

  /** lost: an HTTP/2 connection has ended. */
  lost(session: ServerSession): void {
    const at = this.#sessions.indexOf(session);
    if (at !== -1) this.#sessions.splice(at, 1);
  }

  /** keep takes a connection back; false when it should be closed. */
  keep(connection: ServerConnection): boolean {
    if (this.#isRetired || this.#idle.length >= MOST_IDLE) return false;
    this.#idle.push(connection);
    return true;
  }

  /** lose forgets an idle connection that has ended. */
  lose(connection: ServerConnection): void {
    const at = this.#idle.lastIndexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  /** flush closes the idle connections: the server has been found dead, so none of them is worth a try. */
  flush(): void {
    for (const connection of this.#idle.splice(0)) connection.discard();
    for (const session of [...this.#sessions]) session.retire();
  }

  /** retire closes idle connections now and busy ones after their answer. */
  retire(): void {
    this.#isRetired = true;
    this.flush();
  }

  revive(): void {
    this.#isRetired = false;
  }

  #take(freshSince: number): ServerConnection | undefined {
    const last = this.#idle[this.#idle.length - 1];
    if (last === undefined || last.idleSince < freshSince) return undefined;
    this.#idle.pop();
    return last;
  }
}

/** endpointKey tells endpoints apart. */
export function endpointKey(slot: number, address: Address, tls = ''): string {
  return `${slot} ${JSON.stringify(address)} ${tls}`;
}
