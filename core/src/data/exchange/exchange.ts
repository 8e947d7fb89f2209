/**
 * Exchange: the life of one request, whatever wires it comes and goes by. Hot path; data plane.
 *
 * It is judged by the rules, given a server (attempts.ts), and answered by it or by the gateway; counted, timed and logged. Bytes, framing and connections are the business of its two sides
 * (client-side.ts, server-side.ts). Objects are taken from and given back to a free list with their request, so that an idle
 * connection holds none; nobody may keep one after its end.
 */
import type { Answer } from '../../plugin/data-entry.ts';
import { UNKNOWN_CLIENT, UNREAD_CLIENT } from '../../shared/judgement/client-ip.ts';
import { hideCookie } from '../../shared/judgement/own-cookie.ts';
import type { OpenSession, SessionFilter } from '../../shared/orders/orders.ts';
import { ListenerIndex } from '../../shared/tables/counters.ts';
import { type HeaderValues, RequestEnd } from '../access-log/request-end.ts';
import type { RequestLog } from '../access-log/request-log.ts';
import type { LinkedBackend, LinkedListener, LinkedRule } from '../backend/generation.ts';
import { type Loop, releaseGeneration } from '../loop/loop.ts';
import { Timed } from '../loop/timer-wheel.ts';
import type { AbortCause } from '../message/abort-cause.ts';
import type { AnswerHead } from '../message/answer-head.ts';
import type { EndedBy, EndedIn } from '../message/end-cause.ts';
import { FieldEdits } from '../message/field-edits.ts';
import { type Peer, requestHead } from '../message/forward-head.ts';
import { fieldValues, LiveRequest } from '../message/live-request.ts';
import { RequestEdits } from '../message/request-edits.ts';
import { hasToken } from '../message/request-head.ts';
import type { ClientSide } from '../sides/client-side.ts';
import { FAILURE_NAMES, FAILURE_STATUSES, type Failure } from '../sides/failure.ts';
import type { ServerSide } from '../sides/server-side.ts';
import type { Moment } from '../trace/phase-marks.ts';
import type { Tracer } from '../trace/tracer.ts';
import { AnsweredRequest } from './answered-request.ts';
import { Attempts } from './attempts.ts';
import { changeAnswer, judge } from './judge.ts';
import { misdirection } from './misdirected.ts';
import { ENDED, noteOwnAnswer, noteServerAnswer, RULE_FAILED } from './note-failure.ts';
import { sendOwnAnswer, standardAnswer } from './own-answer.ts';
import { tracedRequest } from './traced-request.ts';

const edits = new RequestEdits();
const answerEdits = new FieldEdits();
const noEdits = new FieldEdits();
const answered = new AnsweredRequest();
const ending = new RequestEnd();

const MOST_FREE = 1024;
const free: Exchange[] = [];

export class Exchange extends Timed {
  readonly request = new LiveRequest();
  client!: ClientSide;
  listener!: LinkedListener;
  backend!: LinkedBackend;
  /** The rule that decided. */
  rule: LinkedRule | null = null;
  /** Where it was sent; null: nowhere. */
  sentTo: LinkedBackend | null = null;
  /** The request is a connection of a `tcp` listener: it has no head, no answer and no status. */
  isRelayed = false;
  /** Who it is with now; null: nobody. */
  server: ServerSide | null = null;
  /** The head of an answer has gone to the client: nothing can be tried again. */
  isAnswering = false;
  /** The answer began before the request was sent whole: the server may not have read the rest. */
  isEarly = false;
  /** It has become a tunnel. */
  isTunnel = false;
  /** Why no server gave an answer, or why it was ended; empty: neither. */
  failure = '';
  loop!: Loop;
  /** When connecting to the server began. */
  connectStartMs = 0;
  /** Of the answer's headers those that access logs ask for; null: nobody does, or there is no answer yet. */
  loggedHeaders: readonly HeaderValues[] | null = null;
  readonly #attempts = new Attempts(this);

  /** acquire makes one for a request that is still being read; `begin` it, or `release` it when more bytes are needed. */
  static acquire(client: ClientSide, loop: Loop): Exchange {
    const exchange = free.pop() ?? new Exchange();
    exchange.client = client;
    exchange.loop = loop;
    return exchange;
  }

  release(): void {
    this.request.clear();
    this.client = null as never;
    this.listener = null as never;
    this.backend = null as never;
    this.rule = null;
    this.sentTo = null;
    this.server = null;
    this.isRelayed = false;
    this.isAnswering = false;
    this.isEarly = false;
    this.isTunnel = false;
    this.failure = '';
    this.loggedHeaders = null;
    this.#attempts.clear();
    if (free.length < MOST_FREE) free.push(this);
  }

