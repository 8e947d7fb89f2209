/**
 * Rates: what a gateway did between two looks at its counters. Main thread.
 *
 * Counters begin again at 0 when a gateway restarts or a server is replaced: what has become less is counted from 0.
 */
import type { AnswerOf } from '@sluice/core/admin';

export type Stats = AnswerOf<'getStats'>;
type Listener = Stats['listeners'][number];
type Backend = Stats['backends'][number];
type Server = Backend['servers'][number];

/** Sample is one look. */
export interface Sample {
  /** Any monotonic clock. */
  readonly atMs: number;
  readonly stats: Stats;
}

/** Rates are per second; times are in µs, null where nothing was answered between the looks. */
export interface Rates {
  readonly seconds: number;
  readonly listeners: readonly ListenerRates[];
  readonly backends: readonly BackendRates[];
  readonly servers: readonly ServerRates[];
}

export interface ListenerRates {
  readonly name: string;
  readonly open: number;
  readonly requests: number;
  readonly clientErrors: number;
  readonly serverErrors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface BackendRates {
  readonly name: string;
  readonly up: number;
  readonly servers: number;
  readonly open: number;
  readonly waiting: number;
  readonly requests: number;
  readonly errors: number;
  readonly p50Micros: number | null;
  readonly p99Micros: number | null;
  /** What is unusual about it: its circuit, or where its requests go instead; empty: nothing. */
  readonly note: string;
}

export interface ServerRates {
  /** As `backend/server`. */
  readonly name: string;
  readonly state: string;
  readonly admin: string;
  readonly open: number;
  readonly waiting: number;
  readonly requests: number;
  readonly errors: number;
  readonly p50Micros: number | null;
  readonly p99Micros: number | null;
}

/** ratesBetween compares two looks, the earlier one first. */
export function ratesBetween(before: Sample, after: Sample): Rates {
  const seconds = Math.max(0.001, (after.atMs - before.atMs) / 1000);
  const listeners = byName(before.stats.listeners);
  const backends = byName(before.stats.backends);
  const each = after.stats.backends.map((backend) => {
    const known = backends.get(backend.name);
    const servers = byName(known?.servers ?? []);
    return {
      backend,
      known,
      servers: backend.servers.map((server) => serverRates(server, servers.get(server.name), seconds)),
    };
  });
  return {
    seconds,
    listeners: after.stats.listeners.map((listener) => listenerRates(listener, listeners.get(listener.name), seconds)),
    backends: each.map(({ backend, known, servers }) => backendRates(backend, known, servers)),
    servers: each.flatMap(({ servers }) => servers),
  };
}

function byName<T extends { readonly name: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((one) => [one.name, one]));
}

/** growth is what was added to a counter. */
function growth(now: number, before: number | undefined): number {
  return before === undefined || now < before ? now : now - before;
}

function listenerRates({ name, openConnections, counters }: Listener, before: Listener | undefined, seconds: number) {
  const rate = (counter: keyof Listener['counters']): number =>
    growth(counters[counter], before?.counters[counter]) / seconds;
  return {
    name,
    open: openConnections,
    requests: rate('requests'),
    clientErrors: rate('answers4xx'),
    serverErrors: rate('answers5xx'),
    bytesIn: rate('bytesIn'),
    bytesOut: rate('bytesOut'),
  };
}

function backendRates(backend: Backend, before: Backend | undefined, servers: readonly ServerRates[]): BackendRates {
  const { name, circuit, fallsBackTo, open, waiting, latency } = backend;
  const isUp = ({ state, admin }: Server): boolean => state === 'running' && admin === 'ready';
  const sum = (key: 'requests' | 'errors'): number => servers.reduce((all, server) => all + server[key], 0);
  const notes = [
    ...(circuit === null || circuit === 'closed' ? [] : [`circuit ${circuit}`]),
    ...(fallsBackTo === null ? [] : [`falls back to ${fallsBackTo}`]),
  ];
  return {
    ...{ name, open, waiting, note: notes.join(', ') },
    up: backend.servers.filter(isUp).length,
    servers: backend.servers.length,
    requests: sum('requests'),
    errors: sum('errors'),
    ...quantiles(latency, before?.latency),
  };
}

const ERRORS = ['answers5xx', 'connectFailures', 'badAnswers', 'timeouts'] as const;

function serverRates(server: Server, before: Server | undefined, seconds: number): ServerRates {
  const { backend, name, state, admin, open, waiting, counters, firstByte } = server;
  const rate = (counter: keyof Server['counters']): number =>
    growth(counters[counter], before?.counters[counter]) / seconds;
  return {
    ...{ name: `${backend}/${name}`, state, admin, open, waiting, requests: rate('requests') },
    errors: ERRORS.reduce((all, counter) => all + rate(counter), 0),
    ...quantiles(firstByte, before?.firstByte),
  };
}

/** Histogram is answers by how long they took, as the API has them: each count holds those before it. */
interface Histogram {
  readonly count: number;
  readonly under: readonly { readonly underMicros: number; readonly count: number }[];
}

function quantiles(now: Histogram, before: Histogram | undefined) {
  return { p50Micros: quantile(0.5, now, before), p99Micros: quantile(0.99, now, before) };
}

/** quantile is the time that a share of the answers between two looks did not exceed; null: there were none. */
export function quantile(share: number, now: Histogram, before: Histogram | undefined): number | null {
  const known = before === undefined || now.count < before.count ? undefined : before;
  const total = now.count - (known?.count ?? 0);
  if (total === 0) return null;
  const rank = Math.max(1, Math.ceil(share * total));
  let below = 0;
  let from = 0;
  for (const [index, { underMicros, count }] of now.under.entries()) {
    const here = count - (known?.under[index]?.count ?? 0);
    if (here >= rank) return from + (underMicros - from) * ((rank - below) / (here - below));
    below = here;
    from = underMicros;
  }
  return from;
}
