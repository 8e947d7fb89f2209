/**
 * H2load runs nghttp2's load generator once and reads its report. Benchmark code.
 */

import type { Load, LoadReport } from './load.ts';
import { LOAD_CORE, pinned } from './pinned.ts';

/** Streams that each connection has open at once. */
const STREAMS = 100;

export async function runH2load(load: Load): Promise<LoadReport> {
  const headers = load.headers.flatMap((header) => ['-H', header]);
  const shape = ['-t1', `-c${load.connections}`, `-m${STREAMS}`, `-D${load.seconds}`];
  const program = pinned(LOAD_CORE, 'h2load', [...shape, ...headers, load.url]);
  const { code } = await program.exited;
  if (code !== 0) throw new Error(`h2load ended with ${code}: ${program.output}`);
  return readH2loadReport(program.output);
}

/** readH2loadReport understands what h2load prints. It has no percentiles, and counts among the
 * failed those that it calls errored. */
export function readH2loadReport(text: string): LoadReport {
  const finished = /finished in ([\d.]+)(us|ms|s|m), /.exec(text);
  const counts = /requests: \d+ total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed, /.exec(text);
  if (finished === null || counts === null) throw new Error(`not a report of h2load: ${text}`);
  const unit = { us: 1e-6, ms: 1e-3, s: 1, m: 60 }[finished[2] as 'us' | 'ms' | 's' | 'm'];
  return {
    requests: Number(counts[1]),
    seconds: Number(finished[1]) * unit,
    p50Ms: Number.NaN,
    p99Ms: Number.NaN,
    errors: Number(counts[2]),
  };
}
