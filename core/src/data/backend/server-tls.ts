/**
 * ServerTls: TLS to the servers of a backend, as one event loop speaks it. Data plane; on the hot path only where a connection is
 * new.
 *
 * It belongs to a server's endpoint and so lives over reloads, with the sessions that are resumed, for as long as nothing in its
 * options changes. A changed option makes new endpoints: no request goes over a connection that was verified by other rules.
 */
import type { ComponentUse } from '@sluice/dsl/plan';
import type { ServerTls, TlsServer } from '../../plugin/data-entry.ts';
import { ServerIndex } from '../../shared/tables/counters.ts';
import type { Loop } from '../loop/loop.ts';
import type { Connection } from '../transport/connection.ts';
import type { ConnectionTls } from '../transport/connection-tls.ts';

/** A server that fails every handshake is reported this often. */
const LOG_INTERVAL_MS = 60_000;

export interface LinkedServerTls {
  /** Names the component and its options. */
  readonly key: string;
  /** mode is made when it is first asked for: where all servers are known, nobody asks. Throws what the factory throws. */
  mode(): ServerTls;
}

/** linkServerTls: `code` is the plugin's, so that a mode does not outlive a change of it. */
export function linkServerTls({ name, options }: ComponentUse, code: string, make: () => ServerTls): LinkedServerTls {
  let made: ServerTls | null = null;
  return {
    key: JSON.stringify([name, options, code]),
    mode: () => {
      made ??= make();
      return made;
    },
  };
}

export class EndpointTls {
  readonly key: string;
  readonly #mode: ServerTls;
  readonly #server: TlsServer;
  #toldMs = Number.NEGATIVE_INFINITY;
  #told = '';
  #untold = 0;

  constructor({ key, mode }: LinkedServerTls, server: TlsServer) {
    this.key = key;
    this.#mode = mode();
    this.#server = server;
  }

  /** start begins a handshake on a connection that is established. Throws what the mode throws. */
  start(connection: Connection, protocols: readonly string[]): void {
    connection.startTls(this.#mode, this.#server, protocols);
  }

  /** onHandshake counts a handshake that ended well. */
  onHandshake(tls: ConnectionTls, slot: number, loop: Loop): void {
    loop.counters.server(slot, ServerIndex.tlsHandshakes);
    if (tls.isResumed) loop.counters.server(slot, ServerIndex.tlsResumed);
  }

  /** failed counts one that did not, and says why, though not over and over again. */
  failed(reason: string, slot: number, loop: Loop): void {
    loop.counters.server(slot, ServerIndex.tlsFailures);
    const now = loop.now();
    if (reason === this.#told && now - this.#toldMs < LOG_INTERVAL_MS) {
      this.#untold++;
      return;
    }
    const { backend, name } = this.#server;
    const before = this.#untold === 0 ? {} : { failedBefore: this.#untold };
    loop.log('warn', `TLS handshake with server ${backend}/${name} failed: ${reason}`, {
      backend,
      server: name,
      reason,
      ...before,
    });
    this.#told = reason;
    this.#toldMs = now;
    this.#untold = 0;
  }
}