  /** start: the head has been read, or turned out to be unreadable. It ends by an answer or by `abort`. */
  start(listener: LinkedListener): void {
    this.listener = listener;
    listener.generation.holds++;
    this.request.startMs = this.loop.now();
  }

  /** forward judges the request and gives it to a server, or answers it. `authority` is the Host for requests without one. */
  forward(peer: Peer, authority: string): void {
    const { request, listener } = this;
    const { tracer } = listener.generation;
    if (tracer !== null && !this.isRelayed) request.trace = tracer.trace(request);
    if (request.ip === UNKNOWN_CLIENT) {
      request.refusal = UNREAD_CLIENT;
      request.endBy('client', 'request');
      this.loop.counters.listener(listener.slot, ListenerIndex.badRequests);
      this.#answer(standardAnswer(this, 400), false);
      return;
    }
    if (listener.isSelective && !this.isRelayed) {
      const status = misdirection(request, listener, this.loop);
      if (status !== 0) {
        request.endBy('client', 'request');
        this.answerStatus(status, false);
        return;
      }
    }
    const { backend: wanted, answer, status, rule } = judge(request, listener, peer.isTrusted, edits, this.loop);
    this.rule = rule;
    if (wanted === null) {
      if (answer === null && rule !== null) this.failure = RULE_FAILED;
      // What a rule answers is as it should be; what is answered for want of one, or for a rule that failed, is not.
      if (answer === null) request.endBy(status === 400 ? 'client' : 'gateway', 'rules');
      this.#answer(answer ?? standardAnswer(this, status), false);
      return;
    }
    if (!this.isRelayed) {
      for (let backend: LinkedBackend | null = wanted; backend !== null; backend = backend.fallBack) {
        const own = backend.stickiness?.ownCookie;
        if (own !== undefined) hideCookie(edits, own);
      }
      request.forwardHead = requestHead(request, peer, edits, authority);
    }
    this.#attempts.start(wanted);
  }

  /** refuse ends the attempt and answers with a status, or breaks off when an answer has begun. Nothing more of the client counts. */
  refuse(status: number): void {
    this.request.endBy('client', 'request');
    this.#attempts.end(true);
    if (this.isAnswering) this.client.breakOff();
    else this.answerStatus(status, true);
  }

