/**
 * ClientConnection: one HTTP/2 connection of a client. Hot path; data plane.
 *
 * It is counted, has time limits, and ends; what its bytes mean is the session's business.
 */
import type { IpAddress } from '@sluice/dsl/match';
import type { OpenSession, SessionFilter } from '../../shared/orders/orders.ts';
import { ListenerIndex } from '../../shared/tables/counters.ts';
import { ClientPeer } from '../exchange/client-peer.ts';
import type { ClientPort } from '../exchange/client-port.ts';
import type { Closable, Loop } from '../loop/loop.ts';
import { Timed } from '../loop/timer-wheel.ts';
import type { Connection, ConnectionHandler } from '../transport/connection.ts';
import { ClientSession, type SessionHost } from './client-session.ts';
import { PROTOCOL_ERROR } from './frames/frame.ts';

/** How long what a client still sends is thrown away after our end, so that it gets to read our last frames. */
const LINGER_MS = 2000;

export class ClientConnection extends Timed implements SessionHost, Closable, ConnectionHandler {
  readonly out: Connection;
  readonly peer: ClientPeer;
  readonly port: ClientPort;
  readonly loop: Loop;
  countedAs = 0;
  readonly #session: ClientSession;
  #bytesIn = 0;
  /** Our side is closed. */
  #isLingering = false;

  /** The connection is read from now on, from the first byte of the preface. */
  constructor(connection: Connection, ip: IpAddress, port: ClientPort, loop: Loop) {
    super();
    this.out = connection;
    this.peer = new ClientPeer(ip, port, connection);
    this.port = port;
    this.loop = loop;
    connection.read(this);
    port.addConnection(this, ip);
    this.#session = new ClientSession(this);
    this.sessionMoved();
  }

  /** refusePreface ends a connection that has to be of HTTP/2 and does not begin like one (RFC 9113 section 3.4). */
  refusePreface(): void {
    this.#session.fail(PROTOCOL_ERROR);
  }

  // As the loop sees it.

  get isIdle(): boolean {
    return this.#session.isIdle && !this.out.isFull;
  }

  release(): void {
    if (!this.#isLingering) this.#session.leave();
  }

  addSessionsIf(wanted: SessionFilter, found: OpenSession[]): void {
    this.#session.addSessionsIf(wanted, found);
  }

  endSessionsIf(wanted: SessionFilter): number {
    return this.#session.endSessionsIf(wanted);
  }

  leaveDownServers(): void {
    this.#session.leaveDownServers();
  }

  giveUp(): void {
    this.#session.giveUp();
  }

  leaveServer(slot: number): number {
    return this.#session.leaveServer(slot);
  }

  destroy(): void {
    this.out.destroy();
  }

  breakOff(): void {
    this.out.reset();
  }

  expired(): void {
    if (!this.#isLingering && this.isIdle) this.#session.expire();
    else this.destroy();
  }

  // What the connection reports.

  onOpen(): void {
    // It was accepted.
  }

  onSecure(): void {
    // What is sent before is not read before.
  }

  onTlsFailed(): void {
    // The TLS mode counts it; `onClosed` follows.
  }

  /** A client that does not take its answers is not read on. */
  onBytes(bytes: Buffer, length: number): void {
    this.#bytesIn += length;
    if (this.#isLingering) return;
    this.#session.received(bytes, length);
    if (this.#isLingering || this.out.isClosed || !this.out.isFull) return;
    this.out.pause();
    this.loop.wheel.limit(this, this.port.listener.plan.timeouts.clientMs);
  }

  onRoom(): void {
    if (this.#isLingering) {
      this.loop.wheel.limit(this, LINGER_MS);
      return;
    }
    this.out.resume();
    this.sessionMoved();
    this.#session.drained();
  }

  onWriteFailed(): void {
    this.destroy();
  }

  onEnd(): void {
    if (!this.#isLingering) this.#session.clientEnded();
  }

  onClosed(error: Error | null): void {
    this.#session.closed(error !== null);
    this.loop.wheel.drop(this);
    this.#countBytes();
    this.port.removeConnection(this);
    this.peer.forgetIntroductions();
  }

  // What the session reports.

  sessionMoved(): void {
    this.#countBytes();
    if (this.out.isFull) return;
    const { headerMs, idleMs } = this.port.listener.plan.timeouts;
    const session = this.#session;
    this.loop.wheel.limit(this, session.isInHead ? headerMs : session.isIdle ? idleMs : 0);
  }

  /** sessionEnded ends our side and waits a moment for the client's, so that our last frames are not lost to a reset. */
  sessionEnded(): void {
    this.#isLingering = true;
    this.loop.wheel.limit(this, this.out.isFull ? this.port.listener.plan.timeouts.clientMs : LINGER_MS);
    this.out.end();
    this.out.takeHeld();
  }

  #countBytes(): void {
    const { slot } = this.port.listener;
    const { counters } = this.loop;
    counters.listener(slot, ListenerIndex.bytesIn, this.#bytesIn);
    counters.listener(slot, ListenerIndex.bytesOut, this.out.bytesOut);
    this.#bytesIn = 0;
    this.out.bytesOut = 0;
  }
}
