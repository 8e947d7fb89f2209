/**
 * FakeFacts: the facts of a request, for functions of a data entry.
 */
import type { RequestFacts } from '@sluice/dsl/match';
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
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

const CLIENT = new IpAddress(true, 0, 0, 0, 0xc6336407, '198.51.100.7');

/** fakeFacts makes the facts of a request. Its `memo` works as the gateway's does, and so `header` takes names in lower case only. Throws for a text that is no address. */
export function fakeFacts(request: FakeRequest = {}): RequestFacts {
  const headers = new Map(Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const memo = new Memo();
  return {
    ip: request.ip === undefined ? CLIENT : addressOf(request.ip),
    port: request.port ?? 8080,
    scheme: request.scheme ?? 'http',
    method: request.method ?? 'GET',
    host: request.host ?? 'www.example.com',
    path: request.path ?? '/',
    query: request.query ?? '',
    id: '0123456789abcdef0123456789abcdef',
    header: (name) => headers.get(name),
    memo: (key, make) => memo.get(key, make),
  };
}

function addressOf(text: string): IpAddress {
  const address = parseIp(text);
  if (address === null) throw new TypeError(`\`${text}\` is not an IP address`);
  return address;
}
