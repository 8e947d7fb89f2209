/**
 * VirtualRequest: a request of a virtual client, where a gateway has the client's connection. Main thread.
 *
 * Its head is read as strictly as one from a socket, and from then on it is an exchange like any other.
 */

import type { LinkedListener } from '../data/backend/generation.ts';
import type { ClientPeer } from '../data/exchange/client-peer.ts';
import { Exchange } from '../data/exchange/exchange.ts';
import type { Loop } from '../data/loop/loop.ts';
import type { AnswerHead } from '../data/message/answer-head.ts';
import { AS_IS } from '../data/message/body-framer.ts';
import { parseRequestHead } from '../data/message/request-head.ts';
import type { ClientSide } from '../data/sides/client-side.ts';
import type { Answer } from '../plugin/data-entry.ts';
import { ListenerIndex } from '../shared/tables/counters.ts';
import { nowhere } from './virtual-attempt.ts';
import type { VirtualClient } from './virtual-client.ts';
import type { VirtualClock } from './virtual-clock.ts';
import type { VirtualServer } from './virtual-server.ts';

/** Listening hears of requests. */
export interface Listening {
  visited(request: VirtualRequest, server: VirtualServer): void;
  onEnd(request: VirtualRequest): void;
}

export class VirtualRequest implements ClientSide {
  readonly out = nowhere;
  readonly bytesIn = 0;
  readonly bytesOut = 0;
  readonly bodyOut = 0;
  readonly hasBody = false;
  readonly mayTrail = false;
  readonly isRequestSent = true;
  readonly answerForm = AS_IS;
  readonly number: number;
  readonly client: VirtualClient;
  readonly startMs: number;
  /** What the client got; 0: nothing that it could take for an answer. */
  status = 0;
  /** Who it was with last; null: nobody. */
  server: VirtualServer | null = null;
  /** Those that it was with before that, and that did not answer it. */
  readonly left: VirtualServer[] = [];
  /** Why it is with another server than its client's requests before; empty: it is not. */
  movedBecause = '';
  /** The backend that it is for. */
  backend = '';
  /** A server's answer came, not one of the gateway's own. */
  isServers = false;
  /** The answer gave the client a cookie. */
  hasCookie = false;
  readonly #clock: VirtualClock;
  readonly #listening: Listening;
  #exchange: Exchange | null = null;

  get peer(): ClientPeer {
    return this.client.peer;
  }

  constructor(number: number, client: VirtualClient, clock: VirtualClock, listening: Listening) {
    this.number = number;
    this.client = client;
    this.startMs = clock.elapsedMs;
    this.#clock = clock;
    this.#listening = listening;
  }

  /** send gives the request to a listener. */
  send(head: Buffer, listener: LinkedListener, loop: Loop): void {
    const exchange = Exchange.acquire(this, loop);
    this.#exchange = exchange;
    const { headLimits, paths } = listener;
    const behind = parseRequestHead(exchange.request, head, 0, head.length, headLimits, paths);
    exchange.start(listener);
    loop.counters.listener(listener.slot, ListenerIndex.requests);
    const isWhole = behind === head.length;
    const peer = this.client.peer.describe(exchange.request, listener, isWhole);
    if (isWhole) exchange.forward(peer, '');
    else exchange.refuse(behind < 0 ? -behind : 400);
  }

  /** visits: it goes to a server. */
  visits(server: VirtualServer, backend: string): void {
    if (this.server !== null) this.left.push(this.server);
    this.server = server;
    this.backend = backend;
    this.#listening.visited(this, server);
  }

  sendAnswer(answer: AnswerHead, _changes: unknown, added: string): void {
    this.status = answer.status;
    this.isServers = true;
    for (const cookie of answer.setCookies()) this.#keep(cookie);
    if (added !== '') this.#keep(added.slice(added.indexOf(':') + 1));
  }

  sendOwn(answer: Answer): void {
    this.status = answer.status;
  }

  exchangeEnded(): void {
    this.#exchange = null;
    this.#listening.onEnd(this);
  }

  breakOff(): void {
    this.destroy();
  }

  destroy(): void {
    const exchange = this.#exchange;
    this.status = 0;
    this.#clock.set(() => {
      if (exchange === null || exchange !== this.#exchange) return;
      exchange.abort(false, 'gateway-closed');
      this.exchangeEnded();
    }, 0);
  }

  #keep(setCookie: string): void {
    this.hasCookie = true;
    this.client.keep(setCookie);
  }

  // What only bodies, switches and tunnels ask for.

  onQueued(): void {}
  onDequeued(): void {}
  sendBody(): void {}
  rewind(): boolean {
    return true;
  }
  sendRefused(): boolean {
    return false;
  }
  serverDrained(): void {}
  awaitRoom(): void {}
  objection(): string {
    return '';
  }
  sendSwitch(): void {}
  tunnelBegins(): void {}
  tunnelHalfEnds(): void {}
  tunnelEnds(): void {}
  sendInterim(): boolean {
    return false;
  }
}
