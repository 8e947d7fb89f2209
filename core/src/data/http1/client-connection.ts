/**
 * ClientConnection: one HTTP/1 connection of a client, the client side of one exchange after another. Hot path; data plane.
 *
 * One request at a time (RFC 9112 section 9.3.2): bytes of the next one wait until the answer has ended. It reads and frames
 * requests, frames answers, keeps the connection or ends it, and holds nothing but itself while it is idle.
 */
import type { IpAddress } from '@sluice/dsl/match';
import type { Answer } from '../../plugin/data-entry.ts';
import { ListenerIndex } from '../../shared/tables/counters.ts';
import { type ClientPort, HTTP1, UNDECIDED } from '../exchange/client-port.ts';
import { ClientSocket } from '../exchange/client-socket.ts';
import { Exchange } from '../exchange/exchange.ts';
import type { Loop } from '../loop/loop.ts';
import { answerFraming, frameAnswer } from '../message/answer-framing.ts';
import type { AnswerHead } from '../message/answer-head.ts';
import { AS_IS, BY_LENGTH, NO_BODY } from '../message/body-framer.ts';
import { fault } from '../message/fault.ts';
import type { FieldEdits } from '../message/field-edits.ts';
import { answerHead } from '../message/forward-head.ts';
import { CR } from '../message/octets.ts';
import { BODY_TOO_LONG, framing, HEAD_NEEDS_MORE, parseRequestHead, skipEmptyLines } from '../message/request-head.ts';
import { selfAnswer } from '../message/self-answer.ts';
import type { ServerSide } from '../sides/server-side.ts';
import type { Connection } from '../transport/connection.ts';
import { connectionField, interimText, switchText } from './answer-text.ts';
import { isForeign } from './foreign-line.ts';
import { RequestBody } from './request-body.ts';

const IDLE = 0;
/** Part of a head has come. */
const HEAD = 1;
/** A request is under way and its body has not ended. */
const BODY = 2;
/** The whole request has come; its answer has not ended. */
const ANSWER = 3;
const TUNNEL = 4;
/** Our side is closed; what still comes is thrown away, so that the client gets to read our answer. */
const LINGER = 5;
const CLOSED = 6;

const LINGER_MS = 2000;

export class ClientConnection extends ClientSocket {
  answerForm = AS_IS;
  readonly #body = new RequestBody();
  #state = IDLE;
  #isReading = false;
  #mustClose = false;
  /** No request has been read yet: a client of another protocol shows itself by its first bytes. */
  #isFresh = true;

  constructor(connection: Connection, peerIp: IpAddress, port: ClientPort, loop: Loop) {
    super(connection, peerIp, port, loop);
    loop.wheel.limit(this, port.listener.plan.timeouts.idleMs);
  }

  // As the loop sees it.

  get isIdle(): boolean {
    return this.#state === IDLE && !this.out.hasHeld && !this.out.isFull;
  }

  release(): void {
    if (this.isIdle) this.#close();
  }

  // As its connection calls it.

  onBytes(bytes: Buffer, length: number): void {
    const { out } = this;
    this.bytesIn += length;
    switch (this.#state) {
      case IDLE:
      case HEAD:
        if (out.hasHeld) {
          const all = out.joinHeld(bytes, length);
          this.#read(all, all.length);
        } else {
          this.#read(bytes, length);
        }
        break;
      case BODY: {
        const { server } = this.exchange!;
        if (out.isHolding || server === null || server.isConnecting) out.hold(bytes, 0, length);
        else this.#forwardBody(server, bytes, 0, length);
        break;
      }
      case ANSWER:
        out.hold(bytes, 0, length);
        break;
      case TUNNEL:
        if (out.isHolding) out.hold(bytes, 0, length);
        else this.tunnel(this.exchange!.server!, bytes, length);
        break;
    }
  }

