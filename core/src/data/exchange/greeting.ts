/**
 * Greeting: what a client's connection said before it was known who serves it. Data plane; once a connection.
 *
 * It stays with the connection while that goes from one handler to the next.
 */
import type { ClientHello } from '../../plugin/client-hello.ts';
import type { ProxiedConnection } from '../proxy/proxy-reader.ts';
import type { Connection } from '../transport/connection.ts';

export interface Greeting {
  /** Of TLS; null: it was not read, or there is none. */
  readonly hello: ClientHello | null;
  /** What a trusted proxy said of the client; null: there is none. */
  readonly proxied: ProxiedConnection | null;
}

export const NOTHING_SAID: Greeting = { hello: null, proxied: null };

/** greetingOf returns what a connection has said so far. */
export function greetingOf(connection: Connection): Greeting {
  return (connection.greeting as Greeting | null) ?? NOTHING_SAID;
}

/** greet notes what else a connection has said. */
export function greet(connection: Connection, said: Partial<Greeting>): void {
  connection.greeting = { ...greetingOf(connection), ...said };
}
