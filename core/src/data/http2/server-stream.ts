/**
 * ServerStream: one stream of an HTTP/2 connection to a server, the server side of one attempt of an exchange. Hot path; data plane.
 *
 * What the server sends is handed on at once, and its window opened only as the client takes it: a slow client slows the server's stream, and
 * no other.
 */

import { Timed } from '../loop/timer-wheel.ts';
import { AnswerHead } from '../message/answer-head.ts';
import { AS_IS, BY_LENGTH, CHUNKED, NO_BODY, WITH_TRAILERS } from '../message/body-framer.ts';
import type { AttemptedExchange } from '../sides/attempted-exchange.ts';
import type { Failure } from '../sides/failure.ts';
import type { ServerSide } from '../sides/server-side.ts';
import { CANCEL, NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM } from './frames/frame.ts';
import { requestBlock, requestLength } from './heads/request-block.ts';
import type { ServerSession } from './server-session.ts';
import type { SessionStream } from './session.ts';
import { type FrameWriter, StreamSink } from './stream-sink.ts';

/** Interim answers (1xx) that one request may get. */
const MOST_INTERIMS = 16;

const answer = new AnswerHead();

/** A request's body: of unknown length, it ends with its trailers. */
class RequestSink extends StreamSink {
  override trailers(lines: string): void {
    super.trailers(lines);
    this.end();
  }
}

const NOWHERE: FrameWriter = {
  out: null as never,
  window: 0,
  frameBytes: 0,
  sendData: () => {},
  sendHeaders: () => 0,
};

export class ServerStream extends Timed implements ServerSide, SessionStream {
  readonly bodyForm = WITH_TRAILERS;
  id = 0;
  out: StreamSink = new StreamSink(NOWHERE, 0, 0);
  window: number;
  toGrant = 0;
  hasEnded = false;
  isConnecting = true;
  readonly isReused: boolean;
  /** It has been handed from one connection to another before anything was sent. */
  wasMoved = false;
  #session: ServerSession;
  #exchange: AttemptedExchange | null;
  #hasHead = false;
  #interims = 0;
  #mode = NO_BODY;
  #left = 0;
  /** Taken from the server and not by the client: granted once it is. */
  #held = 0;
  #trailers = '';
  /** Nothing is to be said to the server any more. */
  #isOver = false;
  /** The output's writes before the request's head. */
  #writesBefore = 0;

  constructor(session: ServerSession, exchange: AttemptedExchange, window: number, isReused: boolean) {
    super();
    this.#session = session;
    this.#exchange = exchange;
    this.window = window;
    this.isReused = isReused;
  }

  get exchange(): AttemptedExchange | null {
    return this.#exchange;
  }

  get mayRefuse(): boolean {
    return !this.#hasHead;
  }

  /** moveTo hands it to another connection; nothing was sent on this one. */
  moveTo(session: ServerSession): void {
    this.wasMoved = true;
    this.#session = session;
  }

  get isSecuring(): boolean {
    return this.#session.isSecuring;
  }

  get tlsMs(): number {
    return this.#session.tlsMs;
  }

