/**
 * @sluice/plugin-kit: everything to test a plugin with. `tryPlugin` runs rules that use it behind a gateway of their own; the
 * other trials run one part of it without a gateway; fakes stand in for what the gateway gives a plugin.
 *
 * Certificates for tests are in `@sluice/plugin-kit/tls`.
 */
export { FakeCertificateHost } from './fakes/fake-certificate-host.ts';
export { FakeClock, settle } from './fakes/fake-clock.ts';
export { FakeEditor } from './fakes/fake-editor.ts';
export { type FakeRequest, fakeFacts } from './fakes/fake-facts.ts';
export { fakeLinker } from './fakes/fake-linker.ts';
export { FakeLog, type FakeLogLine } from './fakes/fake-log.ts';
export { FakePool } from './fakes/fake-pool.ts';
export { FakeServer, type ReceivedRequest } from './fakes/fake-server.ts';
export { FakeStickTable, fakeStickHost } from './fakes/fake-sticks.ts';
export { seededRandom } from './fakes/seeded-random.ts';
export { eventually } from './gateway/eventually.ts';
export { freePort } from './gateway/free-port.ts';
export type { GatewayLogLine } from './gateway/gateway-log.ts';
export { type PluginTrial, type TrialOptions, tryPlugin } from './gateway/plugin-trial.ts';
export type { RequestOptions, TrialResponse } from './gateway/request.ts';
export { type RulesProblem, rulesProblems } from './gateway/rules-problems.ts';
export type { RulesSketch } from './gateway/sketched-rules.ts';
export { type CheckOptions, tryCheck } from './trials/try-check.ts';
export { type DiscoveryTrial, tryDiscovery } from './trials/try-discovery.ts';
export { tryField } from './trials/try-field.ts';
export { type ServedResponse, type ServiceTrial, tryService } from './trials/try-service.ts';
export { type StickinessTrial, tryStickiness } from './trials/try-stickiness.ts';
export { type StrategyOptions, type StrategyTrial, tryStrategy } from './trials/try-strategy.ts';
export { tryVerb, type VerbOptions, type VerbTrial } from './trials/try-verb.ts';
