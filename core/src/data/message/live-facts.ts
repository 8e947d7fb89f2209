/**
 * LiveFacts: a live request as plugins' functions see it. Hot path; data plane.
 *
 * The gateway's own object for a request is used again for the next one, of another client. Plugins may keep what they are given, as
 * the key of a WeakMap for one, so each request has a LiveFacts of its own, which is of no use once the request has ended.
 */
import {
  type EndFacts,
  type IpAddress,
  Memo,
  type ProxiedFacts,
  type RequestFacts,
  type TlsFacts,
} from '@sluice/dsl/match';
import type { LiveRequest } from './live-request.ts';

/** AnswerFacts is the head of the answer, while `on response` looks at it. */
export interface AnswerFacts {
  readonly status: number;
  answerHeader(name: string): string | readonly string[] | undefined;
}

/** EndedFacts is how the request ended, while the conditions of access logs look at it. */
export type EndedFacts = Omit<EndFacts, keyof RequestFacts>;

export class LiveFacts implements EndFacts {
  #request: LiveRequest | null;
  #answer: AnswerFacts | null = null;
  #end: EndedFacts | null = null;
  #memo: Memo | null = null;

  constructor(request: LiveRequest) {
    this.#request = request;
  }

  /** What plugins get of it is the object itself. */
  get facts(): this {
    return this;
  }

  /** end: the request has ended. Whoever asks from now on gets an error, and never another client's request. */
  end(): void {
    this.#request = null;
    this.#answer = null;
    this.#end = null;
    this.#memo = null;
  }

  /** show has the answer's head seen; null: no longer. */
  show(answer: AnswerFacts | null): void {
    this.#answer = answer;
  }

  /** showEnd has seen how the request ended, and its answer; null: no longer. */
  showEnd(end: EndedFacts | null): void {
    this.#end = end;
    this.#answer = end;
  }

  get #ended(): EndedFacts {
    if (this.#end === null) throw new Error('how a request has ended is known only to access logs');
    return this.#end;
  }

  get #live(): LiveRequest {
    if (this.#request === null) throw new Error('the request has ended: facts are known only while it lives');
    return this.#request;
  }

  get #answered(): AnswerFacts {
    if (this.#answer === null) throw new Error('the answer is known only inside `on response`');
    return this.#answer;
  }

  memo<Value>(key: unknown, make: () => Value): Value {
    if (this.#request === null) throw new Error('the request has ended: nothing can be kept for it');
    this.#memo ??= new Memo();
    return this.#memo.get(key, make);
  }

  get ip(): IpAddress {
    return this.#live.ip;
  }

  get port(): number {
    return this.#live.port;
  }

  get scheme(): 'http' | 'https' {
    return this.#live.scheme;
  }

  get sni(): string {
    return this.#live.sni;
  }

  get alpn(): readonly string[] {
    return this.#live.alpn;
  }

  get tls(): TlsFacts | null {
    return this.#live.tls;
  }

  get proxied(): ProxiedFacts | null {
    return this.#live.proxied;
  }

  get method(): string {
    return this.#live.method;
  }

  get host(): string {
    return this.#live.host;
  }

  get path(): string {
    return this.#live.path;
  }

  get query(): string {
    return this.#live.query;
  }

  get id(): string {
    return this.#live.id;
  }

  get traceId(): string {
    return this.#live.traceId;
  }

  header(name: string): string | readonly string[] | undefined {
    return this.#live.header(name);
  }

  get status(): number {
    return this.#answered.status;
  }

  answerHeader(name: string): string | readonly string[] | undefined {
    return this.#answered.answerHeader(name);
  }

  get durationMs(): number {
    return this.#ended.durationMs;
  }

  get retries(): number {
    return this.#ended.retries;
  }

  get backend(): string | undefined {
    return this.#ended.backend;
  }

  get server(): string | undefined {
    return this.#ended.server;
  }

  get endedBy(): EndFacts['endedBy'] {
    return this.#ended.endedBy;
  }
}
