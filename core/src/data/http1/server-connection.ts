/**
 * ServerConnection: one HTTP/1 connection to a server, the server side of one exchange after another. Hot path; data plane.
 *
 * It sends the request's head, reads answers, decides where they end, and hands them to the exchange it is lent to. A
 * connection goes back to its endpoint only after an answer that ended exactly where it should; anything odd ends it.
 */

import { type ConnectedEndpoint, ServerSocket } from '../exchange/server-socket.ts';
import type { Loop } from '../loop/loop.ts';
import { ANSWER_NEEDS_MORE, AnswerHead, BAD_ANSWER } from '../message/answer-head.ts';
import { AS_IS, BAD_BODY, BodyFramer, OF_LAX_SERVER, OF_SERVER, UNTIL_CLOSE } from '../message/body-framer.ts';
import { fault } from '../message/fault.ts';
import type { AttemptedExchange } from '../sides/attempted-exchange.ts';
import type { Failure } from '../sides/failure.ts';
import type { ServerSide } from '../sides/server-side.ts';

const IDLE = 0;
/** Nothing of the final answer has come; perhaps the request waits for the connection. */
const HEAD = 1;
const BODY = 2;
const TUNNEL = 3;
const CLOSED = 4;

/** Interim answers (1xx) that one request may get. */
const MOST_INTERIMS = 16;

/** What is offered to servers that speak TLS. */
const PROTOCOLS = ['http/1.1'];

const answer = new AnswerHead();

/** KeepingEndpoint keeps idle connections. */
export interface KeepingEndpoint extends ConnectedEndpoint {
  /** keep takes a connection back; false when it should be closed. */
  keep(connection: ServerConnection): boolean;
  /** lose forgets an idle connection that has ended. */
  lose(connection: ServerConnection): void;
}

export class ServerConnection extends ServerSocket implements ServerSide {
  declare readonly endpoint: KeepingEndpoint;
  readonly bodyForm = AS_IS;
  /** The tick at which it became idle. */
  idleSince = 0;
  isReused = false;
  #exchange: AttemptedExchange | null = null;
  #state = HEAD;
  #pending: Buffer | null = null;
  #interims = 0;
  #isKeepAlive = true;
  /** The output's writes before the request's head. */
  #writesBefore = 0;
  readonly #framer = new BodyFramer();

  constructor(endpoint: KeepingEndpoint, loop: Loop, introduction = '') {
    super(endpoint, loop, PROTOCOLS, introduction);
  }

  /** startAttempt lends the connection to a request. A kept one takes it at once, a new one when it is connected. */
  startAttempt(exchange: AttemptedExchange): void {
    this.#exchange = exchange;
    this.#interims = 0;
    if (this.isConnecting) {
      this.loop.wheel.limit(this, exchange.backend.plan.timeouts.connectMs);
      return;
    }
    this.isReused = true;
    this.#sendHead(exchange);
  }

  get mayRefuse(): boolean {
    return this.#state === HEAD && this.out.writes === this.#writesBefore;
  }

  /** awaitAnswer starts the time that the server has for its next bytes. */
  awaitAnswer(): void {
    const exchange = this.#exchange;
    if (exchange !== null) this.loop.wheel.limit(this, exchange.backend.plan.timeouts.responseMs);
  }

  /** stopWaiting: the client is still sending, so the server owes nothing yet. */
  stopWaiting(): void {
    this.loop.wheel.limit(this, 0);
  }

