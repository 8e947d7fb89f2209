/**
 * Attempts: an exchange's way to a server. Hot path; data plane.
 *
 * It chooses a server or waits in line for one, counts there, tells stickiness, strategy, outcomes and everybody else what became of
 * it, goes elsewhere where that can do no harm, and falls back to another backend. It belongs to one exchange and is used again with it.
 */
import type { Service } from '../../plugin/service.ts';
import { BackendIndex, ServerIndex } from '../../shared/tables/counters.ts';
import { type LinkedBackend, newest } from '../backend/generation.ts';
import type { Waiting } from '../backend/waiting-line.ts';
import { type HeldGeneration, releaseGeneration } from '../loop/loop.ts';
import { Timed } from '../loop/timer-wheel.ts';
import type { AnswerHead } from '../message/answer-head.ts';
import type { EndedIn } from '../message/end-cause.ts';
import { siteHead } from '../message/forward-head.ts';
import { isIdempotent } from '../message/live-request.ts';
import {
  blamesServer,
  costsRetry,
  FAILURE_COUNTERS,
  FAILURE_NAMES,
  FAILURE_STATUSES,
  type Failure,
  maySendAgain,
} from '../sides/failure.ts';
import type { ServerSide } from '../sides/server-side.ts';
import { tellBadAnswer } from './bad-answers.ts';
import type { Exchange } from './exchange.ts';
import { noteBrokenOff } from './note-failure.ts';
import { ServedAnswer } from './served-answer.ts';
import { FULL, NOBODY, ServerChoice } from './server-choice.ts';

export class Attempts extends Timed implements Waiting {
  /** The server's index in the backend; -1: none yet. */
  index = -1;
  /** The slot of the server that it counts on; -1: none. */
  slot = -1;
  /** A later generation whose servers it is tried on, which is held; null: none but its listener's own. */
  later: HeldGeneration | null = null;
  readonly #exchange: Exchange;
  readonly #choice: ServerChoice;
  /** When the request was given to the server. */
  #sentMs = 0;
  /** The server's spell then: what is sent before it comes back says nothing of it afterwards. */
  #sentSpell = 0;
  #tried: number[] | null = null;
  /** Attempts at the backends that the request fell back from. */
  #elsewhere = 0;
  #failure: Failure | null = null;
  /** The phase in which that was. */
  #failedIn: EndedIn = '';
  /** How often servers of this backend did not process it. */
  #refusals = 0;
  #isQueued = false;
  #queuedAtMs = 0;
  /** The server whose room is waited for; -1: any. */
  #waitsFor = -1;

  constructor(exchange: Exchange) {
    super();
    this.#exchange = exchange;
    this.#choice = new ServerChoice(exchange);
  }

  /** The server is the one that the client belonged to before. */
  get isSticky(): boolean {
    return this.#choice.isSticky;
  }

  /** clear makes it ready for the next request. It has ended. */
  clear(): void {
    this.index = -1;
    this.#choice.clear();
    this.later = null;
    this.#tried = null;
    this.#elsewhere = 0;
    this.#failure = null;
    this.#refusals = 0;
  }

  /** start gives the request to a server of the backend, or of what stands in for it. */
  start(wanted: LinkedBackend): void {
    this.#turnTo(this.#choice.standIn(wanted));
    this.#attempt(false);
  }

