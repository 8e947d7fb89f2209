/**
 * GatewayOptions: what an embedder may choose, and the events they can listen to. Main thread.
 */
import type { Address } from '@sluice/dsl/plan';
import type { CertificateEvent } from '../plugin/certificate-source.ts';
import type { PluginManifest } from '../plugin/manifest.ts';
import type { AdminOptions } from './admin-host.ts';
import type { PluginLimits } from './clock/time-limit.ts';
import type { Timers } from './clock/timers.ts';
import type { CircuitEvent } from './health/circuits.ts';
import type { DrainedEvent } from './health/drains.ts';
import type { FallBackEvent } from './health/fall-back-watch.ts';
import type { ServerEvent } from './health/health-checker.ts';
import type { AdminEvent, SetEvent } from './health/server-handle.ts';
import type { DiscoveryEvent } from './members/discovery-source.ts';
import type { NameResolver } from './members/name-resolver.ts';
import type { GatewayError } from './report/errors.ts';
import type { Level, Logger } from './report/log.ts';
import type { ListEvent } from './rules/list-watcher.ts';
import type { Rules } from './rules/rules.ts';
import type { SocketKeeper } from './socket-keeper.ts';
import type { ThreadLoss } from './threads/thread-pool.ts';

export interface GatewayOptions {
  readonly rules: Rules;
  /** Plugins whose words and components the rules may use without a `use` line. */
  readonly plugins?: readonly PluginManifest[];
  /** Data threads. 0: the caller's own event loop. Default: what the rules' settings say, or else one per core. */
  readonly threads?: number;
  /** Where the admin API listens. Default: as the rules' settings say; `false`: nowhere. */
  readonly admin?: AdminOptions | false;
  /** A pino logger, a level, or false for none. Default: `info`, JSON on stdout. */
  readonly logger?: Logger | Level | false;
  /** Bind ports that another process has bound with SO_REUSEPORT, to take over from it. Default: false. */
  readonly isTakeover?: boolean;
  /** Keeps the listening sockets open while this process is replaced. For the command’s supervisor. Default: nobody does. */
  readonly sockets?: SocketKeeper;
  /** How long a thread may be silent before it is replaced. Default 5 s. */
  readonly beatLimitMs?: number;
  /** How long a thread may take to prepare a generation. Default 60 s. */
  readonly prepareLimitMs?: number;
  /** How long plugins may take. Default: 10 s to load, 30 s to start, 10 s to stop. */
  readonly pluginLimits?: Partial<PluginLimits>;
  /** Most health probes at once. Default: what the rules' settings say (`probes at most`), or else 256. */
  readonly probesAtOnce?: number;
  /** False: `test before reload` does nothing, for tools that show what a test does. Default: true. */
  readonly areTestsRun?: boolean;
  /** Finds the addresses of servers' names, in place of the hosts file and DNS servers. */
  readonly nameResolver?: NameResolver;
  /** The clock of health checks, and of the data plane with `threads: 0`. For tests. */
  readonly timers?: Timers;
  /** Randomness for the same. From 0 up to, not including, 1. */
  readonly random?: () => number;
  /** The module that exports createDataPlane, a `file:` URL. Default: the HTTP engine. For tests of the threads. */
  readonly dataPlane?: string;
}

/** ReloadEvent says how a reload ended; a failed one left the old generation running. */
export type ReloadEvent =
  | { readonly isOk: true; readonly generation: number }
  | { readonly isOk: false; readonly generation: number; readonly error: GatewayError };

export interface ListeningEvent {
  readonly listener: string;
  readonly address: Address;
}

/** ThreadEvent: a data thread was lost, or another one has taken its place. */
export type ThreadEvent =
  | ({ readonly event: 'lost' } & ThreadLoss)
  | { readonly event: 'replaced'; readonly thread: number };

/**
 * FilesEvent says that files which component options depend on, such as certificates, have changed while the gateway ran, and
 * whether they are in use now. Bad ones left the old ones in force.
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
 * GatewayEvents by name, with what listeners are called with. Listeners are called soon after what they are told of, in the order of the
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
