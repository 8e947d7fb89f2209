/**
 * AnsweredRequest: a request together with the head of its answer, as rules inside `on response` see both. Hot path; data
 * plane. One a thread, set and read within one turn.
 */
import type { IpAddress, ProxiedFacts, ResponseFacts, TlsFacts } from '@sluice/dsl/match';
import type { Answer } from '../../plugin/data-entry.ts';
import type { AnswerHead } from '../message/answer-head.ts';
import { fieldValues, type LiveRequest } from '../message/live-request.ts';

export class AnsweredRequest implements ResponseFacts {
  status = 0;
  #request!: LiveRequest;
  /** The server's answer, or else the gateway's own. */
  #head: AnswerHead | null = null;
  #headers: Answer['headers'] = [];

  /** ofServer takes the head of a server's answer. */
  ofServer(request: LiveRequest, head: AnswerHead): this {
    this.#request = request;
    this.#head = head;
    this.status = head.status;
    return this;
  }

  /** ofGateway takes one of the gateway's own answers. */
  ofGateway(request: LiveRequest, status: number, headers: Answer['headers']): this {
    this.#request = request;
    this.#head = null;
    this.#headers = headers;
    this.status = status;
    return this;
  }

  /** facts is what plugins see: the request's own, with the answer's head until `done`. */
  get facts(): ResponseFacts {
    this.#request.showAnswer(this);
    return this.#request.facts;
  }

  /** done: plugins no longer see the answer's head. */
  done(): void {
    this.#request.showAnswer(null);
  }

  memo<Value>(key: unknown, make: () => Value): Value {
    return this.#request.memo(key, make);
  }

  get ip(): IpAddress {
    return this.#request.ip;
  }

  get port(): number {
    return this.#request.port;
  }

  get scheme(): 'http' | 'https' {
    return this.#request.scheme;
  }

  get sni(): string {
    return this.#request.sni;
  }

  get alpn(): readonly string[] {
    return this.#request.alpn;
  }

  get tls(): TlsFacts | null {
    return this.#request.tls;
  }

  get proxied(): ProxiedFacts | null {
    return this.#request.proxied;
  }

  get method(): string {
    return this.#request.method;
  }

  get host(): string {
    return this.#request.host;
  }

  get path(): string {
    return this.#request.path;
  }

  get query(): string {
    return this.#request.query;
  }

  get id(): string {
    return this.#request.id;
  }

  get traceId(): string {
    return this.#request.traceId;
  }

  header(name: string): string | readonly string[] | undefined {
    return this.#request.header(name);
  }

  answerHeader(name: string): string | readonly string[] | undefined {
    if (this.#head !== null) return fieldValues(this.#head.fields, this.#head.text, name);
    const values = this.#headers.flatMap(([own, value]) => (own.toLowerCase() === name ? [value] : []));
    return values.length > 1 ? values : values[0];
  }
}
