/**
 * RequestLog: the access logs of one listener, as requests that end are written to them. Hot path; data plane.
 */
import { compileRulesInSteps, type Readers, type RuleMatcher, type Steps } from '@sluice/dsl/match';
import { type AccessLogPlan, type Condition, destinationKey, RESPONSE_HEADER, type Rule } from '@sluice/dsl/plan';
import type { AccessLog } from '../loop/access-log.ts';
import { combinedLine } from './combined-line.ts';
import { jsonLine } from './json-line.ts';
import type { RequestEnd } from './request-end.ts';
import { syslogLine } from './syslog-line.ts';
import { textLine } from './text-line.ts';

/** LogHost is what logs need of their event loop. */
export interface LogHost {
  random(): number;
  readonly accessLogs: { of(destination: string): AccessLog };
  readonly failures: { report(kind: string, message: string, fields: object, thrown: unknown): void };
}

interface LinkedLog {
  readonly lines: AccessLog;
  readonly write: (end: RequestEnd) => string;
  /** null: every request. */
  readonly when: RuleMatcher | null;
  readonly sample: number;
}

export class RequestLog {
  /** Headers of responses that lines or conditions need, in lower case. */
  readonly answerHeaders: readonly string[];
  readonly #logs: readonly LinkedLog[];
  readonly #host: LogHost;

  private constructor(logs: readonly LinkedLog[], answerHeaders: readonly string[], host: LogHost) {
    this.#logs = logs;
    this.answerHeaders = answerHeaders;
    this.#host = host;
  }

  /** link compiles a listener's logs; null: it has none. Throws TypeError for what cannot be compiled. */
  static *link(plans: readonly AccessLogPlan[], readers: Readers, host: LogHost): Steps<RequestLog | null> {
    if (plans.length === 0) return null;
    const logs: LinkedLog[] = [];
    const answerHeaders = new Set<string>();
    for (const plan of plans) {
      const { format, to, when, sample = 1, requestHeaders = [], responseHeaders = [] } = plan;
      for (const name of responseHeaders) answerHeaders.add(name);
      if (typeof format === 'object') {
        for (const part of format.template) {
          if (typeof part === 'object' && 'placeholder' in part && part.placeholder === RESPONSE_HEADER) {
            answerHeaders.add(part.key!);
          }
        }
      }
      if (when !== undefined) noteHeaders(when, answerHeaders);
      const write =
        format === 'json'
          ? jsonLine(requestHeaders, responseHeaders)
          : format === 'combined'
            ? combinedLine
            : textLine(format, readers);
      logs.push({
        lines: host.accessLogs.of(destinationKey(to)),
        write: to.kind === 'syslog' ? syslogLine(to.facility, write) : write,
        when: when === undefined ? null : yield* compileRulesInSteps([ruleOf(plan, when)], readers),
        sample,
      });
    }
    return new RequestLog(logs, [...answerHeaders], host);
  }

  /** write adds the request's line to each log that wants it. */
  write(end: RequestEnd): void {
    const logs = this.#logs;
    for (let index = 0; index < logs.length; index++) {
      const { lines, write, when, sample } = logs[index]!;
      if (sample !== 1 && this.#host.random() >= sample) continue;
      if (when !== null && !this.#isWanted(when, end)) continue;
      if (!lines.hasRoom()) continue;
      try {
        lines.add(write(end));
      } catch (error) {
        this.#failed('a field of the access log failed; the line was not written', end, error);
      }
    }
  }

  /** A condition that fails costs no line. */
  #isWanted(when: RuleMatcher, end: RequestEnd): boolean {
    const { facts } = end.request;
    facts.showEnd(end);
    try {
      return when.next(facts, 0) === 0;
    } catch (error) {
      this.#failed('the condition of an access log failed; the line was written', end, error);
      return true;
    } finally {
      facts.showEnd(null);
    }
  }

  #failed(message: string, { listener }: RequestEnd, error: unknown): void {
    this.#host.failures.report(`access log ${listener}`, message, { listener }, error);
  }
}

/** ruleOf has a log's condition compiled as rules' are. */
function ruleOf({ place }: AccessLogPlan, when: Condition): Rule {
  return { part: 'change', verb: 'log access', args: {}, when, text: 'log access', place };
}

/** noteHeaders adds the headers of responses that a condition asks for. */
function noteHeaders(condition: Condition, names: Set<string>): void {
  switch (condition.kind) {
    case 'all':
      return;
    case 'test':
      if (condition.field.startsWith('response ') && condition.key !== null) names.add(condition.key);
      return;
    case 'not':
    case 'named':
      noteHeaders(condition.of, names);
      return;
    default:
      for (const part of condition.of) noteHeaders(part, names);
  }
}
