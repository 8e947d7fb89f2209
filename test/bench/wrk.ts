/**
 * Wrk runs the load generator once and reads its report. Benchmark code.
 */
import type { Load, LoadReport } from './load.ts';
import { LOAD_CORE, pinned } from './pinned.ts';

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

export async function runWrk(load: Load): Promise<LoadReport> {
  const headers = load.headers.flatMap((header) => ['-H', header]);
  const shape = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`, '--timeout', '10s', '--latency'];
  const program = pinned(LOAD_CORE, 'wrk', [...shape, ...headers, load.url]);
  const { code } = await program.exited;
  if (code !== 0) throw new Error(`wrk ended with ${code}: ${program.output}`);
  return readReport(program.output);
}

/** readReport understands what `wrk --latency` prints. */
export function readReport(text: string): LoadReport {
  const total = /(\d+) requests in ([\d.]+)(us|ms|s|m)/.exec(text);
  if (total === null) throw new Error(`not a report of wrk: ${text}`);
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? [];
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? '0';
  return {
    requests: Number(total[1]),
    seconds: (Number(total[2]) * UNITS[total[3]!]!) / 1000,
    p50Ms: percentile(text, 50),
    p99Ms: percentile(text, 99),
    errors: [...broken, refused].reduce((sum, count) => sum + Number(count), 0),
  };
}

function percentile(text: string, percent: number): number {
  const match = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)`, 'm').exec(text);
  return match === null ? Number.NaN : Number(match[1]) * UNITS[match[2]!]!;
}
