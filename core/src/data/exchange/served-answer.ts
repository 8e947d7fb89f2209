/**
 * ServedAnswer: one answer of a backend that has no servers, on its way to the client. Data plane; never blocks.
 *
 * To the request it is what a server's connection is: it begins an answer, feeds the body, pauses while the client is behind,
 * and can be let go of at any time. A body is pulled piece by piece, so that a large one is never in memory as a whole. What
 * the service opened is closed once, and never in the middle of a read.
 */

import { STATUS_CODES } from 'node:http';
import type { ServedAnswer as Made, ServedBody, ServedRequest, Service } from '../../plugin/service.ts';
import { wordKey } from '../../shared/orders/orders.ts';
import { checkServed } from '../../shared/plugins/answer-check.ts';
import { BackendIndex } from '../../shared/tables/counters.ts';
import type { Loop } from '../loop/loop.ts';
import { Timed } from '../loop/timer-wheel.ts';
import { AnswerHead } from '../message/answer-head.ts';
import { AS_IS } from '../message/body-framer.ts';
import { toFieldValue } from '../message/field-edits.ts';
import type { LiveRequest } from '../message/live-request.ts';
import { dateField, OWN_FIELDS } from '../message/self-answer.ts';
import type { ServerSide } from '../sides/server-side.ts';
import type { Sink } from '../sides/sink.ts';
import type { Exchange } from './exchange.ts';

/** Bytes that are read at once. */
const PIECE_BYTES = 65_536;

const answer = new AnswerHead();

/** What a request sends to nobody. */
class Nowhere implements Sink {
  readonly isFull = false;
  text(): void {}
  bytes(): void {}
  flush(): void {}
}
const nowhere = new Nowhere();

export class ServedAnswer extends Timed implements ServerSide {
  readonly bodyForm = AS_IS;
  /** The request's body is of no interest. */
  readonly out = nowhere;
  readonly isConnecting = false;
  readonly isReused = false;
  readonly mayRefuse = false;
  readonly #loop: Loop;
  #exchange: Exchange | null = null;
  #body: ServedBody | null = null;
  #piece: Buffer | null = null;
  #left = 0;
  #isReading = false;
  #isAnswering = false;

  constructor(loop: Loop) {
    super();
    this.#loop = loop;
  }

