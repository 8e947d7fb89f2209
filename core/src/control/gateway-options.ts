/**
 * GatewayOptions: what an embedder may choose. Main thread.
 */
import type { PluginManifest } from '../plugin/manifest.ts';
import type { AdminOptions } from './admin/admin-host.ts';
import type { PluginLimits } from './clock/time-limit.ts';
import type { Timers } from './clock/timers.ts';
import type { NameResolver } from './members/name-resolver.ts';
import type { SocketKeeper } from './reload/socket-keeper.ts';
import type { Level, Logger } from './report/log.ts';
import type { Rules } from './rules/rules.ts';
import type { HandedState } from './state/state-keeper.ts';

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
  /**
   * What `exportState` of an earlier gateway gave: stick tables, rates, health, what was set by hand, and the keys of TLS sessions. What
   * these rules no longer have is dropped. Bytes that cannot be used are logged, and the gateway starts without. A function is asked as late as
   * possible, and null is nothing. Default: nothing.
   */
  readonly state?: HandedState;
  /** Has the version that is on disk take over, and resolves to why it does not; null: it serves. For the command’s supervisor. Default: it cannot be done. */
  readonly upgrade?: () => Promise<string | null>;
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
