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
import type { LinkedBackend, LinkedListener, LinkedRule } from '../backend/generation.ts';
import { type Loop, releaseGeneration } from '../loop/loop.ts';
import { Timed } from '../loop/timer-wheel.ts';
import type { AbortCause } from '../message/abort-cause.ts';
import type { AnswerHead } from '../message/answer-head.ts';
import { FieldEdits } from '../message/field-edits.ts';
import { type Peer, requestHead } from '../message/forward-head.ts';
import { LiveRequest } from '../message/live-request.ts';
import { RequestEdits } from '../message/request-edits.ts';
import { hasToken } from '../message/request-head.ts';
import type { ClientSide } from '../sides/client-side.ts';
import { FAILURE_NAMES, FAILURE_STATUSES, type Failure } from '../sides/failure.ts';
import type { ServerSide } from '../sides/server-side.ts';
import { accessLine } from './access-line.ts';
import { AnsweredRequest } from './answered-request.ts';
import { Attempts } from './attempts.ts';
import { changeAnswer, judge } from './judge.ts';
import { misdirection } from './misdirected.ts';
import { ENDED, noteOwnAnswer, noteServerAnswer, RULE_FAILED } from './note-failure.ts';
import { sendOwnAnswer, standardAnswer } from './own-answer.ts';

const edits = new RequestEdits();
const answerEdits = new FieldEdits();
const noEdits = new FieldEdits();
const answered = new AnsweredRequest();

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
      this.loop.counters.listener(listener.slot, ListenerIndex.badRequests);
      this.#answer(standardAnswer(this, 400), false);
      return;
    }
    if (listener.isSelective && !this.isRelayed) {
      const status = misdirection(request, listener, this.loop);
      if (status !== 0) {
        this.answerStatus(status, false);
        return;
      }
    }
    const { backend: wanted, answer, status, rule } = judge(request, listener, peer.isTrusted, edits, this.loop);
    this.rule = rule;
    if (wanted === null) {
      if (answer === null && rule !== null) this.failure = RULE_FAILED;
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
    this.#attempts.end(true);
    if (this.isAnswering) this.client.breakOff();
    else this.answerStatus(status, true);
  }

  /**
   * abort: the client has gone. `isCounted`: it was the client's own doing. `cause` is logged, unless whoever broke it off has said
   * why already.
   */
  abort(isCounted: boolean, cause: AbortCause): void {
    if (this.request.abortCause === '') this.request.abortCause = cause;
    if (isCounted && !this.isTunnel) {
      this.loop.counters.listener(this.listener.slot, ListenerIndex.clientAborts);
    }
    this.#attempts.end(true);
    this.#end();
  }

  /** expired: the time in which a tunnel has to move is over. */
  expired(): void {
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
    if (this.isTunnel) this.client.destroy();
    else this.refuse(503);
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
    this.#attempts.markServerReachable();
    this.client.sendBody(this.server!);
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
    if (this.client.sendRefused()) {
      this.request.abortCause = 'not-processed';
      this.#end();
    } else this.answerStatus(FAILURE_STATUSES.refused, false);
  }

  /** answerBegins forwards the head of a final answer. False: the server's answer is not wanted any more. */
  answerBegins(answer: AnswerHead): boolean {
    const { request, listener } = this;
    if (this.#attempts.answered(answer.status)) return false;
    if (this.loop.accessLog.isOn) request.answerMs = this.loop.now();
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
    this.#attempts.switched();
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
    if (loop.accessLog.isOn) this.#logAccess();
    if (this.isTunnel) loop.wheel.drop(this);
    const { later } = this.#attempts;
    this.release();
    releaseGeneration(generation, loop);
    if (later !== null) releaseGeneration(later, loop);
  }

  #logAccess(): void {
    const { accessLog } = this.loop;
    if (!accessLog.hasRoom()) return;
    const { rule, sentTo } = this;
    const { status, startMs, answerMs } = this.request;
    const line = accessLine(this.request, {
      listener: this.listener,
      rule,
      backend: sentTo,
      server: sentTo === null ? -1 : this.#attempts.index,
      status,
      responseMs: answerMs === 0 ? -1 : answerMs - startMs,
      totalMs: this.loop.now() - startMs,
      isRelayed: this.isRelayed,
      bytesIn: this.client.bytesIn,
      bytesOut: this.client.bytesOut,
    });
    accessLog.add(line);
  }
}