  /** start asks the service for the answer to a request; it may come before this returns. */
  start(exchange: Exchange, service: Service): void {
    this.#exchange = exchange;
    this.awaitAnswer();
    let made: Made | Promise<Made>;
    try {
      made = service.answer(servedRequest(exchange.request));
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (typeof (made as Promise<Made> | undefined)?.then === 'function') {
      this.#loop.transport.loop.wake();
      (made as Promise<Made>).then(
        (later) => this.#answer(later),
        (error) => this.#failed(error),
      );
    } else {
      this.#answer(made as Made);
    }
  }

  awaitAnswer(): void {
    const exchange = this.#exchange;
    if (exchange !== null) this.#loop.wheel.limit(this, exchange.backend.plan.timeouts.responseMs);
  }

  stopWaiting(): void {
    // The answer does not depend on the request's body, so it is due all the time.
  }

  halfEnd(): void {
    // Nobody has a tunnel to a service.
  }

  /** resume goes on once the client has taken what it was sent. */
  resume(): void {
    if (!this.#isAnswering || this.#body === null || this.#isReading) return;
    this.awaitAnswer();
    void this.#read(this.#body);
  }

  /** discard lets go of the answer; whoever asked for it has let go before. */
  discard(): void {
    this.#exchange = null;
    this.#loop.wheel.drop(this);
    if (!this.#isReading) this.#close();
  }

  expired(): void {
    this.#exchange?.serverFailed(this.#isAnswering ? 'broken' : 'timeout');
  }

  #answer(made: Made): void {
    const exchange = this.#exchange;
    const body: unknown = made?.body;
    const isStream = typeof body === 'object' && body !== null && !Buffer.isBuffer(body);
    if (isStream) this.#body = body as ServedBody;
    if (exchange === null) {
      this.#close();
      return;
    }
    try {
      checkServed(made, exchange.request.method === 'HEAD');
      if (made.body === null) {
        this.#loop.counters.backend(exchange.backend.slot, BackendIndex.served);
        this.#exchange = null;
        this.#loop.wheel.drop(this);
        exchange.answerInstead({ status: made.status, headers: made.headers, body: null });
        return;
      }
      const bytes = Buffer.from(headText(made), 'latin1');
      if (answer.parse(bytes, 0, bytes.length, exchange.request.method === 'HEAD') !== bytes.length)
        throw new Error('no proper answer');
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#loop.counters.backend(exchange.backend.slot, BackendIndex.served);
    if (!exchange.answerBegins(answer)) return;
    this.#isAnswering = true;
    this.#left = exchange.request.method === 'HEAD' ? 0 : made.length;
    if (this.#left === 0) {
      this.#end(exchange);
    } else if (isStream) {
      exchange.client.out.flush();
      void this.#read(this.#body!);
    } else {
      exchange.client.out.bytes(made.body as Buffer, 0, this.#left);
      this.#end(exchange);
    }
  }

  /** read sends pieces for as long as the client takes them. */
  async #read(body: ServedBody): Promise<void> {
    this.#piece ??= Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, this.#left));
    this.#isReading = true;
    this.#loop.transport.loop.wake();
    let failure: unknown = null;
    while (this.#exchange !== null && this.#left > 0) {
      const piece = this.#left < this.#piece.length ? this.#piece.subarray(0, this.#left) : this.#piece;
      let length = 0;
      try {
        length = await body.read(piece);
        if (!(length > 0 && length <= piece.length)) throw new Error(`the body ended ${this.#left} bytes too early`);
      } catch (error) {
        failure = error;
        break;
      }
      const exchange = this.#exchange as Exchange | null;
      if (exchange === null) break;
      this.#left -= length;
      const { out } = exchange.client;
      out.bytes(piece, 0, length);
      if (this.#left === 0) break;
      out.flush();
      if (out.isFull) {
        this.#isReading = false;
        this.#loop.wheel.limit(this, 0);
        exchange.client.awaitRoom();
        return;
      }
      this.awaitAnswer();
    }
    this.#isReading = false;
    const exchange = this.#exchange as Exchange | null;
    if (exchange === null) this.#close();
    else if (failure !== null) this.#failed(failure);
    else this.#end(exchange);
  }

  #end(exchange: Exchange): void {
    this.#exchange = null;
    this.#loop.wheel.drop(this);
    this.#close();
    exchange.answerEnded();
  }

  #close(): void {
    const body = this.#body;
    this.#body = null;
    try {
      body?.close();
    } catch {
      // What cannot be closed is lost; the answer is not.
    }
  }

  /** failed refuses the request, or breaks off what has begun. */
  #failed(error: unknown): void {
    const exchange = this.#exchange;
    if (exchange === null) {
      this.#close();
      return;
    }
    const { backend } = exchange;
    this.#loop.counters.backend(backend.slot, BackendIndex.serveErrors);
    const serve = backend.plan.serve?.name ?? '';
    const word = wordKey('serve', serve);
    const plugin = backend.owner(word);
    const whose = plugin === undefined ? word : `${word} of plugin ${plugin}`;
    this.#loop.failures.report(
      `serve ${backend.name}`,
      `${whose} failed to answer for backend ${backend.name}`,
      { backend: backend.name, serve, plugin, word },
      error,
    );
    exchange.serverFailed(this.#isAnswering ? 'broken' : 'internal');
  }
}

function servedRequest(request: LiveRequest): ServedRequest {
  const { method, forwardHead, facts } = request;
  const from = method.length + 1;
  const target = forwardHead.substring(from, forwardHead.indexOf(' ', from));
  const mark = target.indexOf('?');
  return {
    method,
    path: mark === -1 ? target : target.substring(0, mark),
    query: mark === -1 ? '' : target.substring(mark),
    header: (name) => {
      const value = facts.header(name);
      return value === undefined || typeof value === 'string' ? value : value.join(', ');
    },
  };
}

function headText({ status, headers, length }: Made): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n${dateField()}`;
  for (const [name, value] of headers) {
    if (!OWN_FIELDS.has(name.toLowerCase())) text += `${name}: ${toFieldValue(value)}\r\n`;
  }
  if (status !== 204 && status !== 304) text += `Content-Length: ${length}\r\n`;
  return `${text}\r\n`;
}
