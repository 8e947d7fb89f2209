/**
 * Exchange: the life of one request, whatever wires it comes and goes by. Hot path; data plane.
 *
 * It is judged by the rules, given a server (or waits in line for one), tried again where that can do no harm, and answered by
 * a server or by the gateway; counted, timed and logged. Bytes, framing and connections are the business of its two sides
 * (client-side.ts, server-side.ts). Objects are taken from and given back to a free list with their request, so that an idle
 * connection holds none; nobody may keep one after its end.
 */
import type { Answer } from '../../plugin/data-entry.ts';
import type { Service } from '../../plugin/service.ts';
import { BackendIndex, ListenerIndex, ServerIndex } from '../../shared/counters.ts';
import type { OpenSession } from '../../shared/orders.ts';
import { hideCookie } from '../../shared/own-cookie.ts';
import { type Generation, type LinkedBackend, type LinkedListener, newest, releaseGeneration } from '../generation.ts';
import type { AnswerHead } from '../http1/answer-head.ts';
import { FieldEdits } from '../http1/field-edits.ts';
import { type Peer, requestHead, siteHead } from '../http1/forward-head.ts';
import { isIdempotent, LiveRequest } from '../http1/live-request.ts';
import { RequestEdits } from '../http1/request-edits.ts';
import { hasToken } from '../http1/request-head.ts';
import type { Loop } from '../loop.ts';
import { Timed } from '../timer-wheel.ts';
import type { Waiting } from '../waiting-line.ts';
import { AnsweredRequest } from './answered-request.ts';
import type { ClientSide } from './client-side.ts';
import {
  costsRetry,
  FAILURE_COUNTERS,
  FAILURE_NAMES,
  FAILURE_STATUSES,
  type Failure,
  maySendAgain,
} from './failure.ts';
import { changeAnswer, judge } from './judge.ts';
import { sendOwnAnswer, standardAnswer } from './own-answer.ts';
import { ServedAnswer } from './served-answer.ts';
import {
  choice,
  chooseServer,
  FULL,
  learn,
  leaveServer,
  NOBODY,
  answered as noteAnswered,
  standIn,
} from './server-choice.ts';
import type { ServerSide } from './server-side.ts';

const edits = new RequestEdits();
const answerEdits = new FieldEdits();
const noEdits = new FieldEdits();
const answered = new AnsweredRequest();

const MOST_FREE = 1024;
const free: Exchange[] = [];

export class Exchange extends Timed implements Waiting {
  readonly request = new LiveRequest();
  client!: ClientSide;
  listener!: LinkedListener;
  backend!: LinkedBackend;
  /** The request is a connection of a `tcp` listener: it has no head, no answer and no status. */
  isRelayed = false;
  /** Who it is with now; null: nobody. */
  server: ServerSide | null = null;
  /** The head of an answer has gone to the client: nothing can be tried again. */
  isAnswering = false;
  /** The answer began before the request was sent whole: the server may not have read the rest. */
  isEarly = false;
  #loop!: Loop;
  /** The server's index in the backend; -1: none yet. */
  #index = -1;
  #openSlot = -1;
  /** When the request was given to the server; kept where the strategy asks for it, and for new connections. */
  #sentMs = 0;
  /** The server's spell then: what is sent before it comes back says nothing of it afterwards. */
  #sentSpell = 0;
  /** The request finds out whether its server takes connections again. */
  #isTrial = false;
  #tried: number[] | null = null;
  /** Attempts at the backends that the request fell back from. */
  #elsewhere = 0;
  #failure: Failure | null = null;
  #isQueued = false;
  /** The server whose room is waited for; -1: any. */
  #waitsFor = -1;
  #isTunnel = false;
  /** The server is the one that the client belonged to before. */
  #isSticky = false;
  /** The server that the client was known to belong to when one was chosen; -1: none. */
  #owner = -1;
  /** A later generation whose servers it is tried on; null: none but its listener's own. */
  #later: Generation | null = null;

  /** acquire makes one for a request that is still being read; `begin` it, or `release` it when more bytes are needed. */
  static acquire(client: ClientSide, loop: Loop): Exchange {
    const exchange = free.pop() ?? new Exchange();
    exchange.client = client;
    exchange.#loop = loop;
    return exchange;
  }

