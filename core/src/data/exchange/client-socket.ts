/**
 * ClientSocket: one connection of a client that carries one exchange at a time: what HTTP/1 connections and relayed connections have
 * in common. Hot path; data plane.
 *
 * It is counted, handles its connection, ends it, and carries tunnels. What the bytes mean is the business of those that
 * extend it.
 */
import type { IpAddress } from '@sluice/dsl/match';
import type { Answer } from '../../plugin/data-entry.ts';
import type { OpenSession, SessionFilter } from '../../shared/orders/orders.ts';
import { ListenerIndex } from '../../shared/tables/counters.ts';
import type { Closable, Loop } from '../loop/loop.ts';
import { Timed } from '../loop/timer-wheel.ts';
import type { AnswerHead } from '../message/answer-head.ts';
import type { FieldEdits } from '../message/field-edits.ts';
import type { ClientSide } from '../sides/client-side.ts';
import type { ServerSide } from '../sides/server-side.ts';
import type { Connection, ConnectionHandler } from '../transport/connection.ts';
import { ClientPeer } from './client-peer.ts';
import type { ClientPort } from './client-port.ts';
import type { Exchange } from './exchange.ts';

export abstract class ClientSocket extends Timed implements ClientSide, Closable, ConnectionHandler {
  readonly out: Connection;
  readonly peer: ClientPeer;
  readonly port: ClientPort;
  readonly loop: Loop;
  exchange: Exchange | null = null;
  countedAs = 0;
  bytesIn = 0;
  /** Bytes of `bytesOut` that are heads. */
  protected headOut = 0;
  /** The client has ended its side. */
  hasEnded = false;
  /** It is ended from here, whatever the other side says. */
  #isCut = false;
  /** Both sides of a tunnel have ended here, and the server has not been sent everything yet. */
  #isDelivering = false;

  /** The connection is read from now on; nothing comes before the constructors have returned. */
  constructor(connection: Connection, ip: IpAddress, port: ClientPort, loop: Loop) {
    super();
    this.out = connection;
    this.peer = new ClientPeer(ip, port, connection);
    this.port = port;
    this.loop = loop;
    connection.read(this);
    port.addConnection(this, ip);
  }

  abstract get isIdle(): boolean;
  abstract release(): void;
  abstract onBytes(bytes: Buffer, length: number): void;
  /** onClientEnd: the client has ended its side. */
  abstract onClientEnd(): void;
  abstract onRoom(): void;

  abstract readonly hasBody: boolean;
  readonly mayTrail: boolean = false;
  abstract readonly isRequestSent: boolean;
  abstract readonly answerForm: number;
  abstract onQueued(): void;
  abstract onDequeued(): void;
  abstract sendBody(server: ServerSide): void;
  abstract rewind(): boolean;
  abstract sendRefused(): boolean;
  abstract serverDrained(server: ServerSide): void;
  abstract awaitRoom(): void;
  abstract sendAnswer(answer: AnswerHead, changes: FieldEdits, added: string): void;
  abstract sendInterim(answer: AnswerHead): boolean;
  abstract sendSwitch(answer: AnswerHead, added: string): void;
  abstract sendOwn(answer: Answer, standard: Answer, changes: FieldEdits, isLast: boolean): void;
  abstract exchangeEnded(): void;
  abstract tunnelBegins(): void;

  /** A client of HTTP/1 knows the key that it sent, and checks the proof itself. */
  objection(): string {
    return '';
  }

  get bytesOut(): number {
    return this.out.bytesOut;
  }

  get bodyOut(): number {
    return Math.max(0, this.out.bytesOut - this.headOut);
  }

  addSessionsIf(wanted: SessionFilter, found: OpenSession[]): void {
    this.exchange?.addSessionIf(wanted, found);
  }

  endSessionsIf(wanted: SessionFilter): number {
    return this.exchange?.endIf(wanted) ? 1 : 0;
  }

  giveUp(): void {
    this.exchange?.giveUp();
  }

  leaveDownServers(): void {
    this.exchange?.leaveDownServer();
  }

  leaveServer(slot: number): number {
    return this.exchange?.leaveServer(slot) ? 1 : 0;
  }

  destroy(): void {
    this.#isCut = true;
    this.out.destroy();
    this.#stopDelivering();
  }

  breakOff(): void {
    this.#isCut = true;
    this.out.reset();
    this.#stopDelivering();
  }

  onOpen(): void {
    // It was accepted.
  }

  onSecure(): void {
    // What is sent before is not read before.
  }

  onTlsFailed(): void {
    // The TLS mode counts it; `onClosed` follows.
  }

  onEnd(): void {
    this.hasEnded = true;
    this.onClientEnd();
  }

  /** onWriteFailed: the client has gone. After it has ended its side, nothing else would tell. */
  onWriteFailed(): void {
    if (this.exchange !== null && !this.exchange.isTunnel) this.exchange.request.abortCause ||= 'client-reset';
    this.destroy();
  }

  /** onClosed: a client that has said and heard everything may go before a server that reads slowly has it all. It counts as open until then. */
  onClosed(error: Error | null): void {
    if (error === null && this.hasEnded && !this.#isCut && this.#hasRest) this.#isDelivering = true;
    else this.closed(error !== null);
  }

  /** Some of what a tunnel's client sent has not left. */
  get #hasRest(): boolean {
    const { exchange } = this;
    return exchange?.isTunnel === true && (this.out.hasHeld || exchange.server?.out.isFull === true);
  }

  #stopDelivering(): void {
    if (!this.#isDelivering) return;
    this.#isDelivering = false;
    this.closed(false);
  }

  /** closed: the connection is gone, and nobody needs anything of it any more. */
  protected closed(hadError: boolean): void {
    const { exchange } = this;
    this.loop.wheel.drop(this);
    this.exchange = null;
    if (exchange !== null) {
      // A relayed connection, or a tunnel, has no other end than this.
      const cause = hadError
        ? 'client-reset'
        : exchange.isTunnel
          ? ''
          : this.hasEnded
            ? 'client-ended'
            : 'gateway-closed';
      exchange.abort(hadError || this.hasEnded, cause);
    }
    this.countBytes();
    this.port.removeConnection(this);
    this.peer.forgetIntroductions();
  }

  countBytes(): void {
    const { slot } = this.port.listener;
    const { counters } = this.loop;
    counters.listener(slot, ListenerIndex.bytesIn, this.bytesIn);
    counters.listener(slot, ListenerIndex.bytesOut, this.out.bytesOut);
    this.bytesIn = 0;
    this.out.bytesOut = 0;
    this.headOut = 0;
  }

  /** tunnel sends on what the client sent. Its end goes on when everything before it has. */
  tunnel(server: ServerSide, bytes: Buffer, length: number): void {
    const { out } = server;
    out.bytes(bytes, 0, length);
    out.flush();
    this.exchange!.tunnelMoved();
    if (this.hasEnded) server.halfEnd();
    else if (out.isFull) this.out.isHolding = true;
  }

  tunnelHalfEnds(): void {
    this.out.end();
  }

  tunnelEnds(hadError: boolean): void {
    if (hadError) this.destroy();
    else {
      this.out.close();
      this.#stopDelivering();
    }
  }
}
