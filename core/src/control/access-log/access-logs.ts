/**
 * AccessLogs: where the lines of access logs go, for all listeners. Main thread.
 *
 * Each destination is opened once, however many logs name it. One that a reload leaves out stays until the requests that were begun before have
 * ended, and their lines have come.
 */
import { type AccessLogPlan, destinationKey, type LogDestination, type Plan } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import type { AccessBatch } from '../../shared/orders/access-batch.ts';
import { LogFile } from './log-file.ts';
import type { LogSink } from './log-sink.ts';
import { StandardLog } from './standard-log.ts';
import { SyslogDatagrams } from './syslog-datagrams.ts';
import { SyslogStream } from './syslog-stream.ts';

/** The longest that the last lines are waited for at the end: whoever reads a pipe may have stopped. */
const CLOSE_MS = 5000;
/** Lines come at most this much later than the end of the last request. */
const LAST_LINES_MS = 1000;

/** AccessLogStats is what became of the lines for one destination, since the gateway started. */
export interface AccessLogStats {
  /** `file /var/log/sluice/access.log`, `stdout`. */
  readonly destination: string;
  /** Lines that were handed over, the dropped ones not counted. */
  readonly lines: number;
  /** Lines that were lost: too many at once, or they could not be written. */
  readonly dropped: number;
}

interface Counts {
  lines: number;
  dropped: number;
}

export class AccessLogs {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #sinks = new Map<string, LogSink>();
  /** The destinations of the rules that run, or are being switched to. */
  #wanted: ReadonlySet<string> = new Set();
  readonly #counts = new Map<string, Counts>();
  #told = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `now` is any clock of milliseconds. */
  constructor(log: Logger, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** use opens what a plan's logs name, and opens again what they named before. null: there are none. */
  use(plan: Plan | null): void {
    const wanted = new Map(plan === null ? [] : logsOf(plan).map(({ to }) => [destinationKey(to), to]));
    this.reopen();
    for (const [key, to] of wanted) {
      const sink = this.#sinks.get(key);
      if (sink === undefined) this.#sinks.set(key, this.#open(key, to));
      else sink.use(to);
    }
    this.#wanted = new Set(wanted.keys());
  }

  /** settle: requests that were begun before the last reload have ended. What is not wanted any more is closed, soon. */
  settle(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      for (const [key, sink] of this.#sinks) {
        if (this.#wanted.has(key)) continue;
        this.#sinks.delete(key);
        void sink.close();
      }
    }, LAST_LINES_MS).unref();
  }

  /** reopen opens all files again, which may have been moved. */
  reopen(): void {
    for (const sink of this.#sinks.values()) sink.reopen();
  }

  /** take writes a batch. */
  take(batch: AccessBatch): void {
    const counts = this.#countsOf(batch.to);
    if (batch.dropped > 0) this.#lose(counts, batch.dropped);
    counts.lines += batch.lines;
    const sink = this.#sinks.get(batch.to);
    if (sink !== undefined) {
      sink.take(batch);
      return;
    }
    Atomics.add(batch.written, 0, 1);
    this.#undone(counts, batch.lines);
  }

  stats(): readonly AccessLogStats[] {
    return [...this.#counts].map(([destination, counts]) => ({ destination, ...counts }));
  }

  /** close resolves when all that was taken is written. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const sinks = [...this.#sinks.values()];
    this.#sinks.clear();
    const closed = Promise.all(sinks.map((sink) => sink.close()));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS);
    });
    await Promise.race([closed, late]);
    clearTimeout(timer);
  }

  #open(key: string, to: LogDestination): LogSink {
    const counts = this.#countsOf(key);
    const options = { log: this.#log, now: this.#now, dropped: (lines: number) => this.#undone(counts, lines) };
    if (to.kind === 'file') return new LogFile(to, options);
    if (to.kind !== 'syslog') return new StandardLog(to.kind, options);
    const { address } = to;
    if (to.transport === 'udp' && 'host' in address) return new SyslogDatagrams(key, address, options);
    return new SyslogStream(key, address, options);
  }

  #countsOf(key: string): Counts {
    let counts = this.#counts.get(key);
    if (counts === undefined) {
      counts = { lines: 0, dropped: 0 };
      this.#counts.set(key, counts);
    }
    return counts;
  }

  /** undone: lines that were handed over were lost all the same. */
  #undone(counts: Counts, lines: number): void {
    counts.lines -= lines;
    this.#lose(counts, lines);
  }

  /** The first lines are told at once, then each time there are ten times as many. */
  #lose(counts: Counts, lines: number): void {
    counts.dropped += lines;
    const before = this.#told;
    this.#told += lines;
    if (before > 0 && Math.floor(Math.log10(before)) === Math.floor(Math.log10(this.#told))) return;
    this.#log.warn({ dropped: this.#told }, `${this.#told} lines of the access log were dropped`);
  }
}

/** logsOf are all logs of a plan. */
export function logsOf(plan: Plan): readonly AccessLogPlan[] {
  return [...(plan.settings.accessLogs ?? []), ...plan.listeners.flatMap(({ accessLogs }) => accessLogs ?? [])];
}
