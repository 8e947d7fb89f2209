/**
 * History: what happened in the last ten minutes, for the whole gateway, each listener and each backend. Browser.
 *
 * The API's counters only grow; a rate is the difference of two samples over the time between them. A counter that fell, as after a
 * reload that replaced what it counts, leaves a gap.
 */
import type { Stats } from '../connection/feed.ts';
import { quantileBetween } from './latency.ts';

const KEEP_MS = 600_000;

/** ALL is the scope of the whole gateway. Others are `listener NAME` and `backend NAME`. */
export const ALL = 'all';

interface Counts {
  readonly requests: number;
  readonly clientErrors: number;
  readonly serverErrors: number;
  /** How many answers took less than each time of the API's; null: not counted for this scope. */
  readonly under: readonly number[] | null;
  readonly answers: number;
}

interface Sample {
  readonly atMs: number;
  readonly scopes: ReadonlyMap<string, Counts>;
  /** Requests and failures of each server. */
  readonly servers: ReadonlyMap<string, readonly [requests: number, failures: number]>;
}

/** Point is what happened in the time up to `atMs`, per second. null: not known. */
export interface Point {
  readonly atMs: number;
  readonly requests: number | null;
  readonly clientErrors: number | null;
  readonly serverErrors: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface ServerRate {
  readonly requests: number;
  readonly failures: number;
}

export class History {
  #samples: Sample[] = [];
  #edges: readonly number[] = [];

  add(atMs: number, stats: Stats): void {
    this.#edges = stats.backends[0]?.latency.under.map(({ underMicros }) => underMicros) ?? this.#edges;
    this.#samples.push(sampleOf(atMs, stats));
    const first = this.#samples.findIndex((sample) => sample.atMs >= atMs - KEEP_MS);
    if (first > 0) this.#samples.splice(0, first);
  }

  clear(): void {
    this.#samples = [];
  }

  /** points are oldest first. */
  points(scope: string): readonly Point[] {
    const points: Point[] = [];
    for (let index = 1; index < this.#samples.length; index++) {
      const [before, now] = [this.#samples[index - 1]!, this.#samples[index]!];
      const [from, to] = [before.scopes.get(scope), now.scopes.get(scope)];
      points.push(pointOf(now.atMs, now.atMs - before.atMs, from, to, this.#edges));
    }
    return points;
  }

  /** serverRate is of the last two samples, per second; null: not known yet. */
  serverRate(path: string): ServerRate | null {
    const [before, now] = this.#samples.slice(-2);
    const [from, to] = [before?.servers.get(path), now?.servers.get(path)];
    if (from === undefined || to === undefined || to[0] < from[0]) return null;
    const seconds = (now!.atMs - before!.atMs) / 1000;
    return { requests: (to[0] - from[0]) / seconds, failures: (to[1] - from[1]) / seconds };
  }
}

function pointOf(
  atMs: number,
  tookMs: number,
  from: Counts | undefined,
  to: Counts | undefined,
  edges: readonly number[],
): Point {
  const isKnown = from !== undefined && to !== undefined && tookMs > 0 && to.requests >= from.requests;
  if (!isKnown) return { atMs, requests: null, clientErrors: null, serverErrors: null, p50Ms: null, p99Ms: null };
  const rate = (key: 'requests' | 'clientErrors' | 'serverErrors'): number =>
    Math.max(0, ((to[key] - from[key]) * 1000) / tookMs);
  const latency = (share: number): number | null =>
    from.under === null || to.under === null
      ? null
      : quantileBetween(edges, from.under, to.under, to.answers - from.answers, share);
  return {
    atMs,
    requests: rate('requests'),
    clientErrors: rate('clientErrors'),
    serverErrors: rate('serverErrors'),
    p50Ms: latency(0.5),
    p99Ms: latency(0.99),
  };
}

function sampleOf(atMs: number, { listeners, backends }: Stats): Sample {
  const scopes = new Map<string, Counts>();
  const servers = new Map<string, readonly [number, number]>();
  for (const { name, counters } of listeners) {
    const { requests, answers4xx: clientErrors, answers5xx: serverErrors } = counters;
    scopes.set(`listener ${name}`, { requests, clientErrors, serverErrors, under: null, answers: 0 });
  }
  for (const { name, latency, servers: members } of backends) {
    let [requests, serverErrors] = [0, 0];
    for (const { name: server, counters } of members) {
      const failures = counters.answers5xx + counters.connectFailures + counters.badAnswers + counters.timeouts;
      servers.set(`${name}/${server}`, [counters.requests, failures]);
      requests += counters.requests;
      serverErrors += failures;
    }
    const under = latency.under.map(({ count }) => count);
    scopes.set(`backend ${name}`, { requests, clientErrors: 0, serverErrors, under, answers: latency.count });
  }
  scopes.set(ALL, sumOf(scopes));
  return { atMs, scopes, servers };
}

/** Requests and errors as clients saw them, and times as backends took them. */
function sumOf(scopes: ReadonlyMap<string, Counts>): Counts {
  const sum = { requests: 0, clientErrors: 0, serverErrors: 0, under: null as number[] | null, answers: 0 };
  for (const { requests, clientErrors, serverErrors, under, answers } of scopes.values()) {
    if (under === null) {
      sum.requests += requests;
      sum.clientErrors += clientErrors;
      sum.serverErrors += serverErrors;
    } else {
      sum.under = under.map((count, index) => count + (sum.under?.[index] ?? 0));
      sum.answers += answers;
    }
  }
  return sum;
}