  release(): void {
    this.request.clear();
    this.client = null as never;
    this.listener = null as never;
    this.backend = null as never;
    this.server = null;
    this.isRelayed = false;
    this.isAnswering = false;
    this.isEarly = false;
    this.#index = -1;
    this.#tried = null;
    this.#elsewhere = 0;
    this.#failure = null;
    this.#isTunnel = false;
    this.#isSticky = false;
    this.#owner = -1;
    this.#later = null;
    if (free.length < MOST_FREE) free.push(this);
  }

  /** begin: the head has been read, or turned out to be unreadable. It ends by an answer or by `abort`. */
  begin(listener: LinkedListener): void {
    this.listener = listener;
    listener.generation.holds++;
    this.request.startMs = this.#loop.now();
  }

  /** forward judges the request and gives it to a server, or answers it. `authority` is the Host for requests without one. */
  forward(peer: Peer, authority: string): void {
    const { request, listener } = this;
    const { backend: wanted, answer, status } = judge(request, listener, peer.isTrusted, edits, this.#loop);
    if (wanted === null) {
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
    this.#turnTo(standIn(wanted, request, listener.slot, this.#loop));
    this.#attempt(false);
  }

  /** refuse ends the attempt and answers with a status, or breaks off when an answer has begun. Nothing more of the client counts. */
  refuse(status: number): void {
    this.#endAttempt(true);
    if (this.isAnswering) this.client.breakOff();
    else this.#answerStatus(status, true);
  }

  /** abort: the client has gone. `isCounted`: it was the client's own doing. */
  abort(isCounted: boolean): void {
    if (isCounted && !this.#isTunnel) {
      this.#loop.counters.listener(this.listener.slot, ListenerIndex.clientAborts);
    }
    this.#endAttempt(true);
    this.#end();
  }

  /** expired: the time in line, or the time in which a tunnel has to move, is over. */
  expired(): void {
    if (!this.#isQueued) {
      this.client.destroy();
      return;
    }
    this.#endAttempt(false);
    this.#answerStatus(503, false);
  }

  /** sessionOn is what is open on a server's slot; null: nothing. */
  sessionOn(slot: number): OpenSession | null {
    if (this.#openSlot !== slot) return null;
    const { request, client } = this;
    return {
      kind: this.#isTunnel ? 'tunnel' : 'request',
      client: request.ip.text,
      listener: this.listener.name,
      method: request.method,
      path: request.path,
      startMs: request.startMs,
      isSticky: this.#isSticky,
      bytesIn: client.bytesIn,
      bytesOut: client.bytesOut,
    };
  }

  /** giveUp: the gateway stops, and waits no longer. What has no answer yet gets 503, the rest is broken off. */
  giveUp(): void {
    if (this.#isTunnel) this.client.destroy();
    else this.refuse(503);
  }

  /** leaveDownServer: the server may have gone down. Where the backend says so, it is left. */
  leaveDownServer(): void {
    const { backend } = this;
    const slot = this.#openSlot;
    if (slot === -1 || backend.plan.onDown !== 'close' || !this.#loop.table.isDown(slot)) return;
    this.#loop.counters.backend(backend.slot, BackendIndex.closedOnDown);
    this.#leave();
  }

  /** leaveServer leaves a server that takes nobody any more, if it is with that. True: that was its end. */
  leaveServer(slot: number): boolean {
    return this.#openSlot === slot && this.#leave();
  }

  /**
   * leave: an answer or a tunnel is broken off, and a request without an answer goes to another server if that can do no harm, or
   * gets 503. True: it is with nobody.
   */
  #leave(): boolean {
    const { backend } = this;
    const slot = this.#openSlot;
    if (this.#isTunnel) {
      this.client.breakOff();
      return true;
    }
    const { isConnecting } = this.server!;
    this.#endAttempt(true);
    if (this.isAnswering) {
      this.client.breakOff();
      return true;
    }
    if ((isConnecting || this.#isRepeatable) && this.#attempts <= backend.plan.retry.times) {
      // It costs nothing of the budget: the server that has seen the request is asked no more.
      this.#loop.counters.server(slot, ServerIndex.retries);
      this.#failure = null;
      return !this.#retry(false);
    }
    this.#answerStatus(503, false);
    return true;
  }

  // Attempts.

  /** turnTo makes a backend the one that the request is for. */
  #turnTo(backend: LinkedBackend): void {
    const { request } = this;
    this.backend = backend;
    request.sentTo = backend;
    if (backend.plan.siteHost !== null && !this.isRelayed)
      request.forwardHead = siteHead(request.forwardHead, backend.plan.siteHost);
  }

  /** fallBack turns to the other backend, where there is one. The request has reached nobody. */
  #fallBack(): boolean {
    const { fallBack } = this.backend;
    if (fallBack === null) return false;
    this.#loop.counters.backend(this.backend.slot, BackendIndex.fallBacks);
    this.#turnTo(standIn(fallBack, this.request, this.listener.slot, this.#loop));
    this.#tried = null;
    this.#elsewhere = this.request.attempts;
    this.#failure = null;
    return true;
  }

  /** serve has the backend answer by itself. False: it has done so. */
  #serve(service: Service): boolean {
    this.request.attempts++;
    this.#index = -1;
    const served = new ServedAnswer(this.#loop);
    this.server = served;
    served.begin(this, service);
    // Who has been answered may be another request already.
    return this.server === served;
  }

  /** moved: it waits in another line, that of the same backend with other servers. */
  moved(backend: LinkedBackend, server: number): void {
    this.#goTo(backend);
    this.#waitsFor = server;
  }

  /** goTo turns to the same backend in the generation in force, whose servers are others. The request is with nobody now. */
  #goTo(backend: LinkedBackend): void {
    const before = this.backend.pool;
    if (backend === this.backend) return;
    const { generation } = this.#loop;
    const later = this.#later;
    generation!.holds++;
    this.#later = generation;
    if (later !== null) releaseGeneration(later, this.#loop);
    const placeOf = (index: number): number => (index === -1 ? -1 : backend.pool.indexOfSlot(before.slot(index)));
    this.#tried = this.#tried?.map(placeOf).filter((index) => index !== -1) ?? null;
    this.#index = placeOf(this.#index);
    this.backend = backend;
    this.request.sentTo = backend;
  }

  /**
   * attempt gives the request to a server, or has it wait for one. `needsNew`: an idle connection has just turned out to be dead. False: nobody
   * is there, and it was answered.
   */
  #attempt(needsNew: boolean): boolean {
    const { service } = this.backend;
    if (service !== null) {
      // What answers requests has nothing to say to a relayed connection.
      if (!this.isRelayed) return this.#serve(service);
      this.#answerStatus(503, false);
      return false;
    }
    if (this.backend.successor !== null) this.#goTo(newest(this.backend));
    const isBehind = this.request.attempts === 0 && !this.backend.line.isOpen();
    let server = this.#choose(-1, isBehind);
    if (server === NOBODY && this.#tried !== null) {
      // Nobody else is there to try: perhaps it was only a moment's trouble.
      this.#tried = null;
      server = this.#choose();
    }
    let isIn = this.#join(server);
    if (server === FULL && !isIn && choice.waitsFor !== -1) {
      // Others joined the line of the client's own server in the same moment: another one will do.
      server = this.#choose(-1, isBehind);
      isIn = this.#join(server);
    }
    if (server >= 0) {
      this.#send(server, needsNew);
      return true;
    }
    if (server === NOBODY && this.#fallBack()) return this.#attempt(false);
    if (!isIn) {
      this.#answerStatus(this.#failure === null ? 503 : FAILURE_STATUSES[this.#failure], false);
      return false;
    }
    this.#isQueued = true;
    this.#waitsFor = choice.waitsFor;
    this.client.waits();
    this.#loop.wheel.limit(this, this.backend.plan.timeouts.queueMs);
    return true;
  }

  /** join has the request wait for what it was said to wait for. False: the line is too long, or it need not wait. */
  #join(server: number): boolean {
    return server === FULL && this.backend.line.join(this, choice.waitsFor);
  }

  /** tryAgain: there may be room now. */
  tryAgain(): boolean {
    const server = this.#choose(this.#waitsFor);
    if (server === FULL) return false;
    this.#leaveLine();
    if (server === NOBODY && this.backend.fallBack === null) {
      this.#answerStatus(503, false);
      return true;
    }
    this.client.goesOn();
    if (server === NOBODY) {
      this.#fallBack();
      if (this.#attempt(false)) this.#sendBody();
      return true;
    }
    this.#send(server, false);
    this.#sendBody();
    return true;
  }

  #choose(waitsFor = -1, isBehind = false): number {
    const { slot } = this.listener;
    const { backend } = this;
    const isLast = this.#failure === 'connect' && this.#tried !== null && this.#attempts >= backend.plan.retry.times;
    const server = chooseServer(backend, this.request, this.#tried, slot, this.#loop, waitsFor, isBehind, isLast);
    this.#isSticky = choice.isSticky;
    this.#owner = choice.owner;
    this.#isTrial = choice.isTrial;
    return server;
  }

  /** noteAnswered tells a strategy that asks for it how long the server took; status 0: it did not answer. */
  #noteAnswered(status: number): void {
    const { backend } = this;
    if (!backend.balancer.hearsAnswers || this.#openSlot === -1) return;
    if (this.#loop.table.spell(this.#openSlot) !== this.#sentSpell) return;
    noteAnswered(backend, this.#index, this.#sentMs, status, this.listener.slot, this.#loop);
  }

  #send(server: number, needsNew: boolean): void {
    const { counters } = this.#loop;
    const { pool, balancer, retryBudget } = this.backend;
    const endpoint = pool.endpoints[server]!;
    if (this.#attempts === 0) retryBudget.requested();
    this.request.attempts++;
    this.#index = server;
    this.#openSlot = endpoint.slot;
    if (balancer.hearsAnswers) {
      this.#sentMs = this.#loop.now();
      this.#sentSpell = this.#loop.table.spell(endpoint.slot);
    }
    counters.server(endpoint.slot, ServerIndex.requests);
    this.server = endpoint.attempt(this, this.#loop, this.#isRepeatable, needsNew);
    if (this.server.isConnecting && !balancer.hearsAnswers) this.#sentMs = this.#loop.now();
  }

  /** sendBody lets the client's side go on, if the server is ready for it already. */
  #sendBody(): void {
    const { server } = this;
    if (server !== null && !server.isConnecting) this.client.sendBody(server);
  }

  /** endAttempt gives the server back its place. `isAborted`: its side is of no more use. */
  #endAttempt(isAborted: boolean): void {
    if (this.#openSlot !== -1) {
      leaveServer(this.backend, this.#index, this.listener.slot, this.#loop);
      this.#openSlot = -1;
      this.backend.line.wake(this.#index);
    }
    const { server } = this;
    this.server = null;
    if (isAborted && server !== null) server.discard();
    if (this.#isQueued) this.#leaveLine();
  }

  #leaveLine(): void {
    this.#isQueued = false;
    this.#loop.wheel.drop(this);
    this.backend.line.leave(this);
  }

  /** isRepeatable: sending the request again cannot do what was done already (RFC 9110 section 9.2.2). */
  get #isRepeatable(): boolean {
    return !this.client.hasBody && isIdempotent(this.request.method);
  }

  /** attempts made at this backend. */
  get #attempts(): number {
    return this.request.attempts - this.#elsewhere;
  }

  /** isAffordable takes a retry out of the backend's budget. */
  #isAffordable(): boolean {
    if (this.backend.retryBudget.take()) return true;
    this.#loop.counters.backend(this.backend.slot, BackendIndex.retriesOverBudget);
    return false;
  }

  #retry(isSameServer: boolean): boolean {
    if (!isSameServer && this.backend.plan.retry.isAnotherServer) {
      if (this.#tried === null) this.#tried = [this.#index];
      else this.#tried.push(this.#index);
    }
    const isWithSomebody = this.#attempt(isSameServer);
    if (isWithSomebody) this.#sendBody();
    return isWithSomebody;
  }

  // What the server's side tells.

  serverConnected(): void {
    this.#serverIsSound();
    this.client.sendBody(this.server!);
  }

  /** serverIsSound: it has taken a connection, or answered. */
  #serverIsSound(): void {
    const { table } = this.#loop;
    const slot = this.#openSlot;
    if (slot !== -1 && table.refusals(slot) !== 0) table.sound(slot);
  }

  /** refused: no connection was made. Others go elsewhere for a while. */
  #refused(slot: number): void {
    const { table, now, random } = this.#loop;
    const nowMs = now();
    table.refused(slot, nowMs, Math.max(0, nowMs - this.#sentMs), this.#isTrial, random());
    this.backend.pool.endpoints[this.#index]!.flush();
  }

  serverDrained(): void {
    this.client.serverDrained(this.server!);
  }

  /** serverFailed tries again where that cannot do harm, and answers for the server where it could. */
  serverFailed(failure: Failure): void {
    const { counters } = this.#loop;
    const slot = this.#openSlot;
    const wasReused = this.server!.isReused;
    if (slot !== -1) counters.server(slot, FAILURE_COUNTERS[failure]);
    // That a kept connection has died says nothing of its server.
    if (failure !== 'dead' || !wasReused) {
      this.#noteAnswered(0);
      this.backend.outcomes?.failed(slot, FAILURE_NAMES[failure], this.request);
    }
    if (failure === 'connect') this.#refused(slot);
    this.#endAttempt(true);
    this.#failure = failure;
    if (this.isAnswering) {
      this.client.breakOff();
    } else if (
      maySendAgain(failure, this.backend, this.#attempts, this.#isRepeatable, wasReused) &&
      (!costsRetry(failure, wasReused) || this.#isAffordable())
    ) {
      counters.server(slot, ServerIndex.retries);
      this.#retry(failure === 'dead' && wasReused);
    } else if (failure === 'connect' && this.#fallBack()) {
      if (this.#attempt(false)) this.#sendBody();
    } else {
      this.#answerStatus(FAILURE_STATUSES[failure], false);
    }
  }

  /** answerBegins forwards the head of a final answer. False: the server's answer is not wanted any more. */
  answerBegins(answer: AnswerHead): boolean {
    const { request, backend, listener } = this;
    const { counters } = this.#loop;
    const isServers = this.#openSlot !== -1;
    const isRetried =
      isServers && backend.retriesStatus.has(answer.status) && this.#attempts <= backend.plan.retry.times;
    if (isServers) {
      this.#serverIsSound();
      backend.pool.answered(this.#index);
    }
    this.#noteAnswered(answer.status);
    backend.outcomes?.answered(this.#openSlot, answer.status, request);
    if (isRetried && this.#isRepeatable && this.#isAffordable()) {
      counters.server(this.#openSlot, ServerIndex.retries);
      this.#endAttempt(true);
      this.#retry(false);
      return false;
    }
    if (this.#loop.accessLog.isOn) request.answerMs = this.#loop.now();
    if (isServers && answer.status >= 500) counters.server(this.#openSlot, ServerIndex.answers5xx);
    else if (isServers && answer.status < 300) counters.server(this.#openSlot, ServerIndex.answers2xx);
    let cookie = this.#learn(answer);
    const isChanged = listener.responses !== null;
    if (isChanged && !changeAnswer(answered.ofServer(request, answer), listener, answerEdits, this.#loop)) {
      this.#endAttempt(true);
      this.#answer(standardAnswer(this, 500), false, false);
      return false;
    }
    this.isEarly = !this.client.isRequestSent;
    this.isAnswering = true;
    this.#countAnswer(answer.status);
    const changes = isChanged ? answerEdits : noEdits;
    if (cookie !== '' && changes.isHidden('set-cookie')) cookie = '';
    this.client.sendAnswer(answer, changes, cookie);
    return true;
  }

  /** learn returns the field line that stickiness adds to the answer, or ''. */
  #learn(answer: AnswerHead): string {
    const { slot } = this.listener;
    return learn(this.backend, this.request, this.#index, this.#isSticky, this.#owner, answer, slot, this.#loop);
  }

  /** answerInstead gives an answer of the gateway's own in place of one that a service would have made. */
  answerInstead(answer: Answer): void {
    this.#endAttempt(false);
    this.#answer(answer, false);
  }

  answerInterim(answer: AnswerHead): void {
    if (this.client.sendInterim(answer)) {
      this.#loop.counters.listener(this.listener.slot, ListenerIndex.answers1xx);
    }
  }

  /** answerSwitches forwards a 101 that was asked for. False: it was not, and the attempt has failed. */
  answerSwitches(answer: AnswerHead): boolean {
    const wanted = this.request.upgrade;
    const chosen = answer.upgrade.toLowerCase();
    if (wanted === '' || chosen === '' || !hasToken(wanted.toLowerCase(), chosen)) {
      this.serverFailed('bad');
      return false;
    }
    this.backend.outcomes?.answered(this.#openSlot, 101, this.request);
    this.isAnswering = true;
    this.#countAnswer(101);
    this.client.sendSwitch(answer, this.#learn(answer));
    return true;
  }

  answerEnded(): void {
    this.#endAttempt(false);
    this.#finish();
  }

  tunnelBegins(): void {
    this.#isTunnel = true;
    this.#serverIsSound();
    this.tunnelMoved();
    this.client.tunnelBegins();
  }

  /** relayedSpoke: the first byte of a server that is relayed has come. That is all there is to know of its answer. */
  relayedSpoke(): void {
    this.backend.outcomes?.spoke(this.#openSlot, this.request);
  }

  /** relayedReset: such a server has reset the connection before it said anything. */
  relayedReset(): void {
    this.#loop.counters.server(this.#openSlot, FAILURE_COUNTERS.dead);
    this.backend.outcomes?.failed(this.#openSlot, FAILURE_NAMES.dead, this.request);
  }

  tunnelMoved(): void {
    this.#loop.wheel.limit(this, this.backend.plan.timeouts.tunnelMs);
  }

  tunnelHalfEnds(): void {
    this.client.tunnelHalfEnds();
  }

  tunnelEnds(hadError: boolean): void {
    this.client.tunnelEnds(hadError);
  }

  #answerStatus(status: number, isLast: boolean): void {
    this.#answer(standardAnswer(this, status), isLast);
  }

  /** answer gives an answer of our own. `mayChange`: `on response` has its say, unless it was what failed. */
  #answer(answer: Answer, isLast: boolean, mayChange = true): void {
    const status = sendOwnAnswer(this, answer, isLast, mayChange, this.#loop);
    this.isAnswering = true;
    this.#countAnswer(status);
    this.#finish();
  }

  #countAnswer(status: number): void {
    if (this.isRelayed) return;
    this.request.status = status;
    const counter = ListenerIndex.answers1xx + Math.floor(status / 100) - 1;
    this.#loop.counters.listener(this.listener.slot, counter);
  }

  // The end.

  #finish(): void {
    const { client, request } = this;
    client.out.flush();
    if (request.attempts > 0 && !this.isRelayed) {
      this.#loop.latency.record(this.backend.slot, (this.#loop.now() - request.startMs) * 1000);
    }
    this.#end();
    client.exchangeEnded();
  }

  #end(): void {
    const { generation } = this.listener;
    const loop = this.#loop;
    if (loop.accessLog.isOn) this.#logAccess();
    if (this.#isTunnel) loop.wheel.drop(this);
    const later = this.#later;
    this.release();
    releaseGeneration(generation, loop);
    if (later !== null) releaseGeneration(later, loop);
  }

  #logAccess(): void {
    const { rule, sentTo, status, startMs, answerMs } = this.request;
    this.#loop.accessLog.add(this.request, {
      listener: this.listener,
      rule,
      backend: sentTo,
      server: sentTo === null ? -1 : this.#index,
      status,
      responseMs: answerMs === 0 ? -1 : answerMs - startMs,
      totalMs: this.#loop.now() - startMs,
      isRelayed: this.isRelayed,
      bytesIn: this.client.bytesIn,
      bytesOut: this.client.bytesOut,
    });
  }
}
