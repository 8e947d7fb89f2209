/**
 * @sluice/core: the host. `createGateway` is the way in; the plugin API is in `@sluice/core/plugin` and here.
 */

export type { AccessLogStats } from './control/access-log/access-logs.ts';
export type { AdminOptions } from './control/admin/admin-host.ts';
export type { SourcedCertificate } from './control/certificates/certificate-sources.ts';
export { type Duration, durationMs } from './control/clock/deadline.ts';
export type { Timers } from './control/clock/timers.ts';
export type {
  Configuration,
  ReplaceOptions,
  ReplaceResult,
  RuleTextState,
} from './control/configuration/configuration.ts';
export {
  compareRules,
  type DifferenceSide,
  type RuleDifference,
  type RuleDifferences,
} from './control/configuration/rule-differences.ts';
export type { HistoryEntry } from './control/configuration/rule-history.ts';
export { restoreUnconfirmed } from './control/configuration/unconfirmed.ts';
export type { ConditionExplanation } from './control/explain/condition.ts';
export type { FieldEdit } from './control/explain/edits.ts';
export type { Explanation, Otherwise, RuleExplanation, Verdict } from './control/explain/explanation.ts';
export type { ExplainRequest, StickyRequest } from './control/explain/request.ts';
export type { ServerExplanation } from './control/explain/servers.ts';
export type { StickinessHandle } from './control/explain/stickiness-handle.ts';
export type { StickyExplanation } from './control/explain/sticky.ts';
export type { Gateway, GatewayState, StopResult } from './control/gateway.ts';
export type {
  FilesEvent,
  GatewayEvents,
  ListenerFailure,
  ListeningEvent,
  ReloadEvent,
} from './control/gateway-events.ts';
export type { GatewayOptions } from './control/gateway-options.ts';
export type { CircuitEvent } from './control/health/circuits.ts';
export type { DrainedEvent, DrainResult, DrainStatus } from './control/health/drains.ts';
export type { FallBackEvent } from './control/health/fall-back-watch.ts';
export type { HealthEntry } from './control/health/health-history.ts';
export type {
  AdminEvent,
  ServerHandle,
  ServerSession,
  ServerSessions,
  SetEvent,
} from './control/health/server-handle.ts';
export type { ServerEvent } from './control/health/server-states.ts';
export type { NewServer } from './control/members/added-servers.ts';
export type { DiscoveryEvent, DiscoveryStats } from './control/members/discovery-source.ts';
export type { NameResolver, Resolution } from './control/members/name-resolver.ts';
export { PluginHost, type PluginRequest, type PluginSet } from './control/plugins/plugin-host.ts';
export { maskedSecret } from './control/plugins/secrets.ts';
export type { KeptSocket, SocketKeeper, SocketToKeep, WantedSocket } from './control/reload/socket-keeper.ts';
export { CORE_ERRORS, type CoreErrorCode, GatewayError } from './control/report/errors.ts';
export { type Logger, programLog } from './control/report/log.ts';
export type { ListChange, ListChanged, ListPage, ListPageOptions } from './control/rules/list-entries.ts';
export type { ListEvent } from './control/rules/list-watcher.ts';
export {
  type Explaining,
  expectationText,
  type Failure,
  judge,
  rulesOf,
  type TestResult,
} from './control/rules/rule-tests.ts';
export type { Rules } from './control/rules/rules.ts';
export type { ThreadEvent } from './control/runtime/runtime-events.ts';
export type { StickyStats } from './control/slots/stick-tables.ts';
export { BatchPool } from './control/threads/batch-pool.ts';
export type { PlaneError } from './control/threads/planes.ts';
export type { ThreadLoss } from './control/threads/thread-pool.ts';
export type { LimitedClient } from './control/watch/limit-reader.ts';
export type { LiveSession, OpenSessionList, SessionWish } from './control/watch/live-sessions.ts';
export type { RuleKind, RuleStats } from './control/watch/rule-reader.ts';
export type {
  BackendStats,
  FirstByteStats,
  GatewayStats,
  LatencyStats,
  ListenerStats,
  ServerStats,
  ThreadStats,
} from './control/watch/stats.ts';
export { createGateway } from './create-gateway.ts';
export * from './plugin/index.ts';
export type { HeadRead, HeadRefusal, ReadHead } from './shared/judgement/head-reader.ts';
export type { FailedRequest, FailureKind } from './shared/orders/failed-request.ts';
export type { CircuitState } from './shared/tables/circuit-table.ts';
export { LATENESS_EDGES_MS } from './shared/tables/heartbeats.ts';
