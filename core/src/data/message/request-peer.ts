/**
 * RequestPeer: what a request says of who sent it. Data plane.
 */
import type { IpAddress, ProxiedFacts, TlsFacts } from '@sluice/dsl/match';
import type { ClientHello } from '../../plugin/client-hello.ts';

export interface RequestPeer {
  /** The address of the connection. */
  readonly ip: IpAddress;
  /** null: it was not read, or there is none. */
  readonly hello: ClientHello | null;
  /** What is known of the TLS that ends here; null: none does. */
  readonly tls: TlsFacts | null;
  /** What a trusted proxy said of the connection; null: nothing. */
  readonly proxied: ProxiedFacts | null;
  /** The value of Client-Cert (RFC 9440 section 2.2): the client's certificate if it is verified, or ''. */
  readonly clientCert: string;
  /** The port that it came from, as a trusted proxy says it or as the connection has it; 0: there is none. */
  readonly clientPort: number;
  /** The ID of the connection: as a trusted proxy before us names it, or else by chance. */
  readonly id: string;
  /** What the access log says of the connection, as members of JSON, each behind a comma. */
  readonly logged: string;
  /** serves: requests on the connection have asked a listener for this host already, and were let in. */
  serves(host: string, listener: object): boolean;
  /** served: one was. */
  served(host: string, listener: object): void;
}
