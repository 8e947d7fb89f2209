/**
 * Downstream: one client connection, and the life of each request on it. Hot path; data plane.
 *
 * One request at a time (RFC 9112 section 9.3.2): bytes of the next one wait until the answer has ended. Requests are
 * checked, judged by the rules, given a server, and forwarded as bytes; nothing is allocated for a request that the
 * connection does not already hold, but strings.
 */
import type { Socket } from 'node:net';
import type { IpAddress } from '@sluice/dsl/match';
import type { Answer } from '../../plugin/data-entry.ts';
import { clientOf } from '../../shared/client-ip.ts';
import { ListenerIndex, ServerIndex } from '../../shared/counters.ts';
import type { OpenSession } from '../../shared/orders.ts';
import { hideCookie } from '../../shared/own-cookie.ts';
import { type LinkedBackend, type LinkedListener, releaseGeneration } from '../generation.ts';
import type { Closable, Loop } from '../loop.ts';
import type { Port } from '../port.ts';
import { Timed } from '../timer-wheel.ts';
import { Input, type Taker } from '../transport/input.ts';
import { type Feeder, Output } from '../transport/output.ts';
import type { Waiting } from '../waiting-line.ts';
import { answerFraming, frameAnswer } from './answer-framing.ts';
import type { AnswerHead } from './answer-head.ts';
import { AnsweredRequest } from './answered-request.ts';
import { AS_IS, BAD_BODY, BodyFramer, BY_LENGTH, NO_BODY } from './body-framer.ts';
import { FAILURE_COUNTERS, FAILURE_STATUSES, type Failure, maySendAgain } from './failure.ts';
import { FieldEdits } from './field-edits.ts';
import { answerHead, Peer, requestHead } from './forward-head.ts';
import { changeAnswer, judge, ruleFailed } from './judge.ts';
import { isIdempotent, LiveRequest } from './live-request.ts';
import { CR } from './octets.ts';
import { RequestEdits } from './request-edits.ts';
import { framing, HEAD_NEEDS_MORE, hasToken, parseRequestHead, skipEmptyLines } from './request-head.ts';
import { selfAnswer, selfAnswerFields } from './self-answer.ts';
import { choice, chooseServer, FULL, learn, leaveServer, NOBODY, answered as noteAnswered } from './server-choice.ts';
import { Upstream } from './upstream.ts';

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
/**
 * So many bytes that came before their turn are kept; only then the client is no longer read. Until then it is, as a
 * connection that is not read does not notice that its client has gone.
 */
const MOST_HELD_BYTES = 65536;
/** A pooled connection idle for longer than this many ticks is not trusted with a request that cannot be sent again. */
const FRESH_TICKS = 5;

const edits = new RequestEdits();
const answerEdits = new FieldEdits();
const noEdits = new FieldEdits();
const answered = new AnsweredRequest();

interface DownstreamSocket extends Socket {
  downstream: Downstream;
}

function onEnd(this: Socket): void {
  (this as DownstreamSocket).downstream.ended();
}
function onError(): void {
  // `close` follows and decides.
}
function onClose(this: Socket, hadError: boolean): void {
  (this as DownstreamSocket).downstream.closed(hadError);
}

export class Downstream extends Timed implements Closable, Waiting, Feeder, Taker {
  readonly socket: Socket;
  readonly out: Output;
  /** Of the request under way. */
  backend!: LinkedBackend;
  /** How the answer's body leaves: AS_IS, UNCHUNKED or RECHUNKED. */
  answerOutput = AS_IS;
  readonly #loop: Loop;
  readonly #port: Port;
  readonly #peerIp: IpAddress;
  readonly #framer = new BodyFramer();
  readonly #input = new Input(this);
  #listener!: LinkedListener;
  #peer: Peer | null = null;
  #peerListener: LinkedListener | null = null;
  #state = IDLE;
  #request: LiveRequest | null = null;
  #upstream: Upstream | null = null;
  #server = -1;
  #openSlot = -1;
  /** When the request was given to the server; kept only where the strategy asks for it. */
  #sentMs = 0;
  #tried: number[] | null = null;
  #failure: Failure | null = null;
  /** What came before its turn: part of a head, the next request, a body that the server does not take yet. */
  #pending: Buffer | null = null;
  /** What comes is held. */
  #isPaused = false;
  /** So much is held that nothing more is read. */
  #isStopped = false;
  #isReading = false;
  #isAnswering = false;
  #isQueued = false;
  /** The server whose room is waited for; -1: any. */
  #waitsFor = -1;
  #isEarly = false;
  /** The server is the one that the client belonged to before. */
  #isSticky = false;
  #mustClose = false;
  #hasEnded = false;
  #bytesIn = 0;

