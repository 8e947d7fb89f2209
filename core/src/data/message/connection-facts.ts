/**
 * ConnectionFacts: what rules may know of a connection before anything on it is opened. Data plane; once a connection.
 */
import { type IpAddress, Memo, type ProxiedFacts, type RequestFacts } from '@sluice/dsl/match';
import type { ClientHello } from '../../plugin/client-hello.ts';

export class ConnectionFacts implements RequestFacts {
  readonly ip: IpAddress;
  readonly port: number;
  readonly sni: string;
  readonly alpn: readonly string[];
  readonly proxied: ProxiedFacts | null;
  readonly scheme = 'https';
  readonly method = '';
  readonly host = '';
  readonly path = '';
  readonly query = '';
  readonly id = '';
  readonly #memo = new Memo();

  constructor(ip: IpAddress, port: number, hello: ClientHello, proxied: ProxiedFacts | null) {
    this.ip = ip;
    this.port = port;
    this.sni = hello.sni;
    this.alpn = hello.alpn;
    this.proxied = proxied;
  }

  memo<Value>(key: unknown, make: () => Value): Value {
    return this.#memo.get(key, make);
  }

  header(): undefined {
    return undefined;
  }
}