  onClientEnd(): void {
    // What has come before may still be a whole request, or the rest of one, that waits for its turn.
    const isAll = !this.out.hasHeld;
    switch (this.#state) {
      case TUNNEL:
        if (isAll) this.exchange!.server!.halfEnd();
        break;
      case HEAD:
        this.destroy();
        break;
      case IDLE:
      case BODY:
        if (isAll || (this.#state === BODY && this.#isGivenUp)) this.#endedWithin(this.#state);
        break;
      case ANSWER:
        if (this.#isGivenUp) this.destroy();
        break;
    }
  }

  /**
   * isGivenUp: the client has ended its side before its answer began, and by `on half-close` that means that it has gone. A request whose
   * body a server has is still answered: the server acts on it all the same.
   */
  get #isGivenUp(): boolean {
    const { exchange } = this;
    if (exchange === null || exchange.isAnswering || exchange.listener.plan.onHalfClose === 'answer') return false;
    const { server } = exchange;
    return server === null || server.isConnecting || !this.hasBody;
  }

  /** endedWithin: nothing more will come, and nothing waits. Between requests that is a good end, within one it is none. */
  #endedWithin(state: number): void {
    if (state === IDLE) this.#close();
    else this.destroy();
  }

  onRoom(): void {
    const { wheel } = this.loop;
    const exchange = this.exchange;
    switch (this.#state) {
      case IDLE:
        wheel.limit(this, this.port.listener.plan.timeouts.idleMs);
        this.#readHeld();
        break;
      case HEAD:
        this.#readHeld();
        break;
      case ANSWER:
        wheel.limit(this, 0);
        if (exchange!.isAnswering) exchange!.server?.resume();
        break;
      case BODY:
        if (!exchange!.isAnswering) break;
        wheel.limit(this, this.out.isHolding ? 0 : exchange!.listener.plan.timeouts.bodyMs);
        exchange!.server?.resume();
        break;
      case LINGER:
        wheel.limit(this, LINGER_MS);
        break;
      case TUNNEL:
        exchange!.server?.resume();
        break;
    }
  }

  protected override closed(hadError: boolean): void {
    this.#state = CLOSED;
    super.closed(hadError);
  }

  expired(): void {
    switch (this.#state) {
      case IDLE:
        this.#close();
        break;
      case HEAD:
        if (this.#isFresh && !this.port.mayAnswerHttp1(this.out)) {
          this.destroy();
          break;
        }
        fault.reason = 'the head has not come in time';
        this.#refuse(408);
        break;
      case BODY:
        this.exchange!.request.refusal = 'the body has not come in time';
        this.exchange!.refuse(408);
        break;
      case ANSWER:
        this.exchange!.request.abortCause = 'client-timeout';
        this.breakOff();
        break;
      default:
        this.destroy();
    }
  }

  // Requests.

  #read(bytes: Buffer, end: number): void {
    if (this.#isFresh) {
      const wire = this.port.sniff(this.out, bytes, end);
      if (wire !== HTTP1) {
        if (wire === UNDECIDED) this.#keepPart(bytes, 0, end);
        else this.#handOver(wire, bytes, end);
        return;
      }
    }
    let at = 0;
    this.#isReading = true;
    while ((this.#state === IDLE || this.#state === HEAD) && !this.out.isClosed) {
      at = skipEmptyLines(bytes, at, end);
      if (at === end) break;
      if (at === end - 1 && bytes[at] === CR) {
        this.#keepPart(bytes, at, end);
        break;
      }
      if (this.out.isFull) {
        // A client that asks without reading answers gets no more of them until it reads.
        this.out.hold(bytes, at, end);
        this.loop.wheel.limit(this, this.port.listener.plan.timeouts.clientMs);
        break;
      }
      const { listener } = this.port;
      if (listener.plan.protocol !== 'http') {
        // A reload has given the address to another protocol.
        this.#close();
        break;
      }
      const exchange = Exchange.acquire(this, this.loop);
      const behind = parseRequestHead(exchange.request, bytes, at, end, listener.headLimits, listener.paths);
      if (behind === HEAD_NEEDS_MORE) {
        exchange.release();
        this.#keepPart(bytes, at, end);
        break;
      }
      if (behind < 0 && this.#isFresh && isForeign(bytes, at, end)) {
        exchange.release();
        this.loop.counters.listener(listener.slot, ListenerIndex.badRequests);
        this.#close();
        break;
      }
      this.#isFresh = false;
      this.exchange = exchange;
      exchange.start(listener);
      if (behind < 0) {
        this.#refuseHead(exchange, -behind);
        break;
      }
      at = this.#startRequest(exchange, bytes, behind, end);
      if (this.hasEnded && this.#isGivenUp) {
        this.destroy();
        break;
      }
    }
    this.#isReading = false;
    if (at < end && (this.#state === BODY || this.#state === ANSWER)) this.out.hold(bytes, at, end);
  }

  /** handOver: the connection is another object's from now on, with all that has come. */
  #handOver(wire: number, bytes: Buffer, end: number): void {
    this.#state = CLOSED;
    this.loop.wheel.drop(this);
    this.port.serveOther(this, this.out, this.peer.ip, wire, bytes, end);
  }

  /** keepPart keeps the beginning of a head. The time for the whole head starts with its first byte. */
  #keepPart(bytes: Buffer, at: number, end: number): void {
    this.out.keep(bytes, at, end);
    if (this.#state === HEAD) return;
    this.#state = HEAD;
    this.loop.wheel.limit(this, this.port.listener.plan.timeouts.headerMs);
  }

  /** startRequest has a request judged and forwarded. Returns the index behind the bytes it took. */
  #startRequest(exchange: Exchange, bytes: Buffer, bodyAt: number, end: number): number {
    const { request, listener } = exchange;
    const { plan } = listener;
    const body = this.#body;
    body.start(framing.mode, framing.length);
    body.judgedNames = listener.judgedNames;
    this.#state = body.isDone ? ANSWER : BODY;
    this.loop.wheel.limit(this, body.isDone ? 0 : plan.timeouts.bodyMs);
    this.#mustClose = !request.isKeepAlive;
    this.loop.counters.listener(listener.slot, ListenerIndex.requests);
    const peer = this.peer.describe(request, listener, true);
    if (plan.limits.bodyBytes !== 0 && framing.mode === BY_LENGTH && framing.length > plan.limits.bodyBytes) {
      request.refusal = BODY_TOO_LONG;
      exchange.refuse(413);
      return end;
    }
    exchange.forward(peer, this.port.authority);
    const server = this.exchange === null ? null : this.exchange.server;
    if (server === null || server.isConnecting) return bodyAt;
    if (this.#state === BODY) {
      this.#forwardBody(server, bytes, bodyAt, end);
      return end;
    }
    server.out.flush();
    return bodyAt;
  }

  /** refuse answers a head that did not come whole. */
  #refuse(status: number): void {
    const exchange = Exchange.acquire(this, this.loop);
    this.exchange = exchange;
    exchange.start(this.port.listener);
    this.#refuseHead(exchange, status);
  }

