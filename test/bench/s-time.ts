/**
 * STime runs `openssl s_time`, several at once, as each has one connection at a time: a TLS handshake and a request for
 * each. Benchmark code.
 */
import type { Load, LoadReport } from './load.ts';
import { LOAD_CORE, pinned } from './pinned.ts';

/** runSTime makes new sessions, or resumes one each time, for some seconds. */
export async function runSTime(load: Load, isResumed: boolean): Promise<LoadReport> {
  const { host, pathname } = new URL(load.url);
  const mode = isResumed ? '-reuse' : '-new';
  const args = ['s_time', '-connect', host, '-www', pathname, mode, '-time', String(load.seconds)];
  const began = performance.now();
  const programs = Array.from({ length: load.connections }, () => pinned(LOAD_CORE, 'openssl', args));
  const exits = await Promise.all(programs.map(({ exited }) => exited));
  const seconds = (performance.now() - began) / 1000;
  const failed = exits.findIndex(({ code }) => code !== 0);
  if (failed !== -1) throw new Error(`openssl s_time ended with ${exits[failed]!.code}: ${programs[failed]!.output}`);
  const reports = programs.map(({ output }) => readSTimeReport(output));
  const requests = reports.reduce((sum, report) => sum + report.connections, 0);
  const asked = reports.reduce(
    (sum, { resumed, connections }) => sum + (isResumed ? resumed : connections - resumed),
    0,
  );
  return { requests, seconds, p50Ms: Number.NaN, p99Ms: Number.NaN, errors: requests - asked };
}

export interface STimeReport {
  readonly connections: number;
  /** Those of them whose session was resumed. */
  readonly resumed: number;
}

/** readSTimeReport understands what `openssl s_time` prints: a mark for each connection, `r` for one that was resumed. */
export function readSTimeReport(text: string): STimeReport {
  const total = /(\d+) connections in \d+ real seconds/.exec(text);
  const marks = /^([*rtT+u]+)/m.exec(text.slice(text.indexOf('starting') + 'starting'.length));
  if (total === null) throw new Error(`not a report of openssl s_time: ${text}`);
  return { connections: Number(total[1]), resumed: (marks?.[1]?.match(/r/g) ?? []).length };
}
