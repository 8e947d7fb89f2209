/**
 * VirtualAttempt: one attempt of an exchange at a virtual server, where a gateway has a connection; VirtualEndpoint makes
 * them. Main thread.
 *
 * Connections are there at once where the server takes any, and are never kept, so that none turns out to be dead.
 */

import { ServerEndpoint } from '../data/endpoint/server-endpoint.ts';
import type { Exchange } from '../data/exchange/exchange.ts';
import type { Loop } from '../data/loop/loop.ts';
import { Timed } from '../data/loop/timer-wheel.ts';
import { AnswerHead } from '../data/message/answer-head.ts';
import { AS_IS } from '../data/message/body-framer.ts';
import type { ServerSide } from '../data/sides/server-side.ts';
import type { Sink } from '../data/sides/sink.ts';
import type { VirtualRequest } from './virtual-request.ts';
import type { VirtualServer, Visit } from './virtual-server.ts';

/** Nowhere takes bodies that nobody has. */
export const nowhere: Sink = { isFull: false, text: () => {}, bytes: () => {}, flush: () => {} };

/** answerHead reads the head that a server would send. */
function answerHead(status: number, field = ''): AnswerHead {
  const head = new AnswerHead();
  const bytes = Buffer.from(`HTTP/1.1 ${status} Virtual\r\nContent-Length: 0\r\n${field}\r\n`, 'latin1');
  head.parse(bytes, 0, bytes.length, false);
  return head;
}
const plain = new Map([200, 503].map((status) => [status, answerHead(status)]));

export class VirtualEndpoint extends ServerEndpoint {
  readonly #server: VirtualServer;
  readonly #cookie: string;

  /** `cookie` is one that the server gives to clients who have none; empty: it gives none. */
  constructor(slot: number, server: VirtualServer, cookie: string) {
    super(slot, { host: 'virtual', port: slot });
    this.#server = server;
    this.#cookie = cookie;
  }

  override attempt(exchange: Exchange, loop: Loop): ServerSide {
    return new VirtualAttempt(exchange, this.#server, this.#cookie, loop);
  }
}

class VirtualAttempt extends Timed implements ServerSide, Visit {
  readonly out = nowhere;
  readonly bodyForm = AS_IS;
  /** Nothing else is ever waited for before the request is with the server. */
  readonly isConnecting: boolean;
  readonly isReused = false;
  readonly mayRefuse = false;
  readonly #loop: Loop;
  readonly #server: VirtualServer;
  readonly #cookie: string;
  readonly #isUnreachable: boolean;
  /** null: neither touches the other any more. */
  #exchange: Exchange | null;

  constructor(exchange: Exchange, server: VirtualServer, cookie: string, loop: Loop) {
    super();
    this.#exchange = exchange;
    this.#server = server;
    this.#cookie = cookie;
    this.#loop = loop;
    this.#isUnreachable = server.condition === 'unreachable';
    this.isConnecting = this.#isUnreachable || server.condition === 'refusing';
    const { timeouts } = exchange.backend.plan;
    loop.wheel.limit(this, this.#isUnreachable ? timeouts.connectMs : timeouts.responseMs);
    (exchange.client as VirtualRequest).visits(server, exchange.backend.name);
    server.visit(this);
  }

  awaitAnswer(): void {}
  stopWaiting(): void {}
  resume(): void {}
  halfEnd(): void {}

  discard(): void {
    this.#exchange = null;
    this.#loop.wheel.drop(this);
    this.#server.leave(this);
  }

  expired(): void {
    this.#server.leave(this);
    this.#letGo()?.serverFailed(this.#isUnreachable ? 'connect' : 'timeout');
  }

  lost(wasSent: boolean): void {
    this.#letGo()?.serverFailed(wasSent && !this.#isUnreachable ? 'dead' : 'connect');
  }

  answered(status: number): void {
    const exchange = this.#letGo();
    if (exchange === null) return;
    const { client } = exchange.client as VirtualRequest;
    let head = plain.get(status)!;
    if (this.#cookie !== '' && status === 200 && client.keepsCookies && !client.hasCookie(this.#cookie)) {
      head = answerHead(status, `Set-Cookie: ${this.#cookie}=client-${client.number}\r\n`);
    }
    if (exchange.answerBegins(head)) exchange.answerEnded();
  }

  #letGo(): Exchange | null {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#loop.wheel.drop(this);
    return exchange;
  }
}