  /** refuseHead answers a head that could not be read; nothing of it went anywhere. */
  #refuseHead(exchange: Exchange, status: number): void {
    const { request, listener } = exchange;
    request.refusal = fault.reason;
    this.loop.counters.listener(listener.slot, ListenerIndex.badRequests);
    this.#body.start(NO_BODY, 0);
    this.#state = ANSWER;
    // Rules for answers may ask who the client is.
    this.peer.describe(request, listener, false);
    exchange.refuse(status);
  }

  // Bodies.

  get hasBody(): boolean {
    return this.#body.mode !== NO_BODY;
  }

  get isRequestSent(): boolean {
    return this.#body.isDone;
  }

  onQueued(): void {
    this.loop.wheel.limit(this, 0);
  }

  onDequeued(): void {
    this.loop.wheel.limit(this, this.#state === BODY ? this.exchange!.listener.plan.timeouts.bodyMs : 0);
  }

  sendBody(server: ServerSide): void {
    if (this.#state !== BODY) {
      server.out.flush();
      return;
    }
    const held = this.out.takeHeld();
    if (held !== null) this.#forwardBody(server, held, 0, held.length);
    else server.out.flush();
  }

  serverDrained(server: ServerSide): void {
    if (this.#state !== BODY && this.#state !== TUNNEL) return;
    const held = this.out.takeHeld();
    if (this.#state === TUNNEL) {
      if (held !== null) this.tunnel(server, held, held.length);
      return;
    }
    const exchange = this.exchange!;
    this.loop.wheel.limit(this, exchange.listener.plan.timeouts.bodyMs);
    if (!exchange.isAnswering) server.stopWaiting();
    if (held !== null) this.#forwardBody(server, held, 0, held.length);
  }

  rewind(): boolean {
    if (!this.#body.canRewind) return false;
    const sent = this.#body.rewind();
    if (sent === null) return true;
    const held = this.out.takeHeld();
    const all = held === null ? sent : Buffer.concat([sent, held]);
    this.#state = BODY;
    this.out.hold(all, 0, all.length);
    this.loop.wheel.limit(this, this.exchange!.listener.plan.timeouts.bodyMs);
    return true;
  }

  /** HTTP/1 has no way to say it but by a status. */
  sendRefused(): boolean {
    return false;
  }

  #forwardBody(server: ServerSide, bytes: Buffer, at: number, end: number): void {
    const exchange = this.exchange!;
    const { limits, timeouts } = exchange.listener.plan;
    const behind = this.#body.forward(server, bytes, at, end, limits.bodyBytes);
    if (behind < 0) {
      exchange.request.refusal = fault.reason;
      exchange.refuse(-behind);
      return;
    }
    if (this.#body.isDone) {
      this.#state = ANSWER;
      this.loop.wheel.limit(this, 0);
      server.awaitAnswer();
      if (behind < end) this.out.hold(bytes, behind, end);
    } else if (this.hasEnded) {
      this.destroy();
    } else if (server.out.isFull) {
      this.out.isHolding = true;
      this.loop.wheel.limit(this, 0);
      server.awaitAnswer();
    } else {
      this.loop.wheel.limit(this, timeouts.bodyMs);
      if (exchange.isAnswering) server.awaitAnswer();
    }
  }

  // Answers.

  awaitRoom(): void {
    if (this.#state === ANSWER || this.out.isHolding) {
      this.loop.wheel.limit(this, this.exchange!.listener.plan.timeouts.clientMs);
    }
  }

  sendAnswer(answer: AnswerHead, changes: FieldEdits, added: string): void {
    const { request } = this.exchange!;
    this.#body.forgetSent();
    frameAnswer(answer, request.isHttp11);
    this.answerForm = answerFraming.output;
    if (!this.#body.isDone || answerFraming.endsWithConnection || this.#isLeaving) this.#mustClose = true;
    this.#writeHead(
      answerHead(answer, changes, answerFraming.field, connectionField(request, this.#mustClose) + added),
    );
  }

  sendInterim(answer: AnswerHead): boolean {
    const text = interimText(answer, this.exchange!.request);
    this.#writeHead(text);
    return text !== '';
  }

  sendSwitch(answer: AnswerHead, added: string): void {
    this.#writeHead(switchText(answer, added));
  }

  #writeHead(text: string): void {
    this.headOut += text.length;
    this.out.text(text);
  }

  sendOwn(answer: Answer, standard: Answer, changes: FieldEdits, isLast: boolean): void {
    const { request } = this.exchange!;
    if (isLast || !this.#body.isDone || this.#isLeaving) this.#mustClose = true;
    const connection = connectionField(request, this.#mustClose);
    const text = selfAnswer(answer, standard, request.method === 'HEAD', connection, changes);
    this.headOut += text.indexOf('\r\n\r\n') + 4;
    this.out.text(text);
  }

  /** exchangeEnded goes on to the next request, or closes. */
  exchangeEnded(): void {
    this.exchange = null;
    this.#body.forgetSent();
    this.countBytes();
    if (this.#mustClose) {
      this.#close();
      return;
    }
    this.#state = IDLE;
    const { idleMs, clientMs } = this.port.listener.plan.timeouts;
    this.loop.wheel.limit(this, this.out.isFull ? clientMs : idleMs);
    if (!this.#isReading) this.#readHeld();
  }

  /** readHeld goes on with bytes that waited for their turn. */
  #readHeld(): void {
    const held = this.out.takeHeld();
    if (held !== null) this.#read(held, held.length);
    if (this.hasEnded && (this.#state === HEAD || (this.#state === IDLE && !this.out.hasHeld))) {
      this.#endedWithin(this.#state);
    }
  }

  /** isLeaving: this answer is the last one here, as the gateway drains or a reload took the listener away. */
  get #isLeaving(): boolean {
    return this.loop.isDraining || this.port.isClosed;
  }

  /** close ends our side and waits a moment for the client's, so that our last answer is not lost to a reset. */
  #close(): void {
    this.#state = LINGER;
    this.loop.wheel.limit(this, this.out.isFull ? this.port.listener.plan.timeouts.clientMs : LINGER_MS);
    this.out.end();
    this.out.takeHeld();
  }

  // Tunnels.

  tunnelBegins(): void {
    this.#state = TUNNEL;
    this.loop.wheel.limit(this, 0);
    const server = this.exchange!.server!;
    const held = this.out.takeHeld();
    if (held !== null) this.tunnel(server, held, held.length);
    else if (this.hasEnded) server.halfEnd();
  }
}
