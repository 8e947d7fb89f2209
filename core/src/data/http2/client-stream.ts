/**
 * ClientStream: one stream of a client's HTTP/2 connection, the client side of one exchange. Hot path; data plane.
 *
 * The request's body goes to the server in HTTP/1's form. The client may send only what its window allows, and the window grows as the server
 * takes what was sent: so what is held here has a limit, and a slow server slows its client.
 */
import type { Answer } from '../../plugin/data-entry.ts';
import type { ClientPeer } from '../exchange/client-peer.ts';
import { Exchange } from '../exchange/exchange.ts';
import { Timed } from '../loop/timer-wheel.ts';
import type { AbortCause } from '../message/abort-cause.ts';
import { AnswerHead } from '../message/answer-head.ts';
import { AS_IS, BY_LENGTH, CHUNKED, NO_BODY, WITH_TRAILERS } from '../message/body-framer.ts';
import { FieldEdits } from '../message/field-edits.ts';
import { fieldValues } from '../message/live-request.ts';
import { BODY_TOO_LONG } from '../message/request-head.ts';
import { selfAnswer } from '../message/self-answer.ts';
import { SentBody } from '../message/sent-body.ts';
import type { ClientSide } from '../sides/client-side.ts';
import type { ServerSide } from '../sides/server-side.ts';
import { HeldBytes } from '../transport/held-bytes.ts';
import type { ClientSession } from './client-session.ts';
import { CANCEL, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM } from './frames/frame.ts';
import { answerBlock } from './heads/answer-fields.ts';
import { provesWebSocket } from './heads/web-socket-key.ts';
import type { SessionStream } from './session.ts';
import { StreamSink } from './stream-sink.ts';

const LENGTH_DISAGREES = 'the body is not as long as Content-Length says';

const noEdits = new FieldEdits();
const own = new AnswerHead();

export class ClientStream extends Timed implements ClientSide, SessionStream {
  readonly id: number;
  readonly out: StreamSink;
  exchange: Exchange | null;
  /** The header block of the request, as it came. */
  headIn = 0;
  #headOut = 0;
  #contentIn = 0;
  answerForm = AS_IS;
  /** What the client may still send on this stream. */
  window: number;
  /** What it may send again, and has not been told yet. */
  toGrant = 0;
  /** The client has ended its side. */
  hasEnded = false;
  /** What it sent is no request: after its answer the stream is reset (RFC 9113 section 8.1.1). */
  isMalformed = false;
  readonly #session: ClientSession;
  #mode = NO_BODY;
  /** As the head says; 0 without one. */
  #length = 0;
  #left = 0;
  #isSent = false;
  #isTunnel = false;
  /** It is to be settled. */
  #isTouched = false;
  #held = new HeldBytes();
  /** What of the body has gone to a server that may refuse it yet; null: nothing. */
  #sent: SentBody | null = null;
  /** So much at the beginning of what is held was taken back from a server: the client may send it again already. */
  #rewound = 0;
  #trailers = '';

  constructor(session: ClientSession, id: number, sendWindow: number, receiveWindow: number) {
    super();
    this.id = id;
    this.out = new StreamSink(session, id, sendWindow);
    this.window = receiveWindow;
    this.#session = session;
    this.exchange = Exchange.acquire(this, session.loop);
  }

  get peer(): ClientPeer {
    return this.#session.peer;
  }

  get bytesIn(): number {
    return this.headIn + this.#contentIn;
  }

  get bytesOut(): number {
    return this.#headOut + this.out.bytesOut;
  }

  get bodyOut(): number {
    return this.out.bytesOut;
  }

  get hasBody(): boolean {
    return this.#mode !== NO_BODY;
  }

  get mayTrail(): boolean {
    return !this.hasEnded || this.#trailers !== '';
  }

  get isRequestSent(): boolean {
    return this.#isSent;
  }

