/**
 * FakeFacts: the facts of a request, for functions of a data entry.
 */
import type { ProxiedFacts, RequestFacts, ResponseFacts, TlsFacts } from '@sluice/dsl/match';
import { IpAddress, Memo, parseIp } from '@sluice/dsl/match';

/** FakeRequest is a request as a test writes it. Default: `GET http://www.example.com/` from 198.51.100.7. */
export interface FakeRequest {
  /** Default `GET`. */
  readonly method?: string;
  /** Without the port, in lower case. Default `www.example.com`. */
  readonly host?: string;
  /** Percent-encoded, without the query. Default `/`. */
  readonly path?: string;
  /** Without its `?`. Default: none. */
  readonly query?: string;
  /** The client's address, IPv4 or IPv6. Default 198.51.100.7. */
  readonly ip?: string;
  /** The listener's port. Default 8080. */
  readonly port?: number;
  /** Default `http`. */
  readonly scheme?: 'http' | 'https';
  /** By name, in any case; a list for a field that comes several times. */
  readonly headers?: FakeFields;
  /** The name in the TLS hello, in lower case. Default: the hello was not read. */
  readonly sni?: string;
  /** The protocols in the TLS hello. Default: the hello was not read. */
  readonly alpn?: readonly string[];
  /** What is known of the TLS that the gateway terminates. Default: there is none. */
  readonly tls?: TlsFacts | null;
  /** What a PROXY header said besides addresses. Default: there was none. */
  readonly proxied?: ProxiedFacts | null;
  /** The response, for fields that read it. Default: none has come, so the facts have none. */
  readonly response?: { readonly status?: number; readonly headers?: FakeFields };
}

/** FakeFields are fields of a head, by name; a list for one that comes several times. */
type FakeFields = Readonly<Record<string, string | readonly string[]>>;

const CLIENT = new IpAddress(true, 0, 0, 0, 0xc6336407, '198.51.100.7');

/**
 * fakeFacts makes the facts of a request. Its `memo` works as the gateway's does, and as there, `header` takes names in lower case only.
 * Throws for a text that is no address.
 */
export function fakeFacts(request: FakeRequest & Required<Pick<FakeRequest, 'response'>>): ResponseFacts;
export function fakeFacts(request?: FakeRequest): RequestFacts;
export function fakeFacts(request: FakeRequest = {}): RequestFacts {
  const { sni, alpn, tls, proxied, response } = request;
  const headers = byLowerName(request.headers);
  const memo = new Memo();
  const facts: RequestFacts = {
    ip: request.ip === undefined ? CLIENT : addressOf(request.ip),
    port: request.port ?? 8080,
    scheme: request.scheme ?? 'http',
    ...(sni === undefined ? {} : { sni }),
    ...(alpn === undefined ? {} : { alpn }),
    ...(tls === undefined ? {} : { tls }),
    ...(proxied === undefined ? {} : { proxied }),
    method: request.method ?? 'GET',
    host: request.host ?? 'www.example.com',
    path: request.path ?? '/',
    query: request.query ?? '',
    id: '0123456789abcdef0123456789abcdef',
    header: (name) => headers.get(name),
    memo: (key, make) => memo.get(key, make),
  };
  if (response === undefined) return facts;
  const answered = byLowerName(response.headers);
  return Object.assign(facts, { status: response.status ?? 200, answerHeader: (name: string) => answered.get(name) });
}

function byLowerName(fields: FakeFields = {}): ReadonlyMap<string, string | readonly string[]> {
  return new Map(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
}

function addressOf(text: string): IpAddress {
  const address = parseIp(text);
  if (address === null) throw new TypeError(`\`${text}\` is not an IP address`);
  return address;
}
