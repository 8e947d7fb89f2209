/**
 * AccessLogList gathers the `log access` lines of a section. Main thread.
 */
import type { AccessLogPlan, LogDestination } from '../../plan/access-log.ts';
import type { Span } from '../../source/source-text.ts';
import type { Scope } from '../scope/scope.ts';
import { readAddress, SERVER_ADDRESS } from '../values/address.ts';
import { isToken } from '../values/literals.ts';
import type { LogLine } from './access-log-words.ts';
import { Collected } from './collected.ts';

/** What stands behind a format that is no JSON, and means nothing there. */
const JSON_ONLY = 'Only `json` takes it; in a format of your own write `{header.NAME}` and `{response.header.NAME}`';

export class AccessLogList extends Collected<readonly AccessLogPlan[] | undefined> {
  readonly #logs: AccessLogPlan[] = [];
  #off: Span | null = null;

  /** add reads a line, or reports what is wrong with it. */
  add(line: LogLine): void {
    const { scope, span, args } = line;
    if (args.format === 'off') {
      this.#turnOff(line);
      return;
    }
    if (this.#off !== null) {
      scope.error('SL0682', span, { line: scope.place(this.#off).line });
      return;
    }
    const to = destinationOf(line);
    const requestHeaders = headersOf(line, 'requestHeaders');
    const responseHeaders = headersOf(line, 'responseHeaders');
    if (to === null || requestHeaders === null || responseHeaders === null) return;
    this.#logs.push({
      format: args.format as AccessLogPlan['format'],
      to,
      ...(requestHeaders.length === 0 ? {} : { requestHeaders }),
      ...(responseHeaders.length === 0 ? {} : { responseHeaders }),
      ...(line.when === null ? {} : { when: line.when }),
      ...(args.sample === undefined || args.sample === 100 ? {} : { sample: args.sample / 100 }),
      place: scope.place(line.whole),
    });
  }

  #turnOff({ scope, span, spans, whole, when }: LogLine): void {
    const more = [...spans].find(([name]) => name !== 'format')?.[1];
    if (more !== undefined) scope.error('SL0118', more, { word: scope.source.text.slice(more.start, more.end) });
    else if (when !== null) scope.error('SL0123', { start: whole.start, end: span.end });
    else if (this.#logs.length > 0) scope.error('SL0682', span, { line: this.#logs[0]!.place.line });
    else this.#off = span;
  }

  plan(): readonly AccessLogPlan[] | undefined {
    return this.#logs.length === 0 && this.#off === null ? undefined : this.#logs;
  }
}

function destinationOf(line: LogLine): LogDestination | null {
  const { scope, span, spans, args } = line;
  const named = [...spans].filter(([name]) => DESTINATIONS.has(name));
  const [first, second] = named;
  if (first === undefined) {
    const what = '`to` and a file in quotes, `stdout`, `stderr` or `syslog`';
    return scope.error('SL0117', span, { word: 'log access', what }, 'For example `log access json to "access.log"`');
  }
  if (second !== undefined) {
    const fix = 'Write a line of its own for each place that the log goes to';
    return scope.error('SL0118', second[1], { word: textOf(scope, second[1]) }, fix);
  }
  if (args.file !== undefined) return fileOf(line, args.file);
  if (args.syslog !== undefined) return syslogOf(line, args.syslog);
  return { kind: args.stdout ? 'stdout' : 'stderr' };
}

/** The address was read before, so that it is one; a Unix socket is no matter of UDP or TCP. */
function syslogOf({ scope, spans, args }: LogLine, text: string): LogDestination | null {
  const address = readAddress(text, SERVER_ADDRESS);
  const span = spans.get('syslog')!;
  if ('problem' in address) return scope.error('SL0609', span, { value: text, problem: address.problem }, address.fix);
  const over = spans.get('transport');
  const isUnix = 'path' in address;
  if (isUnix && over !== undefined) {
    return scope.error('SL0118', over, { word: textOf(scope, over) }, 'A Unix socket is neither: leave `over` out');
  }
  const { transport = 'udp', facility = 'local0' } = args;
  return { kind: 'syslog', transport: isUnix ? 'unix' : transport, address, facility: String(facility) };
}

const DESTINATIONS: ReadonlySet<string> = new Set(['file', 'stdout', 'stderr', 'syslog']);

const KEPT = 5;

/** A file that several logs name is rotated in one way. */
function fileOf({ scope, whole, spans, args }: LogLine, path: string): LogDestination | null {
  const { rotateAt, keep = KEPT } = args;
  const rotation = rotateAt === undefined ? '' : `${rotateAt} ${keep}`;
  const before = scope.logFiles.get(path);
  if (before === undefined) scope.logFiles.set(path, { rotation, place: scope.place(whole) });
  else if (before.rotation !== rotation) {
    return scope.error('SL0683', spans.get('file')!, { line: scope.lineOf(before.place) });
  }
  return { kind: 'file', path, ...(rotateAt === undefined ? {} : { rotation: { atBytes: rotateAt, keep } }) };
}

function headersOf(
  { scope, spans, args }: LogLine,
  name: 'requestHeaders' | 'responseHeaders',
): readonly string[] | null {
  const span = spans.get(name);
  const names = args[name];
  if (span === undefined || names === undefined) return [];
  if (args.format !== 'json') return scope.error('SL0118', span, { word: textOf(scope, span) }, JSON_ONLY);
  const wrong = names.find((each) => !isToken(each));
  if (wrong !== undefined) return scope.error('SL0611', span, { kind: 'header', value: wrong });
  return [...new Set(names.map((each) => each.toLowerCase()))];
}

function textOf(scope: Scope, { start, end }: Span): string {
  return scope.source.text.slice(start, end);
}
