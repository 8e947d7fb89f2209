/**
 * RelayServer: a connection to a server for one relayed client. Hot path; data plane.
 *
 * It is used for nobody else and never kept: the gateway does not know what state the server keeps with it. Until it is
 * connected nothing was sent, so that another server may be tried.
 */

import { type ConnectedEndpoint, ServerSocket } from '../exchange/server-socket.ts';
import type { Loop } from '../loop/loop.ts';
import { AS_IS } from '../message/body-framer.ts';
import type { AttemptedExchange } from '../sides/attempted-exchange.ts';
import type { ServerSide } from '../sides/server-side.ts';

/** What is spoken is not known, so nothing is offered by ALPN. */
const NO_PROTOCOLS: readonly string[] = [];

export class RelayServer extends ServerSocket implements ServerSide {
  readonly bodyForm = AS_IS;
  readonly isReused = false;
  readonly mayRefuse = false;
  #exchange: AttemptedExchange | null;
  #hasSpoken = false;

  constructor(endpoint: ConnectedEndpoint, exchange: AttemptedExchange, loop: Loop, introduction = '') {
    super(endpoint, loop, NO_PROTOCOLS, introduction);
    this.#exchange = exchange;
    loop.wheel.limit(this, exchange.backend.plan.timeouts.connectMs);
  }

  protected get hasHeard(): boolean {
    return this.#hasSpoken;
  }

  protected opened(): void {
    this.loop.wheel.limit(this, 0);
    // What it begins with leaves at once: the server may be the one to speak first.
    this.out.flush();
    this.#exchange!.tunnelBegins();
  }

  onBytes(bytes: Buffer, length: number): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    if (!this.#hasSpoken) {
      this.#hasSpoken = true;
      exchange.relayedSpoke();
    }
    const { out } = exchange.client;
    out.bytes(bytes, 0, length);
    out.flush();
    exchange.tunnelMoved();
    if (out.isFull) this.out.pause();
  }

  onEnd(): void {
    if (this.isConnecting) {
      this.tellNoTls(null);
      this.#exchange?.serverFailed('connect');
    } else this.#exchange?.tunnelHalfEnds();
  }

  onRoom(): void {
    this.#exchange?.serverDrained();
  }

  onWriteFailed(): void {
    // A server may say why it hangs up before it has read everything: what it said is read first, and then its end.
  }

  expired(): void {
    this.tellNoTls('no handshake in time');
    this.#exchange?.serverFailed('connect');
  }

  protected onLost(wasConnecting: boolean, hadError: boolean): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    if (exchange === null) return;
    if (wasConnecting) {
      exchange.serverFailed('connect');
    } else {
      if (hadError && !this.#hasSpoken) exchange.relayedReset();
      exchange.tunnelEnds(hadError);
    }
  }

  awaitAnswer(): void {
    // `timeout tunnel` counts, for both sides together.
  }

  stopWaiting(): void {
    // See `awaitAnswer`.
  }

  resume(): void {
    this.out.resume();
  }

  halfEnd(): void {
    this.out.end();
  }

  /** breakOff: the server must not take what it has for all there was. */
  breakOff(): void {
    this.#exchange = null;
    this.letGo();
    this.out.reset();
  }

  discard(): void {
    this.#exchange = null;
    this.letGo();
    this.out.destroy();
  }
}
