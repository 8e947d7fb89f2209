/**
 * ConnectionFacts: what rules may know of a connection before anything on it is opened. Data plane; once a connection.
 */
import type { IpAddress, ProxiedFacts, RequestFacts } from '@sluice/dsl/match';
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

  constructor(ip: IpAddress, port: number, hello: ClientHello, proxied: ProxiedFacts | null) {
    this.ip = ip;
    this.port = port;
    this.sni = hello.sni;
    this.alpn = hello.alpn;
    this.proxied = proxied;
  }

  header(): undefined {
    return undefined;
  }
}
