/**
 * LoggedFacts: what conditions may ask of a request or a connection of which only a log line is left. Any thread.
 *
 * Asking for what the line does not say throws UnknownFact. Matchers take that as a condition that cannot be decided: it
 * matters only where nothing else decides, so that what is not known stays not known and is never guessed.
 */
import { hostText, type IpAddress, Memo, parseIp, type RequestFacts, type WrittenHead } from '@sluice/dsl/match';
import type { LogLine } from './log-line.ts';

/** UnknownFact names what the log does not say: `host`, `header cookie`. */
export class UnknownFact extends Error {
  readonly fact: string;

  constructor(fact: string) {
    super(`the log does not say the ${fact}`);
    this.fact = fact;
  }
}

const KNOWN_FACTS = new Map<string, UnknownFact>();
/** Header names come from rules, so there are few; made once each, since a stack costs more than a verdict. */
function unknown(fact: string): UnknownFact {
  let error = KNOWN_FACTS.get(fact);
  if (error === undefined) {
    error = new UnknownFact(fact);
    KNOWN_FACTS.set(fact, error);
  }
  return error;
}

/** unknownIn finds the UnknownFact behind what a matcher threw, or null when it threw for another reason. */
export function unknownIn(thrown: unknown): UnknownFact | null {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 8; error = error.cause, depth++) {
    if (error instanceof UnknownFact) return error;
  }
  return null;
}

export class LoggedFacts implements RequestFacts {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly id: string = '0'.repeat(32);
  readonly #line: LogLine;
  readonly #memo = new Memo();
  readonly #scheme: 'http' | 'https' | undefined;
  readonly #port: number | undefined;

  /** `path` is normalised; scheme and port are the listener's where the line says none. */
  constructor(line: LogLine, path: string, scheme: 'http' | 'https' | undefined, port: number | undefined) {
    this.method = line.method;
    this.path = path;
    this.query = line.query;
    this.#line = line;
    this.#scheme = line.scheme ?? scheme;
    this.#port = line.port ?? port;
  }

  get ip(): IpAddress {
    if (this.#line.client === undefined) throw unknown('client');
    return this.#line.client;
  }

  get port(): number {
    if (this.#port === undefined) throw unknown('port');
    return this.#port;
  }

  get scheme(): 'http' | 'https' {
    if (this.#scheme === undefined) throw unknown('scheme');
    return this.#scheme;
  }

  /** Without TLS there is no hello. */
  get sni(): string {
    const { sni } = this.#line;
    if (sni === undefined && this.#scheme !== 'http') throw unknown('sni');
    return sni ?? '';
  }

  get alpn(): readonly string[] {
    const { alpn } = this.#line;
    if (alpn === undefined && this.#scheme !== 'http') throw unknown('alpn');
    return alpn ?? [];
  }

  get host(): string {
    if (this.#line.host === undefined) throw unknown('host');
    return this.#line.host;
  }

  memo<Value>(key: unknown, make: () => Value): Value {
    return this.#memo.get(key, make);
  }

  header(name: string): string | readonly string[] | undefined {
    const value = this.#line.headers[name];
    if (value === undefined) {
      if (name === 'host' && this.#line.host !== undefined) return hostText(this.#line.host);
      throw unknown(`header ${name}`);
    }
    return value ?? undefined;
  }
}

/** Stands for a host that a log does not say. */
const SOME_HOST = 'host.invalid';
const SOME_CLIENT = parseIp('127.0.0.1')!;

/** headOf is the head that a logged request had, as far as its line says. A line without a host is taken to have had a good one. */
export function headOf({ method, path, query, host, client }: LogLine): WrittenHead {
  const authority = host === undefined ? SOME_HOST : host.includes(':') ? `[${host}]` : host;
  return {
    ip: client ?? SOME_CLIENT,
    sni: null,
    alpn: [],
    scheme: null,
    method,
    target: query === '' ? path : `${path}?${query}`,
    authority: authority === '' ? null : authority,
    port: 0,
    // Only HTTP/1.0 does without a Host.
    version: authority === '' ? 'HTTP/1.0' : 'HTTP/1.1',
    headers: [],
  };
}
