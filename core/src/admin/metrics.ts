/**
 * Metrics: the gateway's counters and states in the text format of Prometheus. Main thread.
 *
 * Nothing of the traffic is counted here: each scrape reads what the data planes have counted in shared memory. Counters keep their values
 * over reloads and lost threads. Only what passes as events (reloads, lists) is remembered.
 */
import { createHash } from 'node:crypto';
import type { Plan } from '@sluice/dsl/plan';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { AccessLogStats } from '../control/access-log/access-logs.ts';
import type { Gateway } from '../control/gateway.ts';
import type { ReloadEvent } from '../control/gateway-events.ts';
import type { ListEvent } from '../control/rules/list-watcher.ts';
import type { RuleStats } from '../control/watch/rule-reader.ts';
import type {
  BackendStats,
  FirstByteStats,
  LatencyStats,
  ListenerStats,
  ServerStats,
  ThreadStats,
} from '../control/watch/stats.ts';
import { CIRCUIT_STATES } from '../shared/tables/circuit-table.ts';
import { LATENESS_EDGES_MS } from '../shared/tables/heartbeats.ts';
import { ADMIN_STATES, SERVER_STATES } from '../shared/tables/server-table.ts';
import { Families, type Labels, type MetricType } from './metric-families.ts';
import { BACKEND_METRICS, LISTENER_METRICS, SERVER_METRICS } from './metric-names.ts';
import { VERSION } from './version.ts';

const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Of this process, once: all gateways in it share it. */
let processMetrics: Registry | null = null;

/** Metrics are those of one gateway, from the time on when its admin API was opened. */
export class Metrics {
  readonly #gateway: Gateway;
  #reloads = 0;
  #failedReloads = 0;
  #isReloadOk = true;
  #loadedMs = Date.now();
  /** By kind and name: when a list was last taken, and what has failed. */
  readonly #lists = new Map<string, { isOk: boolean; failures: number; takenMs: number }>();
  #hash: { readonly plan: Plan; readonly text: string } | null = null;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    gateway.on('reload', this.#onReload);
    gateway.on('list', this.#onList);
  }