  constructor(socket: Socket, peerIp: IpAddress, port: Port, loop: Loop) {
    super();
    this.socket = socket;
    this.out = new Output(socket, this);
    this.#loop = loop;
    this.#port = port;
    this.#peerIp = peerIp;
    (socket as DownstreamSocket).downstream = this;
    this.#input.accept(socket);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    loop.connections.add(this);
    port.connections.add(this);
    loop.counters.listener(port.listener.slot, ListenerIndex.connections);
    loop.addresses.add(port.listener.slot, peerIp, 1);
    loop.wheel.limit(this, port.listener.plan.timeouts.idleMs);
  }

  get isIdle(): boolean {
    return this.#state === IDLE && this.#pending === null && !this.out.isFull;
  }

  get isHead(): boolean {
    return this.#request!.method === 'HEAD';
  }

  /** isRequestSent: every byte of the request has gone to the server. */
  get isRequestSent(): boolean {
    return this.#framer.isDone;
  }

  /** isEarly: the answer began before that, so the server may not have read the rest: its connection is not used again. */
  get isEarly(): boolean {
    return this.#isEarly;
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** breakOff ends the connection so that the client cannot take what it has for a whole answer: no FIN, but a reset. */
  breakOff(): void {
    try {
      this.socket.resetAndDestroy();
    } catch {
      // Unix sockets have no reset, nor need TLS modes' streams; net.Socket throws when asked for one.
      this.destroy();
    }
  }

  release(): void {
    if (this.isIdle) this.#close();
  }

  sessionOn(slot: number): OpenSession | null {
    const request = this.#request;
    if (request === null || this.#openSlot !== slot) return null;
    return {
      kind: this.#state === TUNNEL ? 'tunnel' : 'request',
      client: request.ip.text,
      listener: this.#listener.name,
      method: request.method,
      path: request.path,
      startMs: request.startMs,
      isSticky: this.#isSticky,
      bytesIn: this.#bytesIn,
      bytesOut: this.out.bytesOut,
    };
  }

  // The client's side.

  received(bytes: Buffer, length: number): void {
    this.#bytesIn += length;
    switch (this.#state) {
      case IDLE:
      case HEAD:
        if (this.#pending === null) this.#read(bytes, length);
        else this.#readBehind(this.#pending, bytes.subarray(0, length));
        break;
      case BODY:
        if (this.#isPaused || this.#upstream === null || this.#upstream.isConnecting) this.#hold(bytes, 0, length);
        else this.#forwardBody(bytes, 0, length);
        break;
      case ANSWER:
        this.#hold(bytes, 0, length);
        break;
      case TUNNEL:
        if (this.#isPaused) this.#hold(bytes, 0, length);
        else this.#tunnel(bytes, length);
        break;
    }
  }

  ended(): void {
    this.#hasEnded = true;
    switch (this.#state) {
      case TUNNEL:
        if (this.#pending === null) this.#upstream!.socket.end();
        break;
      case HEAD:
        this.destroy();
        break;
      case IDLE:
      case BODY:
        // What has come before may still be a whole request, or the rest of one, that waits for its turn.
        if (this.#pending === null) this.#endedWithin(this.#state);
        break;
    }
  }

  /** endedWithin: nothing more will come, and nothing waits. Between requests that is a good end, within one it is none. */
  #endedWithin(state: number): void {
    if (state === IDLE) this.#close();
    else this.destroy();
  }

  drained(): void {
    switch (this.#state) {
      case IDLE:
        this.#loop.wheel.limit(this, this.#port.listener.plan.timeouts.idleMs);
        this.#readPending();
        break;
      case HEAD:
        this.#readPending();
        break;
      case ANSWER:
        if (!this.#isQueued) this.#loop.wheel.limit(this, 0);
        if (this.#isAnswering) this.#upstream!.resume();
        break;
      case BODY:
        if (!this.#isAnswering) break;
        this.#loop.wheel.limit(this, this.#isPaused ? 0 : this.#listener.plan.timeouts.bodyMs);
        this.#upstream!.resume();
        break;
      case LINGER:
        this.#loop.wheel.limit(this, LINGER_MS);
        break;
      case TUNNEL:
        this.#upstream!.resume();
        break;
    }
  }

  /** writeFailed: the client has gone. After it has ended its side, nothing else would tell. */
  writeFailed(): void {
    this.destroy();
  }

  closed(hadError: boolean): void {
    const state = this.#state;
    if (state === CLOSED) return;
    this.#state = CLOSED;
    const { wheel, counters, connections } = this.#loop;
    wheel.drop(this);
    connections.delete(this);
    if (this.#request !== null) {
      if (state !== TUNNEL && (hadError || this.#hasEnded))
        counters.listener(this.#listener.slot, ListenerIndex.clientAborts);
      this.#endAttempt(true);
      this.#endRequest(this.#request);
    }
    counters.listener(this.#port.listener.slot, ListenerIndex.connectionsClosed);
    this.#loop.addresses.add(this.#port.listener.slot, this.#peerIp, -1);
    this.#port.left(this);
    this.#countBytes();
    this.#input.close();
    this.#pending = null;
  }

  expired(): void {
    if (this.#isQueued) {
      this.#endAttempt(false);
      this.#answerStatus(503, false);
      return;
    }
    switch (this.#state) {
      case IDLE:
        this.#close();
        break;
      case HEAD:
        this.#refuse(408);
        break;
      case BODY:
        if (this.#isAnswering) this.breakOff();
        else {
          this.#endAttempt(true);
          this.#answerStatus(408, true);
        }
        break;
      case ANSWER:
        this.breakOff();
        break;
      default:
        this.destroy();
    }
  }

  // Requests.

  #readBehind(held: Buffer, bytes: Buffer): void {
    const all = Buffer.concat([held, bytes]);
    this.#pending = null;
    this.#read(all, all.length);
  }

  #read(bytes: Buffer, end: number): void {
    let at = 0;
    this.#isReading = true;
    while ((this.#state === IDLE || this.#state === HEAD) && !this.socket.destroyed) {
      at = skipEmptyLines(bytes, at, end);
      if (at === end) break;
      if (at === end - 1 && bytes[at] === CR) {
        this.#keepPart(bytes, at, end);
        break;
      }
      if (this.out.isFull) {
        // A client that asks without reading answers gets no more of them until it reads.
        this.#hold(bytes, at, end);
        this.#loop.wheel.limit(this, this.#port.listener.plan.timeouts.clientMs);
        break;
      }
      const listener = this.#port.listener;
      const { plan } = listener;
      const request = LiveRequest.acquire();
      const behind = parseRequestHead(request, bytes, at, end, listener.headLimits, plan.allowEncodedSlashes);
      if (behind === HEAD_NEEDS_MORE) {
        request.release();
        this.#keepPart(bytes, at, end);
        break;
      }
      this.#listener = listener;
      this.#request = request;
      listener.generation.holds++;
      if (behind < 0) {
        this.#framer.begin(NO_BODY, 0, AS_IS);
        this.#refuse(-behind);
        break;
      }
      at = this.#begin(request, bytes, behind, end);
    }
    this.#isReading = false;
    if (at < end && (this.#state === BODY || this.#state === ANSWER)) this.#hold(bytes, at, end);
  }

  /** keepPart keeps the beginning of a head. The time for the whole head starts with its first byte. */
  #keepPart(bytes: Buffer, at: number, end: number): void {
    this.#pending = Buffer.from(bytes.subarray(at, end));
    if (this.#state === HEAD) return;
    this.#state = HEAD;
    this.#loop.wheel.limit(this, this.#port.listener.plan.timeouts.headerMs);
  }

  /** begin judges a request and starts to forward it. Returns the index behind the bytes it took. */
  #begin(request: LiveRequest, bytes: Buffer, bodyAt: number, end: number): number {
    const listener = this.#listener;
    const { plan } = listener;
    const { counters, wheel } = this.#loop;
    this.#framer.begin(framing.mode, framing.length, AS_IS);
    this.#state = this.#framer.isDone ? ANSWER : BODY;
    wheel.limit(this, this.#framer.isDone ? 0 : plan.timeouts.bodyMs);
    this.#mustClose = !request.isKeepAlive;
    this.#isAnswering = false;
    request.startMs = this.#loop.now();
    counters.listener(listener.slot, ListenerIndex.requests);
    const peer = this.#peerFor(listener);
    request.port = this.#port.number;
    request.scheme = peer.scheme;
    request.ip = this.#clientIp(request, peer);
    if (plan.limits.bodyBytes !== 0 && framing.mode === BY_LENGTH && framing.length > plan.limits.bodyBytes) {
      this.#answerStatus(413, true);
      return end;
    }
    const { backend, answer, status } = judge(request, listener, peer.isTrusted, edits, this.#loop);
    if (backend === null) {
      this.#answer(answer ?? this.#standard(status), false);
      return bodyAt;
    }
    const own = backend.stickiness?.ownCookie;
    if (own !== undefined) hideCookie(edits, own);
    request.forwardHead = requestHead(request, peer, edits, this.#port.authority);
    this.backend = backend;
    request.sentTo = backend;
    this.#server = -1;
    this.#tried = null;
    this.#failure = null;
    this.#attempt(false);
    if (this.#state !== BODY || this.#upstream === null || this.#upstream.isConnecting) {
      this.#upstream?.out.flush();
      return bodyAt;
    }
    this.#forwardBody(bytes, bodyAt, end);
    return end;
  }

  /** peerFor keeps what is said of the peer until a reload may have changed it. */
  #peerFor(listener: LinkedListener): Peer {
    if (this.#peer === null || this.#peerListener !== listener) {
      const isTrusted = listener.trusted?.has(this.#peerIp) ?? false;
      this.#peer = new Peer(this.#peerIp.text, listener.tls === null ? 'http' : 'https', isTrusted);
      this.#peerListener = listener;
    }
    return this.#peer;
  }

  #clientIp(request: LiveRequest, peer: Peer): IpAddress {
    const { trusted, plan } = this.#listener;
    if (!peer.isTrusted || plan.clientIp === null || trusted === null) return this.#peerIp;
    return clientOf(this.#peerIp, request.header(plan.clientIp.header), trusted);
  }

  // Attempts.

  /** attempt gives the request to a server. `needsNew`: an idle connection has just turned out to be dead. */
  #attempt(needsNew: boolean): void {
    const request = this.#request!;
    const isNew = request.attempts === 0;
    let server = this.#choose(request, -1, isNew && !this.backend.line.isOpen());
    if (server === NOBODY && this.#tried !== null) {
      // Nobody else is there to try: perhaps it was only a moment's trouble.
      this.#tried = null;
      server = this.#choose(request);
    }
    if (server < 0) {
      if (server === NOBODY || !this.backend.line.join(this, choice.waitsFor)) {
        this.#answerStatus(this.#failure === null ? 503 : FAILURE_STATUSES[this.#failure], false);
        return;
      }
      this.#isQueued = true;
      this.#waitsFor = choice.waitsFor;
      this.#loop.wheel.limit(this, this.backend.plan.timeouts.queueMs);
      return;
    }
    this.#send(request, server, needsNew);
  }

  /** tryAgain: there may be room now. */
  tryAgain(): boolean {
    const request = this.#request!;
    const server = this.#choose(request, this.#waitsFor);
    if (server === FULL) return false;
    this.#isQueued = false;
    this.backend.line.leave(this);
    if (server === NOBODY) {
      this.#answerStatus(503, false);
      return true;
    }
    this.#loop.wheel.limit(this, this.#state === BODY ? this.#listener.plan.timeouts.bodyMs : 0);
    this.#send(request, server, false);
    const upstream = this.#upstream;
    if (upstream !== null && !upstream.isConnecting) this.#startBody(upstream);
    return true;
  }

  #send(request: LiveRequest, server: number, needsNew: boolean): void {
    const { wheel, counters } = this.#loop;
    const { pool, balancer } = this.backend;
    const endpoint = pool.endpoints[server]!;
    request.attempts++;
    this.#server = server;
    this.#openSlot = endpoint.slot;
    if (balancer.hearsAnswers) this.#sentMs = this.#loop.now();
    counters.server(endpoint.slot, ServerIndex.requests);
    const pooled = needsNew ? undefined : endpoint.take(this.#isRepeatable ? 0 : wheel.tick - FRESH_TICKS);
    if (pooled !== undefined) {
      this.#upstream = pooled;
      pooled.lend(this);
      pooled.out.text(request.forwardHead);
      return;
    }
    counters.server(endpoint.slot, ServerIndex.connects);
    const upstream = new Upstream(endpoint, this.#loop);
    this.#upstream = upstream;
    upstream.lend(this);
  }

  #choose(request: LiveRequest, waitsFor = -1, isBehind = false): number {
    const { slot } = this.#listener;
    const server = chooseServer(this.backend, request, this.#tried, slot, this.#loop, waitsFor, isBehind);
    this.#isSticky = choice.isSticky;
    return server;
  }

  /** noteAnswered tells a strategy that asks for it how long the server took; status 0: it did not answer. */
  #noteAnswered(status: number): void {
    const { backend } = this;
    if (!backend.balancer.hearsAnswers || this.#openSlot === -1) return;
    noteAnswered(backend, this.#server, this.#sentMs, status, this.#listener.slot, this.#loop);
  }

  /** endAttempt gives the server back its place. `isAborted`: its connection is of no more use. */
  #endAttempt(isAborted: boolean): void {
    if (this.#openSlot !== -1) {
      leaveServer(this.backend, this.#server, this.#listener.slot, this.#loop);
      this.#openSlot = -1;
      this.backend.line.wake(this.#server);
    }
    const upstream = this.#upstream;
    this.#upstream = null;
    if (isAborted && upstream !== null) upstream.discard();
    if (this.#isQueued) {
      this.#isQueued = false;
      this.backend.line.leave(this);
    }
  }

  upstreamConnected(): void {
    const upstream = this.#upstream!;
    upstream.out.text(this.#request!.forwardHead);
    this.#startBody(upstream);
  }

  /** startBody sends the head that is held and what has come of the body meanwhile. */
  #startBody(upstream: Upstream): void {
    if (this.#state !== BODY) {
      upstream.out.flush();
      return;
    }
    const held = this.#takeHeld();
    this.#resume();
    if (held !== null) this.#forwardBody(held, 0, held.length);
    else upstream.out.flush();
  }

  upstreamDrained(): void {
    if (this.#state !== BODY && this.#state !== TUNNEL) return;
    const held = this.#takeHeld();
    this.#resume();
    if (this.#state === TUNNEL) {
      if (held !== null) this.#tunnel(held, held.length);
      return;
    }
    this.#loop.wheel.limit(this, this.#listener.plan.timeouts.bodyMs);
    if (!this.#isAnswering) this.#upstream!.stopWaiting();
    if (held !== null) this.#forwardBody(held, 0, held.length);
  }

  /** upstreamFailed tries again where that cannot do harm, and answers for the server where it could. */
  upstreamFailed(failure: Failure): void {
    const { counters } = this.#loop;
    const slot = this.#openSlot;
    const wasReused = this.#upstream!.isReused;
    counters.server(slot, FAILURE_COUNTERS[failure]);
    if (failure === 'connect') this.backend.pool.endpoints[this.#server]!.flush();
    // That a kept connection has died says nothing of its server.
    if (failure !== 'dead' || !wasReused) this.#noteAnswered(0);
    this.#endAttempt(true);
    this.#failure = failure;
    if (this.#isAnswering) {
      this.breakOff();
      return;
    }
    const { attempts } = this.#request!;
    if (maySendAgain(failure, this.backend, attempts, this.#isRepeatable, wasReused)) {
      counters.server(slot, ServerIndex.retries);
      this.#retry(failure === 'dead' && wasReused);
      return;
    }
    this.#answerStatus(FAILURE_STATUSES[failure], false);
  }

  /** isRepeatable: sending the request again cannot do what was done already (RFC 9110 section 9.2.2). */
  get #isRepeatable(): boolean {
    return this.#framer.mode === NO_BODY && isIdempotent(this.#request!.method);
  }

  #retry(isSameServer: boolean): void {
    if (!isSameServer && this.backend.plan.retry.isAnotherServer) {
      if (this.#tried === null) this.#tried = [this.#server];
      else this.#tried.push(this.#server);
    }
    this.#attempt(isSameServer);
    const upstream = this.#upstream;
    if (upstream !== null && !upstream.isConnecting) this.#startBody(upstream);
  }

  // Bodies.

  #forwardBody(bytes: Buffer, at: number, end: number): void {
    const upstream = this.#upstream!;
    const behind = this.#framer.feed(bytes, at, end, upstream.out);
    const most = this.#listener.plan.limits.bodyBytes;
    const isTooLong = most !== 0 && this.#framer.contentBytes > most;
    if (behind === BAD_BODY || isTooLong) {
      this.#endAttempt(true);
      if (this.#isAnswering) this.breakOff();
      else this.#answerStatus(isTooLong ? 413 : 400, true);
      return;
    }
    upstream.out.flush();
    if (!this.#framer.isDone && this.#hasEnded) {
      this.destroy();
    } else if (this.#framer.isDone) {
      this.#state = ANSWER;
      this.#loop.wheel.limit(this, 0);
      upstream.awaitAnswer();
      if (behind < end) this.#hold(bytes, behind, end);
    } else if (upstream.out.isFull) {
      this.#isPaused = true;
      this.#loop.wheel.limit(this, 0);
      upstream.awaitAnswer();
    } else {
      this.#loop.wheel.limit(this, this.#listener.plan.timeouts.bodyMs);
      if (this.#isAnswering) upstream.awaitAnswer();
    }
  }

  // Answers.

  /** answerBegins forwards the head of a final answer. False: the request is being sent to another server instead. */
  answerBegins(answer: AnswerHead): boolean {
    const request = this.#request!;
    const { backend } = this;
    const { counters } = this.#loop;
    const isRetried = backend.retriesStatus.has(answer.status) && request.attempts <= backend.plan.retry.times;
    this.#noteAnswered(answer.status);
    if (isRetried && this.#isRepeatable) {
      counters.server(this.#openSlot, ServerIndex.retries);
      this.#endAttempt(true);
      this.#retry(false);
      return false;
    }
    if (this.#loop.accessLog.isOn) request.answerMs = this.#loop.now();
    if (answer.status >= 500) counters.server(this.#openSlot, ServerIndex.answers5xx);
    else if (answer.status < 300) counters.server(this.#openSlot, ServerIndex.answers2xx);
    let cookie = this.#learn(request, answer);
    const isChanged = this.#listener.responses !== null;
    if (isChanged && !changeAnswer(answered.ofServer(request, answer), this.#listener, answerEdits, this.#loop)) {
      this.#endAttempt(true);
      this.#answer(this.#standard(500), false, false);
      return false;
    }
    this.#isEarly = !this.#framer.isDone;
    if (this.#isEarly || this.#isLeaving) this.#mustClose = true;
    frameAnswer(answer, request.isHttp11);
    this.answerOutput = answerFraming.output;
    if (answerFraming.endsWithConnection) this.#mustClose = true;
    this.#isAnswering = true;
    this.#countAnswer(answer.status);
    const changes = isChanged ? answerEdits : noEdits;
    if (cookie !== '' && changes.isHidden('set-cookie')) cookie = '';
    this.out.text(answerHead(answer, changes, answerFraming.field, this.#connectionField(request) + cookie));
    return true;
  }

  /** learn returns the field line that stickiness adds to the answer, or ''. */
  #learn(request: LiveRequest, answer: AnswerHead): string {
    return learn(this.backend, request, this.#server, this.#isSticky, answer, this.#listener.slot, this.#loop);
  }

  /** answerInterim forwards a 1xx, except to HTTP/1.0 clients and a 100 that was not asked for. */
  answerInterim(answer: AnswerHead): void {
    const request = this.#request!;
    if (!request.isHttp11 || (answer.status === 100 && !request.expectsContinue)) return;
    this.#loop.counters.listener(this.#listener.slot, ListenerIndex.answers1xx);
    this.out.text(answerHead(answer, noEdits, '', ''));
  }

  /** answerSwitches forwards a 101 that was asked for. False: it was not, and the attempt has failed. */
  answerSwitches(answer: AnswerHead): boolean {
    const request = this.#request!;
    const chosen = answer.upgrade.toLowerCase();
    if (request.upgrade === '' || chosen === '' || !hasToken(request.upgrade.toLowerCase(), chosen)) {
      this.upstreamFailed('bad');
      return false;
    }
    this.#isAnswering = true;
    this.#countAnswer(101);
    const cookie = this.#learn(request, answer);
    this.out.text(answerHead(answer, noEdits, '', `Connection: Upgrade\r\nUpgrade: ${answer.upgrade}\r\n${cookie}`));
    return true;
  }

  awaitDrain(): void {
    if (this.#state === ANSWER || this.#isPaused) {
      this.#loop.wheel.limit(this, this.#listener.plan.timeouts.clientMs);
    }
  }

  answerEnded(): void {
    this.#endAttempt(false);
    this.#finish();
  }

  #connectionField(request: LiveRequest): string {
    if (this.#mustClose) return 'Connection: close\r\n';
    return request.isHttp11 ? '' : 'Connection: keep-alive\r\n';
  }

  /** refuse answers a head that could not be read; nothing of it went anywhere. */
  #refuse(status: number): void {
    this.#loop.counters.listener(this.#port.listener.slot, ListenerIndex.badRequests);
    if (this.#request === null) {
      this.#listener = this.#port.listener;
      this.#request = LiveRequest.acquire();
      this.#listener.generation.holds++;
      this.#framer.begin(NO_BODY, 0, AS_IS);
    }
    const request = this.#request;
    request.startMs = this.#loop.now();
    // Rules for answers may ask who the client is.
    request.ip = this.#peerIp;
    request.port = this.#port.number;
    request.scheme = this.#listener.tls === null ? 'http' : 'https';
    this.#state = ANSWER;
    this.#answerStatus(status, true);
  }

  #answerStatus(status: number, mustClose: boolean): void {
    this.#answer(this.#standard(status), mustClose);
  }

  /** standard is the answer of a status where nobody has made another: the listener's own page, or the gateway's. */
  #standard(status: number): Answer {
    const { errorPages, generation } = this.#listener;
    const page = errorPages === null ? undefined : errorPages.get(status);
    return page === undefined ? generation.errorAnswer(status) : page(this.#request!);
  }

  /** answer gives an answer of our own. `mayChange`: `on response` has its say, unless it was what failed. */
  #answer(answer: Answer, mustClose: boolean, mayChange = true): void {
    if (mustClose || !this.#framer.isDone || this.#isLeaving) this.#mustClose = true;
    let status = answer.status;
    let text: string;
    try {
      const standard = this.#standard(status);
      const isChanged = mayChange && this.#listener.responses !== null;
      if (isChanged && !this.#changeOwnAnswer(answer, standard)) {
        this.#answer(this.#standard(500), mustClose, false);
        return;
      }
      text = this.#render(answer, standard, isChanged ? answerEdits : noEdits);
    } catch (error) {
      // A plugin made an answer that cannot be sent.
      ruleFailed(this.#listener, this.#request!.rule, error, this.#loop);
      status = 500;
      text = this.#renderFailure();
    }
    this.#isAnswering = true;
    this.#countAnswer(status);
    this.out.text(text);
    this.#finish();
  }

  #changeOwnAnswer(answer: Answer, standard: Answer): boolean {
    const facts = answered.ofGateway(this.#request!, answer.status, selfAnswerFields(answer, standard));
    return changeAnswer(facts, this.#listener, answerEdits, this.#loop);
  }

  #renderFailure(): string {
    try {
      const own = this.#standard(500);
      return this.#render(own, own, noEdits);
    } catch {
      const bare: Answer = { status: 500, headers: [], body: '' };
      return this.#render(bare, bare, noEdits);
    }
  }

  #render(answer: Answer, standard: Answer, changes: FieldEdits): string {
    return selfAnswer(answer, standard, this.isHead, this.#connectionField(this.#request!), changes);
  }

  #countAnswer(status: number): void {
    if (this.#request !== null) this.#request.status = status;
    const counter = ListenerIndex.answers1xx + Math.floor(status / 100) - 1;
    this.#loop.counters.listener(this.#listener.slot, counter);
  }

  /** finish ends the request and goes on to the next one, or closes. */
  #finish(): void {
    const request = this.#request!;
    this.out.flush();
    if (request.attempts > 0) {
      this.#loop.latency.record(this.backend.slot, (this.#loop.now() - request.startMs) * 1000);
    }
    this.#endRequest(request);
    this.#countBytes();
    if (this.#mustClose) {
      this.#close();
      return;
    }
    this.#state = IDLE;
    const { idleMs, clientMs } = this.#port.listener.plan.timeouts;
    this.#loop.wheel.limit(this, this.out.isFull ? clientMs : idleMs);
    if (!this.#isReading) this.#readPending();
  }

  /** readPending goes on with bytes that waited for their turn. */
  #readPending(): void {
    const held = this.#takeHeld();
    this.#resume();
    if (held !== null) this.#read(held, held.length);
    if (this.#hasEnded && (this.#state === HEAD || (this.#state === IDLE && this.#pending === null))) {
      this.#endedWithin(this.#state);
    }
  }

  /** isLeaving: this answer is the last one here, as the gateway drains or a reload took the listener away. */
  get #isLeaving(): boolean {
    return this.#loop.isDraining || this.#port.isClosed;
  }

  #endRequest(request: LiveRequest): void {
    const { generation } = this.#listener;
    if (this.#loop.accessLog.isOn) this.#logAccess(request);
    this.#request = null;
    request.release();
    releaseGeneration(generation, this.#loop);
  }

  #logAccess(request: LiveRequest): void {
    const { rule, sentTo: backend, status, startMs, answerMs } = request;
    // Its head has not come yet.
    if (startMs === 0) return;
    this.#loop.accessLog.add(request, {
      listener: this.#listener,
      rule,
      backend,
      server: backend === null ? -1 : this.#server,
      status,
      responseMs: answerMs === 0 ? -1 : answerMs - startMs,
      totalMs: this.#loop.now() - startMs,
    });
  }

  /** close ends our side and waits a moment for the client's, so that our last answer is not lost to a reset. */
  #close(): void {
    this.#state = LINGER;
    this.#pending = null;
    this.#loop.wheel.limit(this, this.out.isFull ? this.#port.listener.plan.timeouts.clientMs : LINGER_MS);
    this.socket.end();
    if (this.#hasEnded) return;
    this.#resume();
  }

  // Tunnels.

  tunnelBegins(): void {
    this.#state = TUNNEL;
    this.tunnelMoved();
    const held = this.#takeHeld();
    this.#resume();
    if (held !== null) this.#tunnel(held, held.length);
    else if (this.#hasEnded) this.#upstream!.socket.end();
  }

  /** tunnel sends on what the client sent. Its end goes on when everything before it has. */
  #tunnel(bytes: Buffer, length: number): void {
    const { out, socket } = this.#upstream!;
    out.bytes(bytes, 0, length);
    out.flush();
    this.tunnelMoved();
    if (this.#hasEnded) socket.end();
    else if (out.isFull) this.#isPaused = true;
  }

  tunnelMoved(): void {
    this.#loop.wheel.limit(this, this.backend.plan.timeouts.tunnelMs);
  }

  /** tunnelEnds: the server's side is gone. */
  tunnelEnds(hadError: boolean): void {
    if (hadError) this.destroy();
    else this.socket.destroySoon();
  }

  // Reading.

  /** hold keeps a copy of bytes whose turn has not come. */
  #hold(bytes: Buffer, at: number, end: number): void {
    const part = bytes.subarray(at, end);
    const held = this.#pending === null ? Buffer.from(part) : Buffer.concat([this.#pending, part]);
    this.#pending = held;
    this.#isPaused = true;
    if (held.length < MOST_HELD_BYTES || this.#isStopped) return;
    this.#isStopped = true;
    this.socket.pause();
  }

  #takeHeld(): Buffer | null {
    const held = this.#pending;
    this.#pending = null;
    return held;
  }

  #resume(): void {
    this.#isPaused = false;
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.socket.resume();
  }

  #countBytes(): void {
    const { slot } = this.#port.listener;
    this.#loop.counters.listener(slot, ListenerIndex.bytesIn, this.#bytesIn);
    this.#loop.counters.listener(slot, ListenerIndex.bytesOut, this.out.bytesOut);
    this.#bytesIn = 0;
    this.out.bytesOut = 0;
  }
}