  #sendHead(exchange: AttemptedExchange): void {
    this.#state = HEAD;
    this.#writesBefore = this.out.writes;
    if (exchange.client.isRequestSent) this.awaitAnswer();
    else this.stopWaiting();
    this.out.text(exchange.request.forwardHead);
  }

  resume(): void {
    this.out.resume();
    if (this.#state !== TUNNEL) this.awaitAnswer();
  }

  halfEnd(): void {
    this.out.end();
  }

  /** discard ends the connection; whoever borrowed it has let go of it before. */
  discard(): void {
    this.#exchange = null;
    if (this.#state === IDLE) this.endpoint.lose(this);
    this.#state = CLOSED;
    this.#pending = null;
    this.letGo();
    this.out.destroy();
  }

  protected get hasHeard(): boolean {
    return this.isReused || this.#state !== HEAD || this.#pending !== null || this.#interims > 0;
  }

  protected opened(): void {
    const exchange = this.#exchange!;
    this.#sendHead(exchange);
    exchange.serverConnected();
  }

  onBytes(lent: Buffer, length: number): void {
    const exchange = this.#exchange;
    if (exchange === null) {
      // An idle server has nothing to say; what it says would be taken for the next request's answer.
      this.discard();
      return;
    }
    if (this.#state === TUNNEL) {
      this.#tunnel(exchange, lent, length);
      return;
    }
    let bytes = lent;
    let end = length;
    let at = 0;
    if (this.#pending !== null) {
      bytes = Buffer.concat([this.#pending, lent.subarray(0, length)]);
      end = bytes.length;
      this.#pending = null;
    }
    const isLax = exchange.backend.plan.isLax === true;
    while (this.#state === HEAD) {
      if (at === end) {
        exchange.client.out.flush();
        return;
      }
      const behind = answer.parse(bytes, at, end, exchange.request.method === 'HEAD', isLax);
      if (behind === ANSWER_NEEDS_MORE) {
        this.#pending = Buffer.from(bytes.subarray(at, end));
        exchange.client.out.flush();
        return;
      }
      if (behind === BAD_ANSWER) {
        exchange.serverFailed('bad', fault.reason);
        return;
      }
      at = behind;
      if (answer.status >= 200) {
        if (!exchange.answerBegins(answer)) return;
        this.#isKeepAlive = answer.isKeepAlive;
        this.#framer.startBody(
          answer.mode,
          answer.length,
          exchange.client.answerForm,
          isLax ? OF_LAX_SERVER : OF_SERVER,
        );
        this.#state = BODY;
        // Where the connection's end is the answer's, anybody on the way could make it, but not the end of TLS.
        if (answer.mode === UNTIL_CLOSE && !this.watchEnd()) {
          exchange.serverFailed('broken');
          return;
        }
      } else if (answer.status === 101) {
        if (!exchange.answerSwitches(answer)) return;
        this.#state = TUNNEL;
        this.loop.wheel.limit(this, 0);
        if (at < end) exchange.client.out.bytes(bytes, at, end);
        exchange.client.out.flush();
        exchange.tunnelBegins();
        return;
      } else {
        if (++this.#interims > MOST_INTERIMS) {
          exchange.serverFailed('bad', 'it sent more than 16 interim answers');
          return;
        }
        exchange.answerInterim(answer);
      }
    }
    at = this.#framer.feed(bytes, at, end, exchange.client.out);
    if (at === BAD_BODY) {
      exchange.serverFailed('broken', fault.reason);
    } else if (this.#framer.isDone) {
      this.#answerEnded(exchange, at === end);
    } else {
      exchange.client.out.flush();
      if (exchange.client.out.isFull) {
        this.out.pause();
        this.loop.wheel.limit(this, 0);
        exchange.client.awaitRoom();
      } else {
        this.awaitAnswer();
      }
    }
  }

  onEnd(): void {
    const exchange = this.#exchange;
    if (exchange === null) {
      this.discard();
    } else if (this.#state === TUNNEL) {
      exchange.tunnelHalfEnds();
    } else if (this.#state === BODY && this.#framer.finish(exchange.client.out)) {
      this.#isKeepAlive = false;
      this.#answerEnded(exchange, true);
    } else {
      this.tellNoTls(null);
      exchange.serverFailed(this.#failureByEnd());
    }
  }

  protected onLost(wasConnecting: boolean, hadError: boolean): void {
    const exchange = this.#exchange;
    const failure = wasConnecting ? 'connect' : this.#failureByEnd();
    const isTunnel = this.#state === TUNNEL;
    if (this.#state === IDLE) this.endpoint.lose(this);
    this.#state = CLOSED;
    if (exchange === null) return;
    if (isTunnel) exchange.tunnelEnds(hadError);
    else exchange.serverFailed(failure);
  }

  onRoom(): void {
    this.#exchange?.serverDrained();
  }

  /** onWriteFailed: a server may answer and hang up before it has read everything, so what it said is read first. */
  onWriteFailed(): void {
    if (this.#state === TUNNEL) this.out.destroy();
  }

  expired(): void {
    const exchange = this.#exchange;
    if (exchange === null) this.discard();
    else if (this.isConnecting) {
      this.tellNoTls('no handshake in time');
      exchange.serverFailed('connect');
    } else exchange.serverFailed(this.#state === HEAD ? 'timeout' : 'broken');
  }

  #failureByEnd(): Failure {
    if (this.isConnecting) return 'connect';
    if (this.#state !== HEAD || this.#pending !== null || this.#interims !== 0) return 'broken';
    return this.mayRefuse ? 'refused' : 'dead';
  }

  #tunnel(exchange: AttemptedExchange, bytes: Buffer, length: number): void {
    exchange.client.out.bytes(bytes, 0, length);
    exchange.client.out.flush();
    exchange.tunnelMoved();
    if (exchange.client.out.isFull) this.out.pause();
  }

  #answerEnded(exchange: AttemptedExchange, isClean: boolean): void {
    this.#exchange = null;
    const { loop, endpoint } = this;
    if (isClean && this.#isKeepAlive && !exchange.isEarly && endpoint.keep(this)) {
      this.#state = IDLE;
      this.idleSince = loop.wheel.tick;
      loop.wheel.limit(this, exchange.backend.plan.timeouts.idleMs);
    } else {
      this.discard();
    }
    exchange.answerEnded();
  }
}
