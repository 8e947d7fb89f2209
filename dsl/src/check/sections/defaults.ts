/**
 * Defaults: what a plan says where the rule file is silent. One table; durations in milliseconds, sizes in bytes.
 */
import type { BackendTimeouts, ListenerLimits, ListenerTimeouts, RetryPolicy, SettingsPlan } from '../../plan/plan.ts';

const LISTENER_TIMEOUTS: ListenerTimeouts = { headerMs: 10_000, idleMs: 60_000, bodyMs: 30_000, clientMs: 30_000 };

const LISTENER_LIMITS: ListenerLimits = {
  bodyBytes: 0,
  headBytes: 16 * 1024,
  targetBytes: 8 * 1024,
  headerCount: 100,
  connections: 0,
  connectionsPerIp: 0,
  newConnections: null,
  newConnectionsPerIp: null,
};

const BACKEND_TIMEOUTS: BackendTimeouts = {
  connectMs: 5_000,
  responseMs: 30_000,
  idleMs: 30_000,
  tunnelMs: 3_600_000,
  queueMs: 5_000,
};

const RETRY: RetryPolicy = { times: 2, on: ['connect-failure'], isAnotherServer: true, share: 0.2, perSecond: 10 };

const FAILURES = { requests: 20, windowMs: 10_000, statuses: ['502..504'] } as const;

const SETTINGS: SettingsPlan = { threads: null, drainMs: 30_000, secretsDir: null };

export const DEFAULTS = {
  listenerTimeouts: LISTENER_TIMEOUTS,
  listenerLimits: LISTENER_LIMITS,
  backendTimeouts: BACKEND_TIMEOUTS,
  retry: RETRY,
  /** Most requests that wait for the servers of one backend. */
  queue: 4096,
  failures: FAILURES,
  settings: SETTINGS,
  /** The balancer of a backend that names none. */
  balancer: 'round-robin',
  /** How TLS is spoken to a site by `https:` that says nothing of it. */
  serverTls: 'bridge',
} as const;
