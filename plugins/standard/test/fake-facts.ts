/**
 * fakeFacts makes the facts of a request for tests: a plain GET from 198.51.100.7, changed where the test says so.
 */
import type { RequestFacts } from '@sluice/dsl/match';
import { IpAddress, Memo } from '@sluice/dsl/match';

export interface FakeRequest {
  readonly method?: string;
  readonly host?: string;
  readonly path?: string;
  readonly query?: string;
  readonly port?: number;
  readonly scheme?: 'http' | 'https';
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

export function fakeFacts(request: FakeRequest = {}): RequestFacts {
  const headers = new Map(Object.entries(request.headers ?? {}));
  const memo = new Memo();
  return {
    ip: new IpAddress(true, 0, 0, 0, 0xc6336407, '198.51.100.7'),
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
