/**
 * CertificateSources: the sources of certificates of one gateway, over reloads. Main thread.
 *
 * A source is opened by the first plan with a line for it, told what each later plan wishes for, and stopped with the gateway or by
 * a plan without such lines. What it does, and when, is its own.
 */
import type { Plan } from '@sluice/dsl/plan';
import type { Logger } from 'pino';
import type {
  CertificateEvent,
  CertificateSource,
  CertificateState,
  CertificateTimers,
  CertificateWishes,
  RunningCertificateSource,
} from '../../plugin/certificate-source.ts';
import type { FailureLog } from '../../shared/plugins/failure-log.ts';
import type { NoticeBoard } from '../../shared/tables/notice-board.ts';
import { PLUGIN_LIMITS, withinLimit } from '../clock/time-limit.ts';
import { systemTimers, type Timers } from '../clock/timers.ts';
import { failureLog, pluginLog } from '../report/log.ts';

/** SourcedCertificate is a certificate's state, and its source: a plugin's, or `file` for one that others renew. */
export interface SourcedCertificate extends CertificateState {
  readonly source: string;
}

export interface CertificateSourcesOptions {
  readonly log: Logger;
  readonly timers: Timers;
  random(): number;
  readonly notices: NoticeBoard;
  secret(name: string): string;
  /** New files are to be served. Never rejects. */
  changed(): Promise<void>;
  emit(event: CertificateEvent): void;
}

interface Running {
  readonly component: CertificateSource;
  wishes: CertificateWishes;
  /** null: it begins once the one before has stopped, or could not be opened. */
  source: RunningCertificateSource | null;
}

export class CertificateSources {
  readonly #options: CertificateSourcesOptions;
  readonly #running = new Map<string, Running>();
  readonly #failures: FailureLog;

  constructor(options: CertificateSourcesOptions) {
    this.#options = options;
    this.#failures = failureLog(options.log);
  }

  /** keep tells the sources what the active plan wishes for. */
  keep({ settings, listeners }: Plan, find: (name: string) => CertificateSource): void {
    const wanted = new Set<string>();
    for (const { name, options } of settings.certificateSources ?? []) {
      const lines = listeners.flatMap((listener) =>
        (listener.certificates ?? [])
          .filter((use) => use.name === name)
          .map((use) => ({ listener: listener.name, options: use.options })),
      );
      if (lines.length === 0) continue;
      wanted.add(name);
      const component = find(name);
      const before = this.#running.get(name);
      const wishes = { source: options, lines, listeners };
      if (before?.component === component) {
        before.wishes = wishes;
        this.#keep(name, before.source, wishes);
        continue;
      }
      // Other code under the same name begins once that before has let go of what they share.
      const running: Running = { component, wishes, source: null };
      this.#running.set(name, running);
      const begin = (): void => {
        if (this.#running.get(name) !== running) return;
        running.source = this.#tried(name, 'open', null, () => this.#open(name, component));
        this.#keep(name, running.source, running.wishes);
      };
      if (before === undefined) begin();
      else void this.#end(name, before).then(begin);
    }
    for (const [name, running] of this.#running) {
      if (wanted.has(name)) continue;
      this.#running.delete(name);
      void this.#end(name, running);
    }
  }

  #keep(name: string, source: RunningCertificateSource | null, wishes: CertificateWishes): void {
    this.#tried(name, 'keep', undefined, () => source?.keep(wishes));
  }

  /** tried contains a source that fails: the plan that asks it is active, whatever it does. */
  #tried<Value>(name: string, what: string, otherwise: Value, call: () => Value): Value {
    try {
      return call();
    } catch (thrown) {
      const message = `the source of certificates ${name} failed (\`${what}\`)`;
      this.#failures.report(`${name} ${what}`, message, { certificates: name }, thrown);
      return otherwise;
    }
  }

  states(): readonly SourcedCertificate[] {
    return [...this.#running].flatMap(([name, { source }]) =>
      this.#tried(name, 'states', [], () => source?.states() ?? []).map((state) => ({ source: name, ...state })),
    );
  }

  /** renew tries for the certificates with a name now. False: no source has any. */
  renew(name: string): boolean {
    return [...this.#running]
      .map(([own, { source }]) => this.#tried(own, 'renew', false, () => source?.renew(name) === true))
      .some((isThere) => isThere);
  }

  async stop(): Promise<void> {
    const running = [...this.#running];
    this.#running.clear();
    await Promise.all(running.map(([name, each]) => this.#end(name, each)));
  }

  #open(name: string, source: CertificateSource): RunningCertificateSource {
    const { log, timers, random, notices, secret, changed, emit } = this.#options;
    return source.open({
      log: pluginLog(log, name),
      timers: calendar(timers),
      random,
      notices: {
        post: (key, text) => notices.post(`${name} ${key}`, text),
        remove: (key) => notices.remove(`${name} ${key}`),
      },
      secret,
      changed,
      report: (event) => emit({ source: name, ...event }),
    });
  }

  async #end(name: string, { source }: Running): Promise<void> {
    const { stopMs } = PLUGIN_LIMITS;
    try {
      await withinLimit(source?.stop(), stopMs, () => new Error(`it has not stopped within ${stopMs} ms`));
    } catch (thrown) {
      const message = `the source of certificates ${name} failed while it was stopped`;
      this.#failures.report(`${name} stop`, message, { certificates: name }, thrown);
    }
  }
}

/** calendar is a clock that tells the time of day: the system's own, or one that goes on from it as an injected one does. */
function calendar(timers: Timers): CertificateTimers {
  if (timers === systemTimers) return { ...timers, now: Date.now };
  const epochMs = Date.now() - timers.now();
  return {
    now: () => epochMs + timers.now(),
    set: (callback, delayMs) => timers.set(callback, delayMs),
    clear: (timer) => timers.clear(timer),
  };
}