  /** end gives the server back its place. `isAborted`: its side is of no more use. */
  end(isAborted: boolean): void {
    const exchange = this.#exchange;
    if (this.slot !== -1) {
      this.#choice.leave(this.index);
      this.slot = -1;
      exchange.backend.line.wake(this.index);
    }
    const { server } = exchange;
    exchange.server = null;
    if (isAborted && server !== null) server.discard();
    if (this.#isQueued) this.#leaveLine();
  }

  /** expired: the time in line is over. */
  expired(): void {
    this.#exchange.request.endBy('gateway', 'queue');
    this.end(false);
    this.#giveUp(503, 'no server had room in time');
  }

  /** leaveDownServer: the server may have gone down. Where the backend says so, it is left. */
  leaveDownServer(): void {
    const { backend, loop } = this.#exchange;
    if (this.slot === -1 || backend.plan.onDown !== 'close' || !loop.table.isDown(this.slot)) return;
    loop.counters.backend(backend.slot, BackendIndex.closedOnDown);
    this.#leave();
  }

  /** leaveServer leaves a server that takes nobody any more, if it is with that. True: that was its end. */
  leaveServer(slot: number): boolean {
    return this.slot === slot && this.#leave();
  }

  /**
   * leave: an answer or a tunnel is broken off, and a request without an answer goes to another server if that can do no harm, or
   * gets 503. True: it is with nobody.
   */
  #leave(): boolean {
    const exchange = this.#exchange;
    const { backend } = exchange;
    const { slot } = this;
    if (exchange.isTunnel) {
      exchange.request.endBy('gateway', 'tunnel');
      exchange.client.breakOff();
      return true;
    }
    const { isConnecting } = exchange.server!;
    this.end(true);
    if (exchange.isAnswering) {
      exchange.request.endBy('gateway', 'response');
      exchange.client.breakOff();
      return true;
    }
    if ((isConnecting || this.#isRepeatable) && this.#count <= backend.plan.retry.times) {
      // It costs nothing of the budget: the server that has seen the request is asked no more.
      exchange.loop.counters.server(slot, ServerIndex.retries);
      this.#failure = null;
      return !this.#retry(false);
    }
    exchange.request.endBy('gateway', isConnecting ? 'connect' : 'wait');
    this.#giveUp(503, 'its server was taken out');
    return true;
  }

  // Which backend.

  /** turnTo makes a backend the one that the request is for. */
  #turnTo(backend: LinkedBackend): void {
    const exchange = this.#exchange;
    const { request } = exchange;
    exchange.backend = backend;
    this.#exchange.sentTo = backend;
    if (backend.plan.siteHost !== null && !exchange.isRelayed)
      request.forwardHead = siteHead(request.forwardHead, backend.plan.siteHost);
  }

