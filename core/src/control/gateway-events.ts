/**
 * GatewayEvents: the events that embedders can listen to. Main thread; types only.
 */
import type { Address } from '@sluice/dsl/plan';
import type { CertificateEvent } from '../plugin/certificate-source.ts';
import type { CircuitEvent } from './health/circuits.ts';
import type { DrainedEvent } from './health/drains.ts';
import type { FallBackEvent } from './health/fall-back-watch.ts';
import type { AdminEvent, SetEvent } from './health/server-handle.ts';
import type { ServerEvent } from './health/server-states.ts';
import type { DiscoveryEvent } from './members/discovery-source.ts';
import type { GatewayError } from './report/errors.ts';
import type { ListEvent } from './rules/list-watcher.ts';
import type { ThreadEvent } from './runtime/runtime-events.ts';

/** ReloadEvent says how a reload ended; a failed one left the old generation running. */
export type ReloadEvent =
  | { readonly isOk: true; readonly generation: number }
  | { readonly isOk: false; readonly generation: number; readonly error: GatewayError };

export interface ListeningEvent {
  readonly listener: string;
  readonly address: Address;
}

/**
 * FilesEvent says that files which component options depend on, such as certificates, have changed while the gateway ran, and
 * whether they are in use now. Bad ones were left alone, and the old ones stay in use.
 */
export interface FilesEvent {
  readonly isOk: boolean;
  readonly error?: GatewayError;
}

/** ListenerFailure is a listener's mistake; nothing of the gateway's depends on it. */
export interface ListenerFailure {
  readonly event: string;
  readonly error: unknown;
}

/**
 * GatewayEvents by name, with the arguments of their listeners. Listeners are called soon after what has happened, in the order of the
 * events; what they throw is reported and changes nothing.
 */
export interface GatewayEvents {
  server: [ServerEvent];
  circuit: [CircuitEvent];
  admin: [AdminEvent];
  set: [SetEvent];
  drained: [DrainedEvent];
  /** A backend began to fall back to another, or ended it. */
  fallBack: [FallBackEvent];
  discovery: [DiscoveryEvent];
  reload: [ReloadEvent];
  listening: [ListeningEvent];
  list: [ListEvent];
  files: [FilesEvent];
  /** A certificate was obtained, or could not be; or its new file is served, or not taken. */
  certificate: [CertificateEvent];
  thread: [ThreadEvent];
  /** A listener of another event has thrown, or the promise that it returned was rejected. It is logged, too. */
  listenerFailed: [ListenerFailure];
}