  /**
   * abort: the client has gone. `isCounted`: it was the client's own doing. `cause` is logged, unless whoever broke it off has said
   * why already.
   */
  abort(isCounted: boolean, cause: AbortCause): void {
    const { request } = this;
    if (request.abortCause === '') request.abortCause = cause;
    if (request.abortCause !== '') request.endBy(endedBy(request.abortCause), this.#phase);
    if (isCounted && !this.isTunnel) {
      this.loop.counters.listener(this.listener.slot, ListenerIndex.clientAborts);
    }
    this.#attempts.end(true);
    this.#end();
  }

  /** expired: the time in which a tunnel has to move is over. */
  expired(): void {
    this.request.endBy('gateway', 'tunnel');
    this.client.destroy();
  }

  /** The index of its server, or of the one that was tried last, in the backend that it was sent to; -1: none. */
  get serverIndex(): number {
    return this.#attempts.index;
  }

  /** addSessionIf adds itself, if it is wanted. */
  addSessionIf(wanted: SessionFilter, found: OpenSession[]): void {
    if (!this.#isWanted(wanted)) return;
    const { request, client, sentTo, serverIndex } = this;
    const { isSticky } = this.#attempts;
    found.push({
      id: request.id,
      backend: sentTo === null ? null : sentTo.name,
      server: sentTo === null || serverIndex === -1 ? null : (sentTo.plan.servers[serverIndex]?.name ?? null),
      kind: this.isTunnel ? 'tunnel' : 'request',
      client: request.ip.text,
      listener: this.listener.name,
      method: request.method,
      path: request.path,
      startMs: request.startMs,
      isSticky,
      bytesIn: client.bytesIn,
      bytesOut: client.bytesOut,
    });
  }

  /** endIf ends itself as `giveUp` does, if it is wanted. */
  endIf(wanted: SessionFilter): boolean {
    if (!this.#isWanted(wanted)) return false;
    this.giveUp();
    return true;
  }

  /** One whose head is still being read is nobody's session yet. */
  #isWanted({ id, slot, client }: SessionFilter): boolean {
    if ((this.listener ?? null) === null) return false;
    if (slot !== null && this.#attempts.slot !== slot) return false;
    if (client !== null && this.request.ip.text !== client) return false;
    return id === null || this.request.id === id;
  }

  /** giveUp: the gateway stops, and waits no longer, or somebody ends it. What has no answer yet gets 503, the rest is broken off. */
  giveUp(): void {
    this.failure = ENDED;
    this.request.endBy('gateway', this.#phase);
    if (this.isTunnel) this.client.destroy();
    else this.refuse(503);
  }

  /** phase is how far it has come. */
  get #phase(): EndedIn {
    if (this.isTunnel) return 'tunnel';
    if (this.isAnswering) return 'response';
    const { server, client } = this;
    if (server === null) return this.sentTo === null ? 'request' : 'queue';
    if (server.isConnecting) return server.isSecuring === true ? 'tls' : 'connect';
    return client.isRequestSent || this.isRelayed ? 'wait' : 'request';
  }

  /** leaveDownServer: the server may have gone down. Where the backend says so, it is left. */
  leaveDownServer(): void {
    this.#attempts.leaveDownServer();
  }

  /** leaveServer leaves a server that takes nobody any more, if it is with that. True: that was its end. */
  leaveServer(slot: number): boolean {
    return this.#attempts.leaveServer(slot);
  }

  // What the server's side tells.

  serverConnected(): void {
    this.#noteConnected();
    this.mark('connected');
    this.#attempts.markServerReachable();
    this.client.sendBody(this.server!);
  }

  #noteConnected(): void {
    if (this.listener.log === null) return;
    const { request, server } = this;
    const tlsMs = server!.tlsMs ?? -1;
    request.connectMs = Math.max(0, this.loop.now() - this.connectStartMs - Math.max(0, tlsMs));
    request.tlsMs = tlsMs;
  }

  /** mark notes a moment of a request that is to be reported to a tracing system. */
  mark(moment: Moment, error = ''): void {
    const { trace } = this.request;
    if (trace === null || trace.marks === null) return;
    const { plan } = this.backend;
    const server = moment === 'queued' ? undefined : plan.servers[this.#attempts.index];
    const place = { backend: plan.name, server: server?.name ?? '', address: server?.address ?? null };
    trace.marks.add(moment, this.loop.now(), place, error);
  }

  serverDrained(): void {
    this.client.serverDrained(this.server!);
  }

  /**
   * serverFailed tries again where that cannot do harm, and answers for the server where it could. `reason`: what the answer was
   * refused for, to be logged.
   */
  serverFailed(failure: Failure, reason = ''): void {
    this.#attempts.failed(failure, reason);
  }

  /** reportRefused tells the client that no server has processed its request: in its own wire's way, or by 503. */
  reportRefused(): void {
    this.failure = FAILURE_NAMES.refused;
    this.request.endBy('server', 'wait');
    if (this.client.sendRefused()) {
      this.request.abortCause = 'not-processed';
      this.#end();
    } else this.answerStatus(FAILURE_STATUSES.refused, false);
  }

  /** answerBegins forwards the head of a final answer. False: the server's answer is not wanted any more. */
  answerBegins(answer: AnswerHead): boolean {
    const { request, listener } = this;
    this.mark('answered');
    if (this.#attempts.answered(answer.status)) return false;
    if (listener.log !== null) this.#noteAnswer(answer, listener.log.answerHeaders);
    let cookie = this.#attempts.learn(answer);
    const isChanged = listener.responses !== null;
    if (isChanged && !changeAnswer(answered.ofServer(request, answer), listener, answerEdits, this.loop)) {
      this.#attempts.end(true);
      this.#answer(standardAnswer(this, 500), false, false);
      return false;
    }
    noteServerAnswer(this, answer.status);
    this.isEarly = !this.client.isRequestSent;
    this.isAnswering = true;
    this.#countAnswer(answer.status);
    const changes = isChanged ? answerEdits : noEdits;
    if (cookie !== '' && changes.isHidden('set-cookie')) cookie = '';
    this.client.sendAnswer(answer, changes, cookie);
    return true;
  }

  /** noteAnswer keeps what access logs want to know of an answer's head, which is gone when the request ends. */
  #noteAnswer(answer: AnswerHead, names: readonly string[]): void {
    this.request.answerMs = this.loop.now();
    if (names.length > 0) this.loggedHeaders = names.map((name) => fieldValues(answer.fields, answer.text, name));
  }

  /** answerInstead gives an answer of the gateway's own in place of one that a service would have made. */
  answerInstead(answer: Answer): void {
    this.#attempts.end(false);
    this.#answer(answer, false);
  }

  answerInterim(answer: AnswerHead): void {
    if (this.client.sendInterim(answer)) {
      this.loop.counters.listener(this.listener.slot, ListenerIndex.answers1xx);
    }
  }

  /** answerSwitches forwards a 101 that was asked for. False: it was not, and the attempt has failed. */
  answerSwitches(answer: AnswerHead): boolean {
    const wanted = this.request.upgrade;
    const chosen = answer.upgrade.toLowerCase();
    if (wanted === '' || chosen === '' || !hasToken(wanted.toLowerCase(), chosen)) {
      this.serverFailed('bad', 'it switched to a protocol that was not asked for');
      return false;
    }
    const objection = this.client.objection(answer);
    if (objection !== '') {
      this.serverFailed('bad', objection);
      return false;
    }
    this.mark('answered');
    this.#attempts.switched();
    const { log } = this.listener;
    if (log !== null) this.#noteAnswer(answer, log.answerHeaders);
    this.isAnswering = true;
    this.#countAnswer(101);
    this.client.sendSwitch(answer, this.#attempts.learn(answer));
    return true;
  }

  answerEnded(): void {
    this.#attempts.end(false);
    this.#finish();
  }

  tunnelBegins(): void {
    if (this.isRelayed) this.#noteConnected();
    this.isTunnel = true;
    this.#attempts.markServerReachable();
    this.tunnelMoved();
    this.client.tunnelBegins();
  }

  /** relayedSpoke: the first byte of a server that is relayed has come. That is all there is to know of its answer. */
  relayedSpoke(): void {
    this.#attempts.onFirstByte();
  }

  /** relayedReset: such a server has reset the connection before it said anything. */
  relayedReset(): void {
    this.#attempts.wasReset();
  }

  tunnelMoved(): void {
    this.loop.wheel.limit(this, this.backend.plan.timeouts.tunnelMs);
  }

  tunnelHalfEnds(): void {
    this.client.tunnelHalfEnds();
  }

  tunnelEnds(hadError: boolean): void {
    this.client.tunnelEnds(hadError);
  }

  /** answerStatus gives the standard answer of a status. `isLast`: nothing more of the client counts. */
  answerStatus(status: number, isLast: boolean): void {
    this.#answer(standardAnswer(this, status), isLast);
  }

  /** answer gives an answer of our own. `mayChange`: `on response` has its say, unless it was what failed. */
  #answer(answer: Answer, isLast: boolean, mayChange = true): void {
    const status = sendOwnAnswer(this, answer, isLast, mayChange, this.loop);
    noteOwnAnswer(this, status);
    this.isAnswering = true;
    this.#countAnswer(status);
    this.#finish();
  }

  #countAnswer(status: number): void {
    if (this.isRelayed) return;
    this.request.status = status;
    const counter = ListenerIndex.answers1xx + Math.floor(status / 100) - 1;
    this.loop.counters.listener(this.listener.slot, counter);
  }

  // The end.

  #finish(): void {
    const { client, request } = this;
    client.out.flush();
    if (request.attempts > 0 && !this.isRelayed) {
      this.loop.latency.record(this.backend.slot, (this.loop.now() - request.startMs) * 1000);
    }
    this.#end();
    client.exchangeEnded();
  }

  #end(): void {
    const { generation } = this.listener;
    const loop = this.loop;
    const { tracer } = generation;
    // One that could not be read begins a trace of its own.
    if (tracer !== null && !this.isRelayed) this.request.trace ??= tracer.trace();
    if (this.listener.log !== null) this.#log(this.listener.log);
    if (tracer !== null && tracer.exporter !== null) this.#report(tracer);
    if (this.isTunnel) loop.wheel.drop(this);
    const { later } = this.#attempts;
    this.release();
    releaseGeneration(generation, loop);
    if (later !== null) releaseGeneration(later, loop);
  }