  /** fallBack turns to the other backend, where there is one. The request has reached nobody. */
  #fallBack(): boolean {
    const { backend, request, loop } = this.#exchange;
    const { fallBack } = backend;
    if (fallBack === null) return false;
    loop.counters.backend(backend.slot, BackendIndex.fallBacks);
    this.#turnTo(this.#choice.standIn(fallBack));
    this.#tried = null;
    this.#elsewhere = request.attempts;
    this.#refusals = 0;
    this.#failure = null;
    return true;
  }

  /** goTo turns to the same backend in the current generation, whose servers are others. The request is with nobody now. */
  #goTo(backend: LinkedBackend): void {
    const exchange = this.#exchange;
    const { loop } = exchange;
    const before = exchange.backend.pool;
    if (backend === exchange.backend) return;
    const { generation } = loop;
    const { later } = this;
    generation!.holds++;
    this.later = generation;
    if (later !== null) releaseGeneration(later, loop);
    const placeOf = (index: number): number => (index === -1 ? -1 : backend.pool.indexOfSlot(before.slot(index)));
    this.#tried = this.#tried?.map(placeOf).filter((index) => index !== -1) ?? null;
    this.index = placeOf(this.index);
    exchange.backend = backend;
    exchange.sentTo = backend;
  }

  // Which server.

  /**
   * attempt gives the request to a server, or has it wait for one. `needsNew`: an idle connection has just turned out to be dead. False: nobody
   * is there, and it was answered.
   */
  #attempt(needsNew: boolean): boolean {
    const exchange = this.#exchange;
    const { service } = exchange.backend;
    if (service !== null) {
      // What answers requests has nothing to say to a relayed connection.
      if (!exchange.isRelayed) return this.#serve(service);
      exchange.request.endBy('gateway', 'rules');
      this.#giveUp(503, 'the backend answers nothing but HTTP');
      return false;
    }
    if (exchange.backend.successor !== null) this.#goTo(newest(exchange.backend));
    const { backend } = exchange;
    const isBehind = exchange.request.attempts === 0 && !backend.line.isOpen();
    let server = this.#choose(-1, isBehind);
    if (server === NOBODY && this.#tried !== null) {
      // Nobody else is there to try: perhaps it was only a moment's trouble.
      this.#tried = null;
      server = this.#choose();
    }
    let isIn = this.#join(server);
    if (server === FULL && !isIn && this.#choice.waitsFor !== -1) {
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
      if (this.#failure === null) exchange.request.endBy('gateway', 'queue');
      else exchange.request.endBy('server', this.#failedIn);
      if (this.#failure !== null) this.#giveUp(FAILURE_STATUSES[this.#failure], FAILURE_NAMES[this.#failure]);
      else this.#giveUp(503, server === FULL ? 'the queue is full' : 'no server is available');
      return false;
    }
    this.#isQueued = true;
    this.#queuedAtMs = exchange.loop.now();
    if (exchange.request.queuePosition === 0)
      exchange.request.queuePosition = exchange.loop.backends.waiting(backend.slot);
    exchange.mark('queued');
    this.#waitsFor = this.#choice.waitsFor;
    exchange.client.onQueued();
    exchange.loop.wheel.limit(this, backend.plan.timeouts.queueMs);
    return true;
  }

  /** serve lets the backend answer without a server. False: it has done so. */
  #serve(service: Service): boolean {
    const exchange = this.#exchange;
    exchange.request.attempts++;
    this.index = -1;
    const served = new ServedAnswer(exchange.loop);
    exchange.server = served;
    served.start(exchange, service);
    // Who has been answered may be another request already.
    return exchange.server === served;
  }

  #choose(waitsFor = -1, isBehind = false): number {
    const { retry } = this.#exchange.backend.plan;
    const isLast = this.#failure === 'connect' && this.#tried !== null && this.#count >= retry.times;
    return this.#choice.choose(this.#tried, waitsFor, isBehind, isLast);
  }

  #send(server: number, needsNew: boolean): void {
    const exchange = this.#exchange;
    const { loop, request } = exchange;
    const { pool, balancer, retryBudget } = exchange.backend;
    const endpoint = pool.endpoints[server]!;
    if (this.#count === 0 && this.#refusals === 0) retryBudget.requested();
    request.attempts++;
    this.index = server;
    this.slot = endpoint.slot;
    this.#sentMs = loop.now();
    exchange.mark('sent');
    if (balancer.hearsAnswers) this.#sentSpell = loop.table.epoch(endpoint.slot);
    loop.counters.server(endpoint.slot, ServerIndex.requests);
    const side = endpoint.attempt(exchange, loop, this.#isRepeatable, needsNew);
    exchange.server = side;
    exchange.connectStartMs = this.#sentMs;
  }

  /** sendBody lets the client's side go on, if the server is ready for it already. */
  #sendBody(): void {
    const { server, client } = this.#exchange;
    if (server !== null && !server.isConnecting) client.sendBody(server);
  }

  // In line.

  /** join has the request wait for what it was said to wait for. False: the line is too long, or it need not wait. */
  #join(server: number): boolean {
    return server === FULL && this.#exchange.backend.line.join(this, this.#choice.waitsFor);
  }

  /** tryAgain: there may be room now. */
  tryAgain(): boolean {
    const exchange = this.#exchange;
    const server = this.#choose(this.#waitsFor);
    if (server === FULL) return false;
    this.#leaveLine();
    if (server === NOBODY && exchange.backend.fallBack === null) {
      exchange.request.endBy('gateway', 'queue');
      this.#giveUp(503, 'no server is available');
      return true;
    }
    exchange.client.onDequeued();
    if (server === NOBODY) {
      this.#fallBack();
      if (this.#attempt(false)) this.#sendBody();
      return true;
    }
    this.#send(server, false);
    this.#sendBody();
    return true;
  }

  /** moveTo: it waits in another line, that of the same backend with other servers. */
  moveTo(backend: LinkedBackend, server: number): void {
    this.#goTo(backend);
    this.#waitsFor = server;
  }

  #leaveLine(): void {
    const { backend, loop, request } = this.#exchange;
    this.#isQueued = false;
    request.queueMs += loop.now() - this.#queuedAtMs;
    loop.wheel.drop(this);
    backend.line.leave(this);
  }

  // Again.

  /** isRepeatable: sending the request again cannot do what was done already (RFC 9110 section 9.2.2). */
  get #isRepeatable(): boolean {
    const { client, request } = this.#exchange;
    return !client.hasBody && isIdempotent(request.sentMethod);
  }

  /** count is how many attempts were made at this backend, those left out that came to nothing without having been processed. */
  get #count(): number {
    return this.#exchange.request.attempts - this.#elsewhere - this.#refusals;
  }

  /** isAffordable takes a retry out of the backend's budget. */
  #isAffordable(): boolean {
    const { backend, loop } = this.#exchange;
    if (backend.retryBudget.take()) return true;
    loop.counters.backend(backend.slot, BackendIndex.retriesOverBudget);
    return false;
  }

  /** retry gives it to a server again. `mayBeSame`: the one that had it may be chosen; `needsNew`: over a connection of its own. */
  #retry(mayBeSame: boolean, needsNew = mayBeSame): boolean {
    if (!mayBeSame && this.#exchange.backend.plan.retry.isAnotherServer) {
      if (this.#tried === null) this.#tried = [this.index];
      else this.#tried.push(this.index);
    }
    const isWithSomebody = this.#attempt(needsNew);
    if (isWithSomebody) this.#sendBody();
    return isWithSomebody;
  }

  /** giveUp answers for the servers. */
  #giveUp(status: number, why: string): void {
    this.#exchange.failure = why;
    this.#exchange.answerStatus(status, false);
  }

  // What becomes of it.

  /** markServerReachable: the server has taken a connection, or answered. */
  markServerReachable(): void {
    const { table } = this.#exchange.loop;
    if (this.slot !== -1 && table.refusals(this.slot) !== 0) table.markReachable(this.slot);
  }

  /** refused: no connection was made. Others go elsewhere for a while. */
  #refused(): void {
    const { backend, loop } = this.#exchange;
    const nowMs = loop.now();
    loop.table.refused(this.slot, nowMs, Math.max(0, nowMs - this.#sentMs), this.#choice.isTrial, loop.random());
    backend.pool.endpoints[this.index]!.flush();
  }

  /** failed tries again where that cannot do harm, and has the exchange answer for the server where it could. */
  failed(failure: Failure, reason = ''): void {
    const exchange = this.#exchange;
    const { backend, loop } = exchange;
    if (reason !== '') tellBadAnswer(backend.name, backend.plan.servers[this.index]?.name ?? '', reason, loop);
    const { slot } = this;
    this.#failedIn = failedIn(failure, exchange.server!);
    const wasReused = exchange.server!.isReused;
    exchange.mark(failure === 'connect' ? 'not connected' : 'failed', FAILURE_NAMES[failure]);
    const why = reason === '' ? FAILURE_NAMES[failure] : reason;
    if (slot !== -1) loop.counters.server(slot, FAILURE_COUNTERS[failure]);
    if (blamesServer(failure, wasReused)) {
      this.#noteAnswered(0);
      backend.outcomes?.failed(slot, FAILURE_NAMES[failure], exchange.request);
    }
    if (failure === 'connect') this.#refused();
    this.end(true);
    this.#failure = failure;
    const isRefused = failure === 'refused';
    if (isRefused) this.#refusals++;
    if (exchange.isAnswering) {
      exchange.request.endBy('server', 'response');
      exchange.request.abortCause = 'server-failed';
      noteBrokenOff(exchange, why);
      exchange.client.breakOff();
    } else if (isRefused && !exchange.client.rewind()) {
      exchange.reportRefused();
    } else if (
      maySendAgain(failure, backend, this.#count, this.#refusals, this.#isRepeatable, wasReused) &&
      (!costsRetry(failure, wasReused) || this.#isAffordable())
    ) {
      loop.counters.server(slot, ServerIndex.retries);
      if (isRefused) this.#retry(this.#refusals === 1, false);
      else this.#retry(failure === 'dead' && wasReused);
    } else if ((isRefused || failure === 'connect') && this.#fallBack()) {
      if (this.#attempt(false)) this.#sendBody();
    } else if (isRefused) {
      exchange.reportRefused();
    } else {
      exchange.request.endBy('server', this.#failedIn);
      this.#giveUp(FAILURE_STATUSES[failure], why);
    }
  }

  /** answered notes the status of a final answer. True: it is one to try again after, and is not wanted. */
  answered(status: number): boolean {
    const { backend, loop, request } = this.#exchange;
    const { counters } = loop;
    const { slot } = this;
    const isServers = slot !== -1;
    if (isServers) {
      this.markServerReachable();
      backend.pool.answered(this.index);
      this.#recordFirstByte();
    }
    this.#noteAnswered(status);
    backend.outcomes?.answered(slot, status, request);
    if (!isServers) return false;
    const isRetried = backend.retriesStatus.has(status) && this.#count <= backend.plan.retry.times;
    if (isRetried && this.#isRepeatable && this.#isAffordable()) {
      counters.server(slot, ServerIndex.retries);
      this.end(true);
      this.#retry(false);
      return true;
    }
    if (status >= 500) counters.server(slot, ServerIndex.answers5xx);
    else if (status < 300) counters.server(slot, ServerIndex.answers2xx);
    return false;
  }

  /** switched: the server has answered 101. */
  switched(): void {
    const { backend, request } = this.#exchange;
    this.#recordFirstByte();
    backend.outcomes?.answered(this.slot, 101, request);
  }

  /** onFirstByte: a server that is relayed has sent its first byte. */
  onFirstByte(): void {
    const { backend, request } = this.#exchange;
    this.#recordFirstByte();
    backend.outcomes?.onFirstByte(this.slot, request);
  }

  /** wasReset: a server that is relayed has reset the connection before it said anything. */
  wasReset(): void {
    const { backend, loop, request } = this.#exchange;
    loop.counters.server(this.slot, FAILURE_COUNTERS.dead);
    backend.outcomes?.failed(this.slot, FAILURE_NAMES.dead, request);
  }

  #recordFirstByte(): void {
    const { loop } = this.#exchange;
    if (this.slot !== -1) loop.serverLatency.record(this.slot, (loop.now() - this.#sentMs) * 1000);
  }

  /** noteAnswered tells a strategy that asks for it how long the server took; status 0: it did not answer. */
  #noteAnswered(status: number): void {
    const { backend, loop } = this.#exchange;
    if (!backend.balancer.hearsAnswers || this.slot === -1) return;
    if (loop.table.epoch(this.slot) !== this.#sentSpell) return;
    this.#choice.answered(this.index, this.#sentMs, status);
  }

  /** learn returns the field line that stickiness adds to the answer, or ''. */
  learn(answer: AnswerHead): string {
    return this.#choice.learn(this.index, answer);
  }
}

/** failedIn is the phase in which an attempt failed. */
function failedIn(failure: Failure, side: ServerSide): EndedIn {
  if (failure === 'connect') return side.isSecuring === true ? 'tls' : 'connect';
  return failure === 'broken' ? 'response' : 'wait';
}
