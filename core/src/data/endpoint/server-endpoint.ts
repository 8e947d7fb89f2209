/**
 * ServerEndpoint: one server as one event loop reaches it, with its idle connections. Hot path; data plane.
 *
 * It belongs to a slot and address and lives over generations, so that a reload keeps the pool warm.
 */

import type { Address } from '@sluice/dsl/plan';
import { ServerIndex } from '../../shared/tables/counters.ts';
import { isName, type NameTable } from '../../shared/tables/name-table.ts';
import type { Endpoint } from '../backend/endpoint.ts';
import type { EndpointTls } from '../backend/server-tls.ts';
import { ServerConnection } from '../http1/server-connection.ts';
import { ServerSession } from '../http2/server-session.ts';
import type { ServerStream } from '../http2/server-stream.ts';
import type { Loop } from '../loop/loop.ts';
import { RelayServer } from '../relay/relay-server.ts';
import type { AttemptedExchange } from '../sides/attempted-exchange.ts';
import type { ServerSide } from '../sides/server-side.ts';

/** Most idle connections kept for one server by one event loop; `timeout idle` ends those that were needed only for a peak. */
const MOST_IDLE = 2048;
/** Of those, the most that were introduced as some client's (`send proxy`): the oldest make room. */
const MOST_INTRODUCED = 1024;
/** HTTP/2 connections on which streams are refused: with so many of them another would be no better. */
const MOST_REFUSING = 8;
/** A kept connection idle for longer than this many ticks is not trusted with a request that cannot be sent again. */
const FRESH_TICKS = 5;

export class ServerEndpoint implements Endpoint {
  readonly slot: number;
  readonly address: Address;
  readonly key: string;
  /** Its host is a name, whose addresses the loop knows. */
  readonly isNamed: boolean;
  /** How TLS is spoken to it; null: it is not. */
  readonly tls: EndpointTls | null;
  /** Newest last: the one used last is the least likely to have been closed by the server. */
  readonly #idle: ServerConnection[] = [];
  /** Those that begin with a PROXY header, by it: nobody else's request may go over them. Those unused for longest come first. */
  readonly #introduced = new Map<string, ServerConnection[]>();
  #introducedCount = 0;
  /** HTTP/2 connections, which carry many requests each. */
  readonly #sessions: ServerSession[] = [];
  /** Streams that the server last said it takes at once on a connection; 0: it has not said yet. */
  streamLimit = 0;
  /** Streams that it takes on a connection before it closes that, as far as it has shown. */
  streamsPerConnection = Number.POSITIVE_INFINITY;
  #isRetired = false;

  constructor(slot: number, address: Address, tls: EndpointTls | null = null) {
    this.slot = slot;
    this.address = address;
    this.tls = tls;
    this.isNamed = 'host' in address && isName(address.host);
    this.key = endpointKey(slot, address, tls?.key);
  }

  /**
   * attempt has a request sent to the server, over a kept connection if there is a good one. `isRepeatable`: it may be sent
   * again, so that any will do; `needsNew`: a kept one has just turned out to be dead.
   */
  attempt(exchange: AttemptedExchange, loop: Loop, isRepeatable: boolean, needsNew: boolean): ServerSide {
    const { sendProxy } = exchange.backend;
    const introduction = sendProxy === null ? '' : exchange.client.peer.introduction(sendProxy, exchange.request.ip);
    if (exchange.isRelayed) {
      loop.counters.server(this.slot, ServerIndex.connects);
      return new RelayServer(this, exchange, loop, introduction);
    }
    if (introduction !== '') exchange.client.peer.rememberIntroduction(this, introduction);
    // A WebSocket begins with an upgrade, which is HTTP/1's.
    if (exchange.backend.plan.protocol === 'http2' && exchange.request.upgrade === '') {
      return this.#session(exchange, loop, needsNew, introduction).attempt(exchange);
    }
    const freshSince = isRepeatable ? 0 : loop.wheel.tick - FRESH_TICKS;
    let connection = needsNew
      ? undefined
      : introduction === ''
        ? this.#take(freshSince)
        : this.#takeIntroduced(introduction, freshSince);
    if (connection === undefined) {
      loop.counters.server(this.slot, ServerIndex.connects);
      connection = new ServerConnection(this, loop, introduction);
    }
    connection.startAttempt(exchange);
    return connection;
  }