  readonly #onReload = ({ isOk }: ReloadEvent): void => {
    this.#reloads++;
    this.#isReloadOk = isOk;
    if (isOk) this.#loadedMs = Date.now();
    else this.#failedReloads++;
  };

  readonly #onList = ({ kind, name, isOk }: ListEvent): void => {
    const list = this.#listOf(`${kind} ${name}`);
    list.isOk = isOk;
    if (isOk) list.takenMs = Date.now();
    else list.failures++;
  };

  close(): void {
    this.#gateway.off('reload', this.#onReload);
    this.#gateway.off('list', this.#onList);
  }

  /** text is one scrape. */
  async text(): Promise<string> {
    if (processMetrics === null) {
      processMetrics = new Registry();
      collectDefaultMetrics({ register: processMetrics });
      // Gauges that the library calls totals, which Prometheus' own check objects to.
      for (const name of MISNAMED) processMetrics.removeSingleMetric(name);
    }
    const registry = new Registry();
    const families = new Families();
    this.#collect(families);
    for (const family of families.all()) registry.registerMetric(family);
    return `${await registry.metrics()}\n${await processMetrics.metrics()}`;
  }

  #collect(families: Families): void {
    const gateway = this.#gateway;
    const stats = gateway.stats();
    const node = process.versions.node;
    families.add('gauge', 'sluice_build_info', 'Always 1; the version is in the labels', 1, { version: VERSION, node });
    families.add('gauge', 'sluice_generation', 'Number of the active generation of the rules', stats.generation);
    families.add('gauge', 'sluice_uptime_seconds', 'Time since the gateway was started', gateway.uptimeMs / 1000);
    families.add('gauge', 'sluice_stick_entries', 'Entries in the stick tables of all backends', stats.sticks);
    this.#addConfiguration(families);
    for (const accessLog of stats.accessLogs) addAccessLog(families, accessLog);
    for (const thread of stats.threads) addThread(families, thread);
    for (const listener of stats.listeners) addListener(families, listener);
    addRules(families, gateway.rules());
    addCertificates(families, gateway);
    for (const backend of stats.backends) addBackend(families, backend);
  }

  #addConfiguration(families: Families): void {
    const config = (type: MetricType, name: string, help: string, value: number, labels: Labels = {}): void =>
      families.add(type, `sluice_config_${name}`, help, value, labels);
    const { plan } = this.#gateway;
    config('gauge', 'info', 'Always 1; the hash of the active rules is in the label', 1, { hash: this.#hashOf(plan) });
    config('gauge', 'last_reload_successful', 'Whether the last reload succeeded', this.#isReloadOk ? 1 : 0);
    const help = 'When the active rules were loaded, in seconds since 1970';
    config('gauge', 'last_reload_success_timestamp_seconds', help, this.#loadedMs / 1000);
    config('counter', 'reloads_total', 'Reloads of the rules', this.#reloads);
    config('counter', 'reload_failures_total', 'Reloads that failed; the old rules stayed active', this.#failedReloads);
    const lists = [
      ...plan.lists.map(({ name, entries }) => ({ kind: 'list', name, entries })),
      ...plan.maps.map(({ name, entries }) => ({ kind: 'map', name, entries })),
    ];
    for (const { kind, name, entries } of lists) {
      const labels = { kind, name };
      const { isOk, failures, takenMs } = this.#listOf(`${kind} ${name}`);
      const add = (type: MetricType, own: string, text: string, value: number): void =>
        families.add(type, `sluice_list_${own}`, text, value, labels);
      add('gauge', 'entries', 'Entries of the list or map', entries.length);
      add('gauge', 'last_refresh_successful', 'Whether its file was last read without errors', isOk ? 1 : 0);
      add(
        'gauge',
        'last_refresh_success_timestamp_seconds',
        'When it was last read, in seconds since 1970',
        takenMs / 1000,
      );
      add('counter', 'refresh_failures_total', 'Changes of its file that were not accepted', failures);
    }
  }

  #listOf(key: string): { isOk: boolean; failures: number; takenMs: number } {
    let list = this.#lists.get(key);
    if (list === undefined) {
      list = { isOk: true, failures: 0, takenMs: this.#loadedMs };
      this.#lists.set(key, list);
    }
    return list;
  }

  /** The same rules have the same hash in every gateway. Secrets are in them by name only. */
  #hashOf(plan: Plan): string {
    if (this.#hash?.plan !== plan) {
      const text = createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 16);
      this.#hash = { plan, text };
    }
    return this.#hash.text;
  }
}

function addAccessLog(families: Families, { destination, lines, dropped }: AccessLogStats): void {
  const labels = { destination };
  const lost = 'Lines of the access log that were lost';
  families.add('counter', 'sluice_access_log_lines_total', 'Lines handed over to the access log', lines, labels);
  families.add('counter', 'sluice_access_log_dropped_lines_total', lost, dropped, labels);
}

function addThread(families: Families, { thread, state, replaced, beats, lateness }: ThreadStats): void {
  const labels = { thread: String(thread) };
  families.add('gauge', 'sluice_thread_up', 'Whether the data thread serves', state === 'serving' ? 1 : 0, labels);
  families.add(
    'counter',
    'sluice_thread_replaced_total',
    'How often the data thread was lost and replaced',
    replaced,
    labels,
  );
  const name = 'sluice_thread_loop_delay_seconds';
  const help =
    'How much later than planned the event loop turned, sampled ten times a second; the sum takes each sample for the upper edge of its bucket';
  let below = 0;
  let sumMs = 0;
  LATENESS_EDGES_MS.forEach((edge, at) => {
    below += lateness[at]!;
    sumMs += lateness[at]! * edge;
    families.add('histogram', name, help, below, { ...labels, le: String(edge / 1000) }, `${name}_bucket`);
  });
  sumMs += lateness.at(-1)! * LATENESS_EDGES_MS.at(-1)! * 2;
  families.add('histogram', name, help, beats, { ...labels, le: '+Inf' }, `${name}_bucket`);
  families.add('histogram', name, help, sumMs / 1000, labels, `${name}_sum`);
  families.add('histogram', name, help, beats, labels, `${name}_count`);
}

function addListener(families: Families, { name, openConnections, counters }: ListenerStats): void {
  const labels = { listener: name };
  families.add(
    'gauge',
    'sluice_listener_connections_open',
    'Client connections that are open',
    openConnections,
    labels,
  );
  addCounters(families, 'listener', counters, LISTENER_METRICS, labels);
}

function addBackend(families: Families, backend: BackendStats): void {
  const labels = { backend: backend.name };
  const add = (name: string, help: string, value: number, more: Labels = {}): void =>
    families.add('gauge', `sluice_backend_${name}`, help, value, { ...labels, ...more });
  add('open', 'Requests and tunnels that are open on its servers', backend.open);
  add('max', 'Maximum of open requests (`max` of the backend); 0: no limit', backend.max);
  add('waiting', 'Requests in the queue for a server with room', backend.waiting);
  const isUp = ({ state, admin }: ServerStats): boolean => state === 'running' && admin === 'ready';
  add('servers', 'Servers of the backend', backend.servers.length);
  add('servers_up', 'Servers that are up and not in drain or maintenance', backend.servers.filter(isUp).length);
  add('falls_back', 'Whether its requests go to the fallback backend', backend.fallsBackTo === null ? 0 : 1);
  if (backend.circuit !== null) {
    families.states(
      'sluice_backend_circuit_state',
      'State of the circuit breaker',
      CIRCUIT_STATES,
      backend.circuit,
      labels,
    );
  }
  addCounters(families, 'backend', backend.counters, BACKEND_METRICS, labels);
  addLatency(families, backend.latency, labels);
  for (const { source, isOk, servers, failures } of backend.discoveries) {
    const discovery = { ...labels, source };
    families.add('gauge', 'sluice_discovery_up', 'Whether the last query succeeded', isOk ? 1 : 0, discovery);
    families.add('gauge', 'sluice_discovery_servers', 'Servers that the source names', servers, discovery);
    families.add('counter', 'sluice_discovery_failures_total', 'Queries that failed', failures, discovery);
  }
  for (const server of backend.servers) addServer(families, server, backend.name);
}

function addServer(families: Families, server: ServerStats, backend: string): void {
  const labels = { backend, server: server.name };
  const add = (type: MetricType, name: string, help: string, value: number): void =>
    families.add(type, `sluice_server_${name}`, help, value, labels);
  families.states('sluice_server_state', 'State that health checks have found', SERVER_STATES, server.state, labels);
  families.states('sluice_server_admin_state', 'State set by operators', ADMIN_STATES, server.admin, labels);
  add('gauge', 'weight', 'Weight in load balancing', server.weight);
  add('gauge', 'max', 'Maximum of open requests; 0: no limit', server.max);
  add('gauge', 'open', 'Requests and tunnels that are open', server.open);
  add('gauge', 'waiting', 'Requests in the queue for this very server, as their clients stick to it', server.waiting);
  add('counter', 'ejections_total', 'How often the server was ejected for its failures', server.ejections);
  addCounters(families, 'server', server.counters, SERVER_METRICS, labels);
  addFirstByte(families, server.firstByte, labels);
}

/** addRules has one series for a place in a file: rules on one line, or of a file that is included twice, count together. */
function addRules(families: Families, rules: readonly RuleStats[]): void {
  const places = new Map<string, { labels: Labels; hits: number }>();
  for (const { listener, file, line, hits } of rules) {
    if (hits === null) continue;
    const rule = `${file}:${line}`;
    const key = `${listener} ${rule}`;
    const known = places.get(key);
    if (known === undefined) places.set(key, { labels: { listener, rule }, hits });
    else known.hits += hits;
  }
  const help = 'How often the conditions of the rules at this place were true when it was their turn';
  for (const { labels, hits } of places.values()) families.add('counter', 'sluice_rule_hits_total', help, hits, labels);
}

/** A server that never answered has no histogram: there may be thousands. */
function addFirstByte(families: Families, times: FirstByteStats, labels: Labels): void {
  if (times.count === 0) return;
  const name = 'sluice_server_first_byte_seconds';
  const help = 'Time from sending a request to the server, a new connection included, to the head of its response';
  for (const { underMicros, count } of times.under) {
    families.add('histogram', name, help, count, { ...labels, le: String(underMicros / 1e6) }, `${name}_bucket`);
  }
  families.add('histogram', name, help, times.count, { ...labels, le: '+Inf' }, `${name}_bucket`);
  families.add('histogram', name, help, times.sumMicros / 1e6, labels, `${name}_sum`);
  families.add('histogram', name, help, times.count, labels, `${name}_count`);
}

function addCertificates(families: Families, gateway: Gateway): void {
  for (const { source, names, expiresMs, nextMs, state, failures, obtained, failed } of gateway.certificates()) {
    const labels = { source, names: names.join(' ') };
    const add = (type: MetricType, name: string, help: string, value: number): void =>
      families.add(type, `sluice_certificate_${name}`, help, value, labels);
    add('gauge', 'valid', 'Whether there is a certificate that is valid now', state === 'valid' ? 1 : 0);
    const ends = 'When it expires, in seconds since 1970; 0: there is none';
    add('gauge', 'expiry_timestamp_seconds', ends, (expiresMs ?? 0) / 1000);
    add('gauge', 'failures', 'Failed attempts to renew it, or to load its files, since the last success', failures);
    add('counter', 'failed_total', 'Failed attempts to obtain it, or to load its files', failed);
    if (source === 'file') continue;
    const next = 'When it is requested next, in seconds since 1970; 0: a request is in progress';
    add('gauge', 'next_attempt_timestamp_seconds', next, (nextMs ?? 0) / 1000);
    add('counter', 'obtained_total', 'Certificates obtained', obtained);
  }
}

/** addCounters makes one family of all responses, with their class as a label, and one of each other counter. */
function addCounters<Counter extends string>(
  families: Families,
  kind: string,
  counters: Readonly<Record<Counter, number>>,
  metrics: Readonly<Partial<Record<Counter, { readonly name: string; readonly help: string }>>>,
  labels: Labels,
): void {
  for (const [counter, value] of Object.entries(counters) as [Counter, number][]) {
    const metric = metrics[counter];
    if (metric !== undefined) {
      families.add('counter', `sluice_${kind}_${metric.name}_total`, metric.help, value, labels);
      continue;
    }
    const help = `Responses of the ${kind}, by class of their status`;
    const statusClass = counter.replace('answers', '');
    families.add('counter', `sluice_${kind}_answers_total`, help, value, { ...labels, class: statusClass });
  }
}

function addLatency(families: Families, latency: LatencyStats, labels: Labels): void {
  const name = 'sluice_backend_latency_seconds';
  const help = 'Time from a request’s head to the end of its response; the sum is right to an eighth';
  for (const { underMicros, count } of latency.under) {
    families.add('histogram', name, help, count, { ...labels, le: String(underMicros / 1e6) }, `${name}_bucket`);
  }
  families.add('histogram', name, help, latency.count, { ...labels, le: '+Inf' }, `${name}_bucket`);
  families.add('histogram', name, help, latency.sumMicros / 1e6, labels, `${name}_sum`);
  families.add('histogram', name, help, latency.count, labels, `${name}_count`);
}
