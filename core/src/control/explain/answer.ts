/**
 * AssumedAnswer: a request together with an answer to it that nobody has sent yet, for rules inside `on response`. Main thread.
 */
import type { IpAddress, RequestFacts, ResponseFacts } from '@sluice/dsl/match';
import type { ListenerPlan } from '@sluice/dsl/plan';
import type { Answer, DataEntry, ErrorAnswerFactory } from '../../plugin/data-entry.ts';
import { errorPageOf, pageHeaders } from '../../shared/judgement/error-pages.ts';
import type { Verdict } from './explanation.ts';

export class AssumedAnswer implements ResponseFacts {
  readonly ip: IpAddress;
  readonly port: number;
  readonly scheme: 'http' | 'https';
  readonly sni: string;
  readonly alpn: readonly string[];
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly id: string;
  readonly status: number;
  readonly #request: RequestFacts;
  readonly #headers: readonly (readonly [name: string, value: string])[];

  constructor(request: RequestFacts, status: number, headers: readonly (readonly [string, string])[]) {
    this.ip = request.ip;
    this.port = request.port;
    this.scheme = request.scheme;
    this.sni = request.sni ?? '';
    this.alpn = request.alpn ?? [];
    this.method = request.method;
    this.host = request.host;
    this.path = request.path;
    this.query = request.query;
    this.id = request.id;
    this.status = status;
    this.#request = request;
    this.#headers = headers;
  }

  /** ofVerdict is the answer that the gateway gives by itself, with the fields of the standard answer of its status. */
  static ofVerdict(
    request: RequestFacts,
    verdict: Verdict,
    entries: readonly DataEntry[],
    listener: ListenerPlan,
  ): AssumedAnswer {
    const status = 'status' in verdict ? verdict.status : 200;
    const own = verdict.kind === 'answer' ? verdict.headers : [];
    const factory = entries.flatMap(({ errorAnswers }) => Object.values(errorAnswers ?? {})).at(-1);
    const hasType = own.some(([name]) => name.toLowerCase() === 'content-type');
    const page = errorPageOf(listener, status);
    const plain = headersOf(factory, status);
    const standard = hasType ? [] : page === undefined ? plain : pageHeaders(page, plain);
    return new AssumedAnswer(request, status, [...own, ...standard]);
  }

  memo<Value>(key: unknown, make: () => Value): Value {
    return this.#request.memo(key, make);
  }

  header(name: string): string | readonly string[] | undefined {
    return this.#request.header(name);
  }

  answerHeader(name: string): string | readonly string[] | undefined {
    const values = this.#headers.flatMap(([own, value]) => (own.toLowerCase() === name ? [value] : []));
    return values.length > 1 ? values : values[0];
  }
}

/** headersOf are the fields of the standard answer; none where it cannot be made, as live traffic then sends a bare one. */
function headersOf(factory: ErrorAnswerFactory | undefined, status: number): Answer['headers'] {
  try {
    return factory?.({})(status).headers ?? [];
  } catch {
    return [];
  }
}
