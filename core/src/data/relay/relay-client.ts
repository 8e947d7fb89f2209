/**
 * RelayClient: a client's connection to a `tcp` listener: one exchange for its whole life, whose request is the connection
 * itself. Hot path; data plane.
 *
 * Where TLS ends here, the exchange begins when the handshake has ended: rules and servers may want to know of it, and who fails at it
 * is no server's business.
 * What the client sends before a server is connected is held (Input says how much). A client that is refused, or for which there
 * is no server, is closed without a word, as the gateway does not know what protocol it speaks.
 */
import type { IpAddress } from '@sluice/dsl/match';
import type { LinkedListener } from '../backend/generation.ts';
import type { ClientPort } from '../exchange/client-port.ts';
import { ClientSocket } from '../exchange/client-socket.ts';
import { Exchange } from '../exchange/exchange.ts';
import { type Loop, releaseGeneration } from '../loop/loop.ts';
import { AS_IS } from '../message/body-framer.ts';
import type { ServerSide } from '../sides/server-side.ts';
import type { Connection } from '../transport/connection.ts';
import { RelayServer } from './relay-server.ts';

export class RelayClient extends ClientSocket {
  readonly answerForm = AS_IS;
  /** What was sent to a server cannot be sent again. */
  readonly hasBody = true;
  readonly isRequestSent = false;
  #isTunnel = false;
  /** Whose generation is held until the handshake has ended; null: it has. */
  #securing: LinkedListener | null = null;

  constructor(connection: Connection, ip: IpAddress, port: ClientPort, listener: LinkedListener, loop: Loop) {
    super(connection, ip, port, loop);
    if (listener.tls?.facts === undefined) {
      this.#startExchange(listener);
      return;
    }
    this.#securing = listener;
    listener.generation.holds++;
  }

  override onSecure(): void {
    const listener = this.#securing;
    if (listener === null) return;
    this.#securing = null;
    if (!this.out.isClosed) this.#startExchange(listener);
    releaseGeneration(listener.generation, this.loop);
  }

  #startExchange(listener: LinkedListener): void {
    const exchange = Exchange.acquire(this, this.loop);
    this.exchange = exchange;
    exchange.isRelayed = true;
    exchange.start(listener);
    // The object may have served a request with fields before.
    exchange.request.fields.count = 0;
    exchange.forward(this.peer.describe(exchange.request, listener, true), '');
  }

  /** A relayed connection is never between two requests: a drain waits for its end, or for the deadline. */
  get isIdle(): boolean {
    return this.exchange === null;
  }

  release(): void {
    // It is still shaking hands.
    if (this.isIdle) this.destroy();
  }

  onBytes(bytes: Buffer, length: number): void {
    this.bytesIn += length;
    if (this.#isTunnel && !this.out.isHolding) this.tunnel(this.exchange!.server!, bytes, length);
    else this.out.hold(bytes, 0, length);
  }

  onClientEnd(): void {
    // Half a connection is worth waiting with, unless the rules say otherwise.
    if (!this.#isTunnel && this.exchange?.listener.plan.onHalfClose === 'abort') {
      this.destroy();
      return;
    }
    if (this.#isTunnel && !this.out.hasHeld) this.exchange!.server!.halfEnd();
  }

  onRoom(): void {
    if (this.#isTunnel) this.exchange!.server!.resume();
  }

  protected override closed(hadError: boolean): void {
    if (hadError) this.#breakOffServer();
    this.#isTunnel = false;
    super.closed(hadError);
    const listener = this.#securing;
    this.#securing = null;
    if (listener !== null) releaseGeneration(listener.generation, this.loop);
  }

  override breakOff(): void {
    this.#breakOffServer();
    super.breakOff();
  }

  #breakOffServer(): void {
    const server = this.#isTunnel ? this.exchange?.server : null;
    if (server instanceof RelayServer) server.breakOff();
  }

  tunnelBegins(): void {
    this.#isTunnel = true;
    const server = this.exchange!.server!;
    const held = this.out.takeHeld();
    if (held !== null) this.tunnel(server, held, held.length);
    else if (this.hasEnded) server.halfEnd();
  }

  rewind(): boolean {
    return false;
  }

  sendRefused(): boolean {
    return false;
  }

  serverDrained(server: ServerSide): void {
    const held = this.out.takeHeld();
    if (held !== null) this.tunnel(server, held, held.length);
  }

  /** A client whose server was reset must not take what it has for all there was. */
  override tunnelEnds(hadError: boolean): void {
    if (hadError) this.breakOff();
    else super.tunnelEnds(false);
  }

  sendOwn(): void {
    // Nothing can be said in a protocol that is not known.
  }

  exchangeEnded(): void {
    this.exchange = null;
    this.destroy();
  }

  expired(): void {
    this.destroy();
  }

  onQueued(): void {
    // It has no time limit of its own while there is no server.
  }

  onDequeued(): void {
    // See `waits`.
  }

  // What only exchanges with heads and bodies ask for.

  sendBody(): void {
    // A relayed server begins with `tunnelBegins`.
  }

  awaitRoom(): void {
    // `timeout tunnel` sees to it.
  }

  sendAnswer(): void {
    this.destroy();
  }

  sendInterim(): boolean {
    return false;
  }

  sendSwitch(): void {
    this.destroy();
  }
}