  /** log writes the line of what has ended. */
  #log(log: RequestLog): void {
    const { client, sentTo, rule, request } = this;
    const { index } = this.#attempts;
    ending.request = request;
    ending.listener = this.listener.name;
    ending.isRelayed = this.isRelayed;
    ending.rule = rule === null ? null : rule.rule;
    ending.backendPlan = sentTo === null ? null : sentTo.plan;
    ending.serverPlan = sentTo === null || index < 0 ? null : (sentTo.plan.servers[index] ?? null);
    ending.totalMs = this.loop.now() - request.startMs;
    ending.bytesIn = client.bytesIn;
    ending.bytesOut = client.bytesOut;
    ending.bodyOut = client.bodyOut;
    ending.answerHeaders = log.answerHeaders;
    ending.answerValues = this.loggedHeaders;
    log.write(ending);
  }

  /** report tells a tracing system of a request that is sampled. */
  #report(tracer: Tracer): void {
    const { request, sentTo } = this;
    const { trace } = request;
    if (trace === null || trace.marks === null) return;
    const server = sentTo?.plan.servers[this.#attempts.index]?.name ?? '';
    tracer.exporter!.record(tracedRequest(this, trace, trace.marks, server));
  }
}

/** endedBy is whose doing it was that a request ended early. */
function endedBy(cause: AbortCause): EndedBy {
  if (cause === 'server-failed' || cause === 'not-processed') return 'server';
  return cause === 'gateway-closed' ? 'gateway' : 'client';
}