  /** open sends the request's head; the connection stands. */
  open(id: number, sendWindow: number): void {
    const { client, request } = this.#exchange!;
    this.id = id;
    this.isConnecting = false;
    this.#writesBefore = this.#session.out.writes;
    const isEnd = client.isRequestSent;
    const block = requestBlock(request.forwardHead, this.#session.scheme);
    this.out = new RequestSink(this.#session, id, sendWindow);
    this.out.start(requestLength.value);
    this.out.awaitsEnd = client.mayTrail;
    this.#session.sendHeaders(id, block, isEnd);
    if (isEnd) {
      this.out.isEnded = true;
      this.awaitAnswer();
    }
  }

  /** connected: what `open` did is told, where the exchange had to wait for the connection. */
  connected(): void {
    this.#exchange?.serverConnected();
  }

  awaitAnswer(): void {
    const exchange = this.#exchange;
    if (exchange !== null) this.#session.loop.wheel.limit(this, exchange.backend.plan.timeouts.responseMs);
  }

  stopWaiting(): void {
    this.#session.loop.wheel.limit(this, 0);
  }

  resume(): void {
    this.awaitAnswer();
    const held = this.#held;
    this.#held = 0;
    if (held > 0) this.#session.granted(this, held);
    this.#session.out.flush();
  }

  halfEnd(): void {
    this.out.end();
    this.out.flush();
  }

  discard(): void {
    this.#exchange = null;
    if (this.id !== 0 && !this.#isOver && !(this.hasEnded && this.out.isEnded)) {
      this.#session.resetStream(this.id, CANCEL);
    }
    this.#leave();
  }

  // What the server sends.

  /** fields takes the HEADERS of an answer: its head's text, well formed. */
  fields(text: string, isEnd: boolean): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    const bytes = Buffer.from(text, 'latin1');
    const behind = answer.parse(bytes, 0, bytes.length, exchange.request.method === 'HEAD');
    // 101 is HTTP/1's alone (RFC 9113 section 8.6).
    if (
      behind !== bytes.length ||
      answer.status === 101 ||
      // The client would wait for a body that never comes, and take the next answer for it (RFC 9113 section 8.1.1).
      (isEnd && answer.mode === BY_LENGTH && answer.length > 0) ||
      (answer.status < 200 && (isEnd || ++this.#interims > MOST_INTERIMS))
    ) {
      this.fail('bad', PROTOCOL_ERROR);
      return;
    }
    if (answer.status < 200) {
      exchange.answerInterim(answer);
      exchange.client.out.flush();
      return;
    }
    this.#hasHead = true;
    this.hasEnded = isEnd;
    answer.mayTrail = !isEnd;
    this.#mode = answer.mode;
    this.#left = answer.length;
    if (!exchange.answerBegins(answer)) return;
    if (isEnd) this.#finish(exchange);
    else {
      exchange.client.out.flush();
      this.awaitAnswer();
    }
  }

  /** isBare: the answer has no body whatever its fields say. */
  get isBare(): boolean {
    return this.#exchange?.request.method === 'HEAD';
  }

  get hasHead(): boolean {
    return this.#hasHead;
  }

  onContent(bytes: Buffer, from: number, to: number, isLast: boolean): void {
    const exchange = this.#exchange;
    const size = to - from;
    if (exchange === null || !this.#hasHead) {
      this.#session.granted(this, size);
      if (exchange !== null) this.fail('bad', PROTOCOL_ERROR);
      return;
    }
    const { client } = exchange;
    this.#left -= size;
    if (this.#mode === NO_BODY || (this.#mode === BY_LENGTH && this.#left < 0)) {
      this.#session.granted(this, size);
      this.fail('broken', PROTOCOL_ERROR);
      return;
    }
    if (this.#mode === CHUNKED && client.answerForm === AS_IS) {
      client.out.text(`${size.toString(16)}\r\n`);
      client.out.bytes(bytes, from, to);
      client.out.text('\r\n');
    } else {
      if (isLast) client.out.lastFollows?.();
      client.out.bytes(bytes, from, to);
    }
    client.out.flush();
    if (client.out.isFull) {
      this.#held += size;
      this.stopWaiting();
      client.awaitRoom();
    } else {
      this.#session.granted(this, size);
      this.awaitAnswer();
    }
  }

  onPeerEnd(trailers = ''): void {
    this.hasEnded = true;
    this.#trailers = trailers;
    const exchange = this.#exchange;
    if (exchange === null) return;
    if (!this.#hasHead || (this.#mode === BY_LENGTH && this.#left !== 0)) {
      this.fail(this.#hasHead ? 'broken' : 'bad', PROTOCOL_ERROR);
      return;
    }
    this.#finish(exchange);
  }

  #finish(exchange: AttemptedExchange): void {
    const { client } = exchange;
    if (client.answerForm === WITH_TRAILERS) client.out.trailers?.(this.#trailers);
    else if (this.#mode === CHUNKED && client.answerForm === AS_IS) client.out.text(`0\r\n${this.#trailers}\r\n`);
    this.#exchange = null;
    // The server has said all it will; it need not hear the rest of the request.
    if (!this.out.isEnded) this.#session.resetStream(this.id, NO_ERROR);
    this.#leave();
    this.#session.answered();
    exchange.answerEnded();
  }

  reset(error: number): void {
    if (error === REFUSED_STREAM) {
      this.#session.refused();
      this.refused();
    } else this.#fail(this.#hasHead ? 'broken' : 'bad');
  }

  /** refused: the server has not processed the request, and will not. */
  refused(): void {
    this.#fail(this.#hasHead ? 'broken' : 'refused');
  }

  onGone(): void {
    if (this.isConnecting) this.#fail('connect');
    else if (this.#hasHead) this.#fail('broken');
    else this.#fail(this.#session.out.writes === this.#writesBefore ? 'refused' : 'dead');
  }

  onRoom(): void {
    if (this.out.pump() && !this.out.isFull) this.#exchange?.serverDrained();
  }

  expired(): void {
    this.fail(this.#hasHead ? 'broken' : 'timeout', CANCEL);
  }

  /** fail gives the stream up, and the attempt with it. */
  fail(failure: Failure, error: number): void {
    if (this.id !== 0) this.#session.resetStream(this.id, error);
    this.#fail(failure);
  }

  #fail(failure: Failure): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#isOver = true;
    this.#leave();
    exchange?.serverFailed(failure);
  }

  #leave(): void {
    this.#session.loop.wheel.drop(this);
    this.#session.removeStream(this);
    if (this.#held === 0) return;
    this.#session.granted(this, this.#held);
    this.#held = 0;
    this.#session.out.flush();
  }
}
