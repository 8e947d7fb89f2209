/**
 * HealthCheck makes one probe; the gateway counts rise and fall, keeps intervals, and changes states. Main thread.
 *
 * `converse` of `@sluice/core/probe` opens the connection, sends the PROXY header, bounds what is read, and lets go of it all.
 */
import type { LookupFunction, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Address, Args } from '@sluice/dsl/plan';

/** ProbeTarget is the server to probe. `port` already is the check's own port where one was set. */
export interface ProbeTarget {
  readonly backend: string;
  readonly server: string;
  readonly address: Address;
  /** The server is written by a name: finds its addresses without asking anybody. `connect` takes it; `converse` does. */
  readonly lookup?: LookupFunction;
  /** Written by the check's `send proxy`: the version of the PROXY header with which the probe's connection begins. */
  readonly sendProxy?: 'v1' | 'v2';
  /**
   * The backend speaks TLS to its servers, and the check does not say `without tls`: opens it, as `ServerTls.secure` does, on a
   * connection that stands. `converse` uses it, unless it is given TLS options of the check's own.
   */
  readonly secure?: (socket: Socket) => TLSSocket;
}

/**
 * As HAProxy and Scaleway name them. `condpass`: passed, but the server asks for no new clients (`drain on 404`); `neutral`: the
 * probe could not be made, which says nothing of the server.
 */
export type ProbeStatus = 'passed' | 'failed' | 'condpass' | 'neutral';

export interface ProbeResult {
  readonly status: ProbeStatus;
  /** A short phrase for people: `status 503, expected 200`, `connection refused`. */
  readonly reason: string;
}

export interface HealthCheck {
  /**
   * probe tries the server once. It should resolve to a failed result rather than reject (a rejection counts as failed),
   * and must let go of everything when `signal` aborts, which happens at the check's timeout.
   */
  probe(target: ProbeTarget, options: Args, signal: AbortSignal): Promise<ProbeResult>;
}