  /** startBody: the head is read and good; `mode` and `length` as the head frames the body. */
  startBody(mode: number, length: number): void {
    this.#mode = mode;
    this.#length = length;
    this.#left = length;
    this.#isSent = mode === NO_BODY || (mode === BY_LENGTH && length === 0 && !this.mayTrail);
    if (!this.#isSent) this.#session.loop.wheel.limit(this, this.exchange!.listener.plan.timeouts.bodyMs);
  }

  // What the client sends.

  /** onContent takes a piece of DATA; the buffer is lent. */
  onContent(bytes: Buffer, from: number, to: number, isLast: boolean): void {
    const { exchange } = this;
    this.#contentIn += to - from;
    if (exchange === null) {
      this.#session.granted(this, to - from);
      return;
    }
    const { server } = exchange;
    if (server === null || server.isConnecting || this.#held.length > 0 || server.out.isFull) {
      this.#held.add(bytes, from, to);
      return;
    }
    if (isLast) server.out.lastFollows?.();
    this.#forward(server, bytes, from, to);
    if (this.exchange !== exchange || this.#isTouched) return;
    this.#isTouched = true;
    this.#session.markTouched(this);
  }

  /** settle sends on what came in one go: a client may send a body byte by byte. */
  settle(): void {
    this.#isTouched = false;
    const server = this.exchange === null ? null : this.exchange.server;
    if (server !== null && !server.isConnecting) this.#afterForward(server);
  }

  /** onPeerEnd: the client has ended its side; `trailers` are checked field lines, or ''. */
  onPeerEnd(trailers = ''): void {
    this.hasEnded = true;
    this.#trailers = trailers;
    const { exchange } = this;
    if (exchange === null) return;
    const { server } = exchange;
    if (this.#held.length > 0 || server === null || server.isConnecting) return;
    this.#finishBody(server);
    if (this.exchange === exchange) this.#afterForward(server);
  }

  /** reset: the client does not want it any more. */
  reset(): void {
    this.#abort('client-canceled');
  }

  onGone(): void {
    this.#abort(this.#session.goneFor);
  }

  #abort(cause: AbortCause): void {
    const { exchange } = this;
    this.exchange = null;
    this.#drop();
    exchange?.abort(true, exchange.isTunnel && cause !== 'client-reset' ? '' : cause);
  }

  #forward(server: ServerSide, bytes: Buffer, from: number, to: number): void {
    const size = to - from;
    const { out } = server;
    const again = Math.min(size, this.#rewound);
    this.#rewound -= again;
    if (again < size) this.#session.granted(this, size - again);
    if (this.#isTunnel) {
      out.bytes(bytes, from, to);
      this.exchange!.tunnelMoved();
    } else {
      this.#left -= size;
      const most = this.exchange!.listener.plan.limits.bodyBytes;
      const isTooLong = most !== 0 && this.#contentIn > most;
      if (isTooLong || (this.#mode !== CHUNKED && this.#left < 0)) {
        this.#session.misled();
        this.exchange!.request.refusal = isTooLong ? BODY_TOO_LONG : LENGTH_DISAGREES;
        this.isMalformed = !isTooLong;
        this.exchange!.refuse(isTooLong ? 413 : 400);
        return;
      }
      if (this.#mode === CHUNKED && server.bodyForm === AS_IS) {
        out.text(`${size.toString(16)}\r\n`);
        out.bytes(bytes, from, to);
        out.text('\r\n');
      } else {
        out.bytes(bytes, from, to);
      }
      if (server.mayRefuse) {
        this.#sent ??= new SentBody();
        this.#sent.keep(bytes, from, to);
      }
    }
  }

  /** finishBody: the client has ended, and everything before has gone on. */
  #finishBody(server: ServerSide): void {
    if (this.#isTunnel) {
      server.halfEnd();
      return;
    }
    if (this.#isSent) return;
    if (this.#mode === BY_LENGTH && this.#left !== 0) {
      // It said that there would be more (RFC 9113 section 8.1.1).
      this.#session.misled();
      this.exchange!.request.refusal = LENGTH_DISAGREES;
      this.isMalformed = true;
      this.exchange!.refuse(400);
      return;
    }
    if (this.#mode === CHUNKED) {
      if (server.bodyForm === AS_IS) server.out.text(`0\r\n${this.#trailers}\r\n`);
      else server.out.trailers?.(this.#trailers);
    } else if (server.bodyForm === WITH_TRAILERS) {
      server.out.trailers?.(this.#trailers);
    }
    this.#isSent = true;
  }

  /** afterForward flushes, and starts the time for whoever is to move next. */
  #afterForward(server: ServerSide): void {
    const { wheel } = this.#session.loop;
    server.out.flush();
    if (!server.mayRefuse && this.#sent?.isLost === false) this.#sent = null;
    if (this.#isTunnel) return;
    if (this.#mode === BY_LENGTH && this.#left === 0 && (server.bodyForm === AS_IS || this.hasEnded))
      this.#isSent = true;
    if (this.#isSent) {
      wheel.limit(this, 0);
      server.awaitAnswer();
    } else if (server.out.isFull) {
      wheel.limit(this, 0);
      server.awaitAnswer();
    } else {
      const exchange = this.exchange!;
      wheel.limit(this, exchange.listener.plan.timeouts.bodyMs);
      if (exchange.isAnswering) server.awaitAnswer();
    }
  }

  // What the exchange asks for.

  onQueued(): void {
    this.#session.loop.wheel.limit(this, 0);
  }

  onDequeued(): void {
    this.#session.loop.wheel.limit(this, this.#isSent ? 0 : this.exchange!.listener.plan.timeouts.bodyMs);
  }

  rewind(): boolean {
    if (this.#sent?.isLost === true) return false;
    const sent = this.#sent?.bytes;
    this.#sent = null;
    if (sent !== undefined) {
      this.#rewound += sent.length;
      for (const held = this.#held; held.length > 0; ) {
        const piece = held.first();
        sent.add(piece, 0, piece.length);
        held.take(piece.length);
      }
      this.#held = sent;
    }
    this.startBody(this.#mode, this.#length);
    if (this.hasEnded) this.#session.loop.wheel.limit(this, 0);
    return true;
  }

  sendRefused(): boolean {
    this.exchange = null;
    this.out.isEnded = true;
    this.#session.resetStream(this.id, REFUSED_STREAM);
    this.#drop();
    return true;
  }

  sendBody(server: ServerSide): void {
    this.#forwardHeld(server);
  }

  serverDrained(server: ServerSide): void {
    if (!this.#isTunnel && !this.#isSent && !this.exchange!.isAnswering) server.stopWaiting();
    this.#forwardHeld(server);
  }

  #forwardHeld(server: ServerSide): void {
    const { exchange } = this;
    const held = this.#held;
    while (held.length > 0 && !server.out.isFull) {
      const piece = held.first();
      held.take(piece.length);
      this.#forward(server, piece, 0, piece.length);
      if (this.exchange !== exchange || exchange!.server !== server) return;
    }
    // What was granted meanwhile: nobody reads this client now, after which it would leave.
    this.#session.out.flush();
    if (held.length === 0 && this.hasEnded) {
      this.#finishBody(server);
      if (this.exchange !== exchange) return;
    }
    this.#afterForward(server);
  }

  awaitRoom(): void {
    this.#session.loop.wheel.limit(this, this.exchange!.listener.plan.timeouts.clientMs);
  }

  sendAnswer(answer: AnswerHead, changes: FieldEdits, added: string): void {
    this.#session.loop.wheel.limit(this, 0);
    this.#sent = null;
    const trails = answer.mode === BY_LENGTH && answer.mayTrail;
    const hasNoBody = answer.mode === NO_BODY || (answer.mode === BY_LENGTH && answer.length === 0 && !trails);
    const hasLength = answer.mode === BY_LENGTH || (answer.hasLength && answer.status !== 204);
    this.answerForm = answer.mode === CHUNKED || trails ? WITH_TRAILERS : AS_IS;
    this.out.start(answer.mode === BY_LENGTH ? answer.length : -1);
    this.out.awaitsEnd = trails;
    this.#headOut += this.#session.sendHeaders(
      this.id,
      answerBlock(answer, answer.status, changes, added, hasLength),
      hasNoBody,
    );
    if (hasNoBody) this.out.isEnded = true;
  }

  sendInterim(answer: AnswerHead): boolean {
    if (answer.status === 100 && !this.exchange!.request.expectsContinue) return false;
    this.#headOut += this.#session.sendHeaders(this.id, answerBlock(answer, answer.status, noEdits, '', false), false);
    return true;
  }

  objection(answer: AnswerHead): string {
    const accept = fieldValues(answer.fields, answer.text, 'sec-websocket-accept');
    return provesWebSocket(this.exchange!.request.forwardHead, accept)
      ? ''
      : 'its Sec-WebSocket-Accept does not answer the key that it was sent';
  }

  sendSwitch(answer: AnswerHead, added: string): void {
    const changes = new FieldEdits();
    changes.hide('sec-websocket-accept');
    this.#headOut += this.#session.sendHeaders(this.id, answerBlock(answer, 200, changes, added, false), false);
  }

  sendOwn(answer: Answer, standard: Answer, changes: FieldEdits): void {
    const isHead = this.exchange!.request.method === 'HEAD';
    const text = Buffer.from(selfAnswer(answer, standard, isHead, '', changes), 'latin1');
    const bodyAt = own.parse(text, 0, text.length, isHead);
    this.sendAnswer(own, noEdits, '');
    this.out.bytes(text, bodyAt, text.length);
  }

  exchangeEnded(): void {
    this.exchange = null;
    this.out.end();
    this.out.flush();
    this.#session.answered();
    this.#finishIfDone();
  }

  tunnelBegins(): void {
    this.#isTunnel = true;
    this.#session.loop.wheel.limit(this, 0);
    this.#forwardHeld(this.exchange!.server!);
  }

  tunnelHalfEnds(): void {
    this.out.end();
    this.out.flush();
  }

  tunnelEnds(hadError: boolean): void {
    if (hadError) this.#breakOff(CANCEL);
    else {
      this.out.end();
      this.out.flush();
      this.#session.loop.transport.loop.turn(() => this.#endTunnel());
    }
  }

  /** endTunnel lets the tunnel go. What the client's windows hold back still goes out. */
  #endTunnel(): void {
    const { exchange } = this;
    if (exchange === null) return;
    this.exchange = null;
    exchange.abort(true, '');
    this.#finishIfDone();
  }

  breakOff(): void {
    this.#breakOff(this.isMalformed ? PROTOCOL_ERROR : INTERNAL_ERROR);
  }

  destroy(): void {
    this.#breakOff(CANCEL);
  }

  expired(): void {
    const { exchange } = this;
    if (exchange?.isAnswering) exchange.request.abortCause = 'client-timeout';
    if (exchange === null || exchange.isAnswering) this.#breakOff(CANCEL);
    else {
      exchange.request.refusal = 'the body has not come in time';
      exchange.refuse(408);
    }
  }

  // As the session sees it.

  /** onRoom: the client takes more. */
  onRoom(): void {
    if (!this.out.pump()) return;
    const { exchange } = this;
    if (exchange === null) this.#finishIfDone();
    else if ((exchange.isAnswering || this.#isTunnel) && !this.out.isFull) {
      this.#session.loop.wheel.limit(this, this.#isSent || this.#isTunnel ? 0 : exchange.listener.plan.timeouts.bodyMs);
      exchange.server?.resume();
    }
  }

  /** The answer has gone out whole: the stream is over, even if the client still sends (RFC 9113 section 8.1). */
  #finishIfDone(): void {
    if (!this.out.isEnded) {
      const { clientMs } = this.#session.port.listener.plan.timeouts;
      this.#session.loop.wheel.limit(this, clientMs);
      return;
    }
    if (this.isMalformed) this.#session.resetStream(this.id, PROTOCOL_ERROR);
    else if (!this.hasEnded) this.#session.resetStream(this.id, NO_ERROR);
    this.#drop();
  }

  #breakOff(error: number): void {
    this.out.isEnded = true;
    this.#session.resetStream(this.id, error);
    this.#session.loop.transport.loop.turn(() => this.onGone());
  }

  #drop(): void {
    this.#session.loop.wheel.drop(this);
    const held = this.#held.length - this.#rewound;
    this.#held.clear();
    this.#sent = null;
    this.#rewound = 0;
    this.#session.removeStream(this);
    if (held <= 0) return;
    this.#session.granted(this, held);
    this.#session.out.flush();
  }
}
