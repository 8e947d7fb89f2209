/**
 * @sluice/core: the host. `createGateway` is the way in; the plugin API is in `@sluice/core/plugin` and here.
 */

export type { AdminOptions } from './control/admin-host.ts';
export { BatchPool } from './control/batch-pool.ts';
export type { SourcedCertificate } from './control/certificate-sources.ts';
export type { CircuitEvent } from './control/circuits.ts';
export { type Duration, durationMs } from './control/deadline.ts';
export type { DiscoveryEvent, DiscoveryStats } from './control/discovery-source.ts';
export type { DrainedEvent, DrainResult, DrainStatus } from './control/drains.ts';
export { CORE_ERRORS, type CoreErrorCode, GatewayError } from './control/errors.ts';
export type {
  ConditionExplanation,
  ExplainRequest,
  Explanation,
  FieldEdit,
  Otherwise,
  RuleExplanation,
  ServerExplanation,
  StickyExplanation,
  Verdict,
} from './control/explain.ts';
export type { FallBackEvent } from './control/fall-back-watch.ts';
export { createGateway, type Gateway, type GatewayState, type StopResult } from './control/gateway.ts';
export type {
  GatewayEvents,
  GatewayOptions,
  ListenerFailure,
  ListeningEvent,
  ReloadEvent,
  ThreadEvent,
} from './control/gateway-options.ts';
export type { ServerEvent } from './control/health-checker.ts';
export type { HealthEntry } from './control/health-history.ts';
export type { ListEvent } from './control/list-watcher.ts';
export type { NameResolver, Resolution } from './control/name-resolver.ts';
export { PluginHost, type PluginRequest, type PluginSet } from './control/plugin-host.ts';
export {
  type Explaining,
  expectationText,
  type Failure,
  judge,
  rulesOf,
  type TestResult,
} from './control/rule-tests.ts';
export type { Rules } from './control/rules.ts';
export { maskedSecret } from './control/secrets.ts';
export type {
  AdminEvent,
  ServerHandle,
  ServerSession,
  ServerSessions,
  SetEvent,
} from './control/server-handle.ts';
export type { KeptSocket, SocketKeeper } from './control/socket-keeper.ts';
export type {
  BackendStats,
  GatewayStats,
  LatencyStats,
  ListenerStats,
  ServerStats,
  ThreadStats,
} from './control/stats.ts';
export type { StickyStats } from './control/stick-tables.ts';
export type { StickinessHandle, StickyRequest } from './control/stickiness-handle.ts';
export type { ThreadLoss } from './control/thread-pool.ts';
export type { Timers } from './control/timers.ts';
export * from './plugin/index.ts';
export type { CircuitState } from './shared/circuit-table.ts';
export type { HeadRead, HeadRefusal, ReadHead } from './shared/head-reader.ts';
export { LATENESS_EDGES_MS } from './shared/heartbeats.ts';