  #session(exchange: AttemptedExchange, loop: Loop, needsNew: boolean, introduction: string): ServerSession {
    let refusing: ServerSession | undefined;
    let refusingCount = 0;
    for (const session of this.#sessions) {
      if (session.introduction !== introduction || !session.canTake || (needsNew && !session.isNew)) continue;
      if (!session.refusesLately) return session;
      refusing = session;
      refusingCount++;
    }
    if (refusing !== undefined && refusingCount >= MOST_REFUSING) return refusing;
    loop.counters.server(this.slot, ServerIndex.connects);
    if (introduction !== '' && this.#sessions.length >= MOST_INTRODUCED) {
      this.#sessions.find((session) => session.isIdle)?.retire();
    }
    const session = new ServerSession(this, loop, exchange, introduction);
    this.#sessions.push(session);
    return session;
  }

  /** move gives a stream that waits on one HTTP/2 connection to another. */
  move(stream: ServerStream, exchange: AttemptedExchange, from: ServerSession): void {
    this.#session(exchange, from.loop, false, from.introduction).adopt(stream);
  }

  /** onLost: an HTTP/2 connection has ended. */
  onLost(session: ServerSession): void {
    const at = this.#sessions.indexOf(session);
    if (at !== -1) this.#sessions.splice(at, 1);
  }

  /** keep takes a connection back; false when it should be closed. */
  keep(connection: ServerConnection): boolean {
    if (this.#isRetired) return false;
    if (this.isNamed && !this.#isCurrent(connection.remote, connection.loop.names)) return false;
    if (connection.introduction !== '') {
      this.#keepIntroduced(connection);
      return true;
    }
    if (this.#idle.length >= MOST_IDLE) return false;
    this.#idle.push(connection);
    return true;
  }

  #keepIntroduced(connection: ServerConnection): void {
    const { introduction } = connection;
    if (this.#introducedCount >= MOST_INTRODUCED) {
      for (const [oldest] of this.#introduced.values()) {
        oldest!.discard();
        break;
      }
    }
    const own = this.#introduced.get(introduction);
    if (own === undefined) this.#introduced.set(introduction, [connection]);
    else own.push(connection);
    this.#introducedCount++;
  }

  /** part closes what is kept for a client that has gone. */
  forgetIntroduction(introduction: string): void {
    for (const connection of [...(this.#introduced.get(introduction) ?? [])]) connection.discard();
    for (const session of this.#sessions) {
      if (session.introduction === introduction) session.retire();
    }
  }

  /** lose forgets an idle connection that has ended. */
  lose(connection: ServerConnection): void {
    const { introduction } = connection;
    if (introduction !== '') {
      const own = this.#introduced.get(introduction) ?? [];
      const at = own.lastIndexOf(connection);
      if (at === -1) return;
      own.splice(at, 1);
      this.#introducedCount--;
      if (own.length === 0) this.#introduced.delete(introduction);
      return;
    }
    const at = this.#idle.lastIndexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }

  /** onNamesChanged: the server's name has other addresses. What goes to one that it has no more ends when nothing is open on it. */
  onNamesChanged(names: NameTable): void {
    for (const connection of [...this.#idle, ...[...this.#introduced.values()].flat()]) {
      if (!this.#isCurrent(connection.remote, names)) connection.discard();
    }
    for (const session of [...this.#sessions]) if (!this.#isCurrent(session.remote, names)) session.retire();
  }

  #isCurrent(remote: string, names: NameTable): boolean {
    return remote === '' || 'path' in this.address || names.has(this.address.host, remote);
  }

  /** flush closes the idle connections: the server has been found dead, so none of them is worth a try. */
  flush(): void {
    for (const connection of this.#idle.splice(0)) connection.discard();
    for (const connection of [...this.#introduced.values()].flat()) connection.discard();
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

  #takeIntroduced(introduction: string, freshSince: number): ServerConnection | undefined {
    const last = this.#introduced.get(introduction)?.at(-1);
    if (last === undefined || last.idleSince < freshSince) return undefined;
    this.lose(last);
    return last;
  }
}

/** endpointKey tells endpoints apart. */
export function endpointKey(slot: number, address: Address, tls = ''): string {
  return `${slot} ${JSON.stringify(address)} ${tls}`;
}
