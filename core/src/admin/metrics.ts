/**
 * Metrics: the gateway's counters in the text format of Prometheus. Main thread.
 *
 * Nothing is counted here: each scrape reads what the data planes have counted in shared memory. Counters keep their values
 * over reloads and lost threads. A counter's name is made of its name in `stats`: `connectFailures` of a server becomes
 * `sluice_server_connect_failures_total`.
 */
import { type Metric, type MetricObjectWithValues, type MetricValueWithName, Registry } from 'prom-client';
import type { Gateway } from '../control/gateway.ts';
import type { GatewayStats, LatencyStats } from '../control/watch/stats.ts';
import { ADMIN_STATES, SERVER_STATES } from '../shared/tables/server-table.ts';

type Labels = Readonly<Record<string, string>>;
type Values = MetricValueWithName<string>[];
type MetricType = 'counter' | 'gauge' | 'histogram';

/** metricsText is one scrape. */
export async function metricsText(gateway: Gateway): Promise<string> {
  const registry = new Registry();
  const families = new Families();
  collect(families, gateway.stats(), gateway);
  for (const family of families.all()) registry.registerMetric(family);
  return registry.metrics();
}

/** Families are metrics by name, in the order in which they were first named. */
class Families {
  readonly #families = new Map<string, { help: string; type: MetricType; values: Values }>();

  add(type: MetricType, name: string, help: string, value: number, labels: Labels = {}, metricName = name): void {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { help, type, values: [] };
      this.#families.set(name, family);
    }
    family.values.push({ value, labels, metricName });
  }

  /** The library asks a metric for its values; these have them already. */
  all(): readonly Metric[] {
    return [...this.#families].map(([name, { help, type, values }]) => {
      const found = { name, help, type, values, aggregator: 'sum' } as unknown as MetricObjectWithValues<
        MetricValueWithName<string>
      >;
      return { name, get: async () => found } as unknown as Metric;
    });
  }
}

function collect(families: Families, stats: GatewayStats, gateway: Gateway): void {
  families.add('gauge', 'sluice_generation', 'The generation of rules in force', stats.generation);
  families.add('gauge', 'sluice_uptime_seconds', 'Since the gateway was started', gateway.uptimeMs / 1000);
  families.add('gauge', 'sluice_stick_entries', 'Entries of the stick table', stats.sticks);
  for (const { thread, state, replaced, beats } of stats.threads) {
    const labels = { thread: String(thread) };
    families.add('gauge', 'sluice_thread_up', 'Whether the data thread serves', state === 'serving' ? 1 : 0, labels);
    families.add('counter', 'sluice_thread_replaced_total', 'How often the data thread was replaced', replaced, labels);
    families.add('counter', 'sluice_thread_beats_total', 'Turns of the data thread’s heartbeat', beats, labels);
  }
  for (const { name, openConnections, counters } of stats.listeners) {
    const labels = { listener: name };
    families.add('gauge', 'sluice_listener_connections_open', 'Client connections now', openConnections, labels);
    addCounters(families, 'listener', counters, labels);
  }
  addCertificates(families, gateway);
  for (const backend of stats.backends) {
    addCounters(families, 'backend', backend.counters, { backend: backend.name });
    addLatency(families, backend.latency, { backend: backend.name });
    for (const { name, state, admin, weight, max, open, ejections, counters } of backend.servers) {
      const labels = { backend: backend.name, server: name };
      for (const each of SERVER_STATES) {
        const help = 'The server’s state, as checks find it';
        families.add('gauge', 'sluice_server_state', help, each === state ? 1 : 0, { ...labels, state: each });
      }
      for (const each of ADMIN_STATES) {
        const help = 'The server’s admin state, as people set it';
        families.add('gauge', 'sluice_server_admin_state', help, each === admin ? 1 : 0, { ...labels, state: each });
      }
      families.add('gauge', 'sluice_server_weight', 'The server’s weight', weight, labels);
      families.add('gauge', 'sluice_server_max', 'Most requests at once; 0: no limit', max, labels);
      families.add('gauge', 'sluice_server_open', 'Requests and tunnels now', open, labels);
      families.add('counter', 'sluice_server_ejections_total', 'How often the server was ejected', ejections, labels);
      addCounters(families, 'server', counters, labels);
    }
  }
}

function addCertificates(families: Families, gateway: Gateway): void {
  for (const { source, names, expiresMs, nextMs, state, failures, obtained, failed } of gateway.certificates()) {
    const labels = { source, names: names.join(' ') };
    const add = (type: MetricType, name: string, help: string, value: number): void =>
      families.add(type, `sluice_certificate_${name}`, help, value, labels);
    add('gauge', 'valid', 'Whether there is a certificate that is good now', state === 'valid' ? 1 : 0);
    add('gauge', 'expires_seconds', 'When it ends, in seconds since 1970; 0: there is none', (expiresMs ?? 0) / 1000);
    add(
      'gauge',
      'failures',
      'Attempts to renew it, or to take new files, that failed since the last one that did not',
      failures,
    );
    add('counter', 'failed_total', 'Attempts that failed', failed);
    if (source === 'file') continue;
    add('gauge', 'next_seconds', 'When it is tried for next; 0: an attempt is under way', (nextMs ?? 0) / 1000);
    add('counter', 'obtained_total', 'Certificates that came', obtained);
  }
}

/** addCounters makes one family of all answers, with their class as a label, and one of each other counter. */
function addCounters(
  families: Families,
  kind: string,
  counters: Readonly<Record<string, number>>,
  labels: Labels,
): void {
  for (const [name, value] of Object.entries(counters)) {
    const [, digit] = /^answers(\d)xx$/.exec(name) ?? [];
    if (digit !== undefined) {
      const help = `Answers of the ${kind}, by class of their status`;
      families.add('counter', `sluice_${kind}_answers_total`, help, value, { ...labels, class: `${digit}xx` });
      continue;
    }
    const words = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    families.add('counter', `sluice_${kind}_${words}_total`, `${kind} ${words.replaceAll('_', ' ')}`, value, labels);
  }
}

function addLatency(families: Families, latency: LatencyStats, labels: Labels): void {
  const name = 'sluice_backend_latency_seconds';
  const help = 'From a request’s head to the end of its answer; the sum is right to an eighth';
  for (const { underMicros, count } of latency.under) {
    families.add('histogram', name, help, count, { ...labels, le: String(underMicros / 1e6) }, `${name}_bucket`);
  }
  families.add('histogram', name, help, latency.count, { ...labels, le: '+Inf' }, `${name}_bucket`);
  families.add('histogram', name, help, latency.sumMicros / 1e6, labels, `${name}_sum`);
  families.add('histogram', name, help, latency.count, labels, `${name}_count`);
}
