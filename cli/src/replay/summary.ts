/**
 * Summary: what a log's requests come to under the new rules, counted and grouped. Plain data, so that threads can hand
 * theirs over. Its size depends on the rules, never on the log. Any thread.
 */
import type { NewVerdict, RuleName } from './judge.ts';
import type { LogLine } from './log-line.ts';

/**
 * Outcome of one line. `unknown`: it depends on what the log does not say. `unsaid`: the log does not say what happened, so
 * that there is nothing to compare with.
 */
export type Outcome = 'same' | 'changed' | 'unknown' | 'unsaid';

export interface Example {
  readonly line: number;
  /** `GET https://www.example.com/admin from 198.51.100.7` or `tcp to :5432 from 198.51.100.7`, as far as it is known. */
  readonly request: string;
}

export interface Group {
  readonly outcome: Outcome;
  /** The rule that decides now, or that cannot be decided; null: none does. */
  readonly rule: RuleName | null;
  /** What the log says: `app, 200`, `answer 403`; empty when it says nothing. */
  readonly was: string;
  /** `send to app`, `answer 404`, `depends on the host`. */
  readonly now: string;
  count: number;
  /** The first ones of the log. */
  examples: Example[];
}

export interface BadExample {
  readonly line: number;
  readonly reason: string;
  readonly text: string;
}

export interface Summary {
  lines: number;
  json: number;
  combined: number;
  same: number;
  changed: number;
  unknown: number;
  unsaid: number;
  /** Refused before any rule (status 400, no rule): nothing to replay. */
  refused: number;
  bad: number;
  badExamples: BadExample[];
  groups: Group[];
  /** Lines in groups of which there were too many. */
  ungrouped: number;
}

const EXAMPLES = 3;
const BAD_EXAMPLES = 5;
/** Most groups kept. */
const GROUP_LIMIT = 10_000;
const SHOWN_TEXT = 120;

/** emptySummary is that of no lines. */
export function emptySummary(): Summary {
  const counts = { lines: 0, json: 0, combined: 0, same: 0, changed: 0, unknown: 0, unsaid: 0, refused: 0, bad: 0 };
  return { ...counts, badExamples: [], groups: [], ungrouped: 0 };
}

export class SummaryBuilder {
  readonly summary = emptySummary();
  readonly #groups = new Map<string, Group>();

  addBad(line: number, text: string, reason: string): void {
    this.summary.lines++;
    this.summary.bad++;
    if (this.summary.badExamples.length < BAD_EXAMPLES) {
      this.summary.badExamples.push({ line, reason, text: plain(text) });
    }
  }

  addRefused(): void {
    this.summary.lines++;
    this.summary.refused++;
  }

  add(line: number, logged: LogLine, verdict: NewVerdict): void {
    const { outcome, was, now } = compare(logged, verdict);
    this.summary.lines++;
    this.summary[logged.format]++;
    this.summary[outcome]++;
    const key = `${outcome}\0${verdict.rule?.place ?? ''}\0${was}\0${now}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size >= GROUP_LIMIT) {
        this.summary.ungrouped++;
        return;
      }
      group = { outcome, rule: verdict.rule, was, now, count: 0, examples: [] };
      this.#groups.set(key, group);
      this.summary.groups.push(group);
    }
    group.count++;
    if (group.examples.length < EXAMPLES) group.examples.push({ line, request: requestText(logged) });
  }
}

/** mergeSummaries adds the second to the first. */
export function mergeSummaries(into: Summary, other: Summary): void {
  for (const name of ['lines', 'json', 'combined', 'same', 'changed', 'unknown', 'unsaid', 'refused', 'bad'] as const) {
    into[name] += other[name];
  }
  into.ungrouped += other.ungrouped;
  const byLine = (a: { line: number }, b: { line: number }): number => a.line - b.line;
  into.badExamples = [...into.badExamples, ...other.badExamples].sort(byLine).slice(0, BAD_EXAMPLES);
  const known = new Map(into.groups.map((group) => [keyOf(group), group]));
  for (const group of other.groups) {
    const same = known.get(keyOf(group));
    if (same !== undefined) {
      same.count += group.count;
      same.examples = [...same.examples, ...group.examples].sort(byLine).slice(0, EXAMPLES);
    } else if (into.groups.length < GROUP_LIMIT) into.groups.push(group);
    else into.ungrouped += group.count;
  }
}

function keyOf({ outcome, rule, was, now }: Group): string {
  return `${outcome}\0${rule?.place ?? ''}\0${was}\0${now}`;
}

interface Comparison {
  readonly outcome: Outcome;
  readonly was: string;
  readonly now: string;
}

/** compare holds what happens now against what the log says, as far as it says anything. */
function compare({ status, rule, backend, ...line }: LogLine, verdict: NewVerdict): Comparison {
  const isConnection = line.isConnection === true;
  const answered = isConnection ? 'closed' : status === undefined ? 'answered' : `answer ${status}`;
  const was =
    backend === undefined
      ? status === undefined
        ? ''
        : `status ${status}`
      : backend === null
        ? answered
        : `send to ${backend}${status === undefined ? '' : ` (${status})`}`;
  switch (verdict.kind) {
    case 'unknown':
      return { outcome: 'unknown', was, now: `depends on the ${verdict.fact}` };
    case 'send': {
      // A request that the gateway has read was not passed on.
      const isOther = verdict.isPassedOn && !isConnection;
      const now = `${isOther ? 'pass on' : 'send'} to ${verdict.backend}`;
      if (isOther) return { outcome: 'changed', was, now };
      if (backend === verdict.backend) return { outcome: 'same', was, now };
      // Without a rule and a backend in the line, whoever answered may have been a server.
      const isKnown = backend !== undefined || typeof rule === 'string';
      return { outcome: isKnown ? 'changed' : 'unsaid', was, now };
    }
    case 'close':
      return { outcome: isConnection && backend === null ? 'same' : 'changed', was, now: 'closed' };
    case 'open':
      return { outcome: 'changed', was, now: 'terminate its TLS, and evaluate its requests' };
    case 'answer': {
      const reason = verdict.reason === undefined ? '' : `: ${verdict.reason}`;
      const now = verdict.status === null ? 'answered' : `answer ${verdict.status}${reason}`;
      if (typeof backend === 'string') return { outcome: 'changed', was, now };
      if (status === undefined || verdict.status === null) {
        return { outcome: backend === null ? 'same' : 'unsaid', was, now };
      }
      return { outcome: status === verdict.status ? 'same' : 'changed', was, now };
    }
  }
}

function requestText(line: LogLine): string {
  const { method, scheme, host, path, query, client } = line;
  if (line.isConnection === true) {
    const port = line.port === undefined ? '' : ` to :${line.port}`;
    const sni = typeof line.sni === 'string' ? ` sni ${line.sni}` : '';
    const alpn = line.alpn === undefined || line.alpn.length === 0 ? '' : ` alpn ${line.alpn.join(' ')}`;
    return plain(`tcp${port}${sni}${alpn}${client === undefined ? '' : ` from ${client.text}`}`);
  }
  const target = `${path}${query === '' ? '' : `?${query}`}`;
  const url = host === undefined ? target : `${scheme ?? 'http'}://${host}${target}`;
  return plain(`${method} ${url}${client === undefined ? '' : ` from ${client.text}`}`);
}

/** plain keeps what a log says from moving a terminal’s cursor, and short. */
function plain(text: string): string {
  const shown = text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT - 1)}…` : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return shown.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g, '�');
}
