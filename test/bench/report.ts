/**
 * Report turns rounds into medians, and medians into tables. Benchmark code.
 */
import { cpus } from 'node:os';

/** A machine is quiet while others use no more of the proxy's core than this. */
export const QUIET_SHARE = 0.05;

/** Round is one measurement of one peer. */
export interface Round {
  readonly requestsPerSecond: number;
  readonly cpuMicros: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of its core that the proxy used, 0 to 1: well below 1 means that the load was the limit. */
  readonly coreShare: number;
  /** Share of that core that other programs used: the machine was not quiet. */
  readonly foreignShare: number;
  readonly errors: number;
}

export interface PeerResult {
  readonly peer: string;
  readonly rounds: readonly Round[];
  readonly peakBytes: number;
}

export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly bodyBytes: number;
  /** The peer that ratios are to. */
  readonly reference: string;
  readonly peers: readonly PeerResult[];
}

export interface IdleResult {
  readonly peer: string;
  readonly bytesPerClient: number;
}

export interface BenchResult {
  readonly date: string;
  readonly machine: string;
  readonly command: string;
  readonly versions: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly cases: readonly CaseResult[];
  readonly idle: { readonly clients: number; readonly peers: readonly IdleResult[] } | null;
}

export function machine(): string {
  return `${cpus().length} cores of ${cpus()[0]?.model.trim()}, Linux, loopback`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const medianOf = (result: PeerResult, field: keyof Round) => median(result.rounds.map((round) => round[field]));

/** ratio is the median of the rounds' own ratios: both sides of each were measured within seconds of each other. */
function ratio(peer: PeerResult, reference: PeerResult): number {
  const pairs = peer.rounds.map((round, at) => round.requestsPerSecond / reference.rounds[at]!.requestsPerSecond);
  return median(pairs);
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US');

/** milliseconds leaves the place empty where the load generator does not say. */
const milliseconds = (value: number) => (Number.isNaN(value) ? '' : value.toFixed(2));

/** caseTable is one case as a markdown table, fastest first. */
export function caseTable(result: CaseResult): string {
  const reference = result.peers.find(({ peer }) => peer === result.reference);
  const hasBytes = result.bodyBytes > 0;
  const titles = ['', 'req/s', `÷ ${result.reference}`, ...(hasBytes ? ['Gbit/s'] : [])];
  titles.push('CPU µs/req', 'p50 ms', 'p99 ms', 'core used', 'peak MiB', 'errors');
  const sorted = [...result.peers].sort(
    (one, other) => medianOf(other, 'requestsPerSecond') - medianOf(one, 'requestsPerSecond'),
  );
  const rows = sorted.map((peer) => {
    const rate = medianOf(peer, 'requestsPerSecond');
    const cells = [peer.peer, whole(rate), reference ? ratio(peer, reference).toFixed(2) : ''];
    if (hasBytes) cells.push(((rate * result.bodyBytes * 8) / 1e9).toFixed(2));
    cells.push(
      medianOf(peer, 'cpuMicros').toFixed(1),
      milliseconds(medianOf(peer, 'p50Ms')),
      milliseconds(medianOf(peer, 'p99Ms')),
      `${Math.round(medianOf(peer, 'coreShare') * 100)} %`,
      (peer.peakBytes / 1_048_576).toFixed(0),
      String(peer.rounds.reduce((sum, round) => sum + round.errors, 0)),
    );
    return cells;
  });
  const foreign = Math.max(...result.peers.map((peer) => medianOf(peer, 'foreignShare')));
  const note =
    foreign > QUIET_SHARE
      ? `\n\nNot a quiet machine: others used up to ${Math.round(foreign * 100)} % of the proxy's core.`
      : '';
  return table(titles, rows) + note;
}

/** Comparison is how one peer did against another in a case. Ratios are medians of the rounds' own; above 1 the first is better. */
export interface Comparison {
  readonly name: string;
  readonly requestsPerSecond: { readonly first: number; readonly second: number };
  readonly cpuMicros: { readonly first: number; readonly second: number };
  readonly rateRatio: number;
  readonly cpuRatio: number;
  /** The rounds' own ratios of requests per second: the least and the most. */
  readonly rateRange: readonly [least: number, most: number];
  readonly errors: number;
  readonly foreignShare: number;
}

/** comparison holds two peers of a case against each other. Throws an Error where one of them was not measured. */
export function comparison({ name, peers }: CaseResult, first: string, second: string): Comparison {
  const [one, other] = [first, second].map((wanted) => peers.find(({ peer }) => peer === wanted));
  if (one === undefined || other === undefined) throw new Error(`${name} was not measured for both`);
  const both = (field: keyof Round) => ({ first: medianOf(one, field), second: medianOf(other, field) });
  const rates = one.rounds.map((round, at) => round.requestsPerSecond / other.rounds[at]!.requestsPerSecond);
  const costs = one.rounds.map((round, at) => other.rounds[at]!.cpuMicros / round.cpuMicros);
  return {
    name,
    requestsPerSecond: both('requestsPerSecond'),
    cpuMicros: both('cpuMicros'),
    rateRatio: median(rates),
    cpuRatio: median(costs),
    rateRange: [Math.min(...rates), Math.max(...rates)],
    errors: [...one.rounds, ...other.rounds].reduce((sum, round) => sum + round.errors, 0),
    foreignShare: Math.max(medianOf(one, 'foreignShare'), medianOf(other, 'foreignShare')),
  };
}

/** comparisonTable has a line for each case. */
export function comparisonTable(compared: readonly Comparison[]): string {
  const titles = ['', 'req/s', 'before', 'ratio', 'from', 'to', 'CPU µs/req', 'before', 'ratio', 'errors', 'foreign'];
  const rows = compared.map(({ name, requestsPerSecond, cpuMicros, rateRatio, cpuRatio, rateRange, ...rest }) => [
    name,
    whole(requestsPerSecond.first),
    whole(requestsPerSecond.second),
    rateRatio.toFixed(3),
    ...rateRange.map((value) => value.toFixed(3)),
    cpuMicros.first.toFixed(1),
    cpuMicros.second.toFixed(1),
    cpuRatio.toFixed(3),
    String(rest.errors),
    `${Math.round(rest.foreignShare * 100)} %`,
  ]);
  return table(titles, rows);
}

export function idleTable(peers: readonly IdleResult[]): string {
  const sorted = [...peers].sort((one, other) => one.bytesPerClient - other.bytesPerClient);
  const rows = sorted.map(({ peer, bytesPerClient }) => [peer, whole(bytesPerClient)]);
  return table(['', 'bytes per idle client'], rows);
}

/** markdown is the whole run as it stands in docs/performance.md. */
export function markdown(result: BenchResult): string {
  const parts = [
    `${result.date.slice(0, 10)}, ${result.machine}: medians of ${result.rounds} rounds of ${result.seconds} s.`,
    `${result.versions.join('; ')}.`,
    `\`${result.command}\``,
  ];
  for (const one of result.cases) parts.push(`### ${one.title} (\`${one.name}\`)`, caseTable(one));
  if (result.idle) {
    parts.push(`### ${whole(result.idle.clients)} idle keep-alive clients (\`idle\`)`, idleTable(result.idle.peers));
  }
  return `${parts.join('\n\n')}\n`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length), 3));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(titles), rule, ...rows.map(line)].join('\n');
}
