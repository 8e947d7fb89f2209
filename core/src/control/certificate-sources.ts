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
  RunningCertificateSource,
} from '../plugin/certificate-source.ts';
import type { NoticeBoard } from '../shared/notice-board.ts';
import { reasonOf } from './errors.ts';
import { pluginLog } from './log.ts';
import { systemTimers, type Timers } from './timers.ts';

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
  told(event: CertificateEvent): void;
}

export class CertificateSources {
  readonly #options: CertificateSourcesOptions;
  readonly #running = new Map<string, RunningCertificateSource>();

  constructor(options: CertificateSourcesOptions) {
    this.#options = options;
  }

  /** keep tells the sources what a plan that is in force wishes for. */
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
      let source = this.#running.get(name);
      if (source === undefined) {
        source = this.#open(name, find(name));
        this.#running.set(name, source);
      }
      source.keep({ source: options, lines, listeners });
    }
    for (const [name, source] of this.#running) {
      if (wanted.has(name)) continue;
      this.#running.delete(name);
      void this.#end(name, source);
    }
  }

  states(): readonly SourcedCertificate[] {
    return [...this.#running].flatMap(([source, running]) => running.states().map((state) => ({ source, ...state })));
  }

  /** renew tries for the certificates with a name now. False: no source has any. */
  renew(name: string): boolean {
    return [...this.#running.values()].map((source) => source.renew(name)).some((isThere) => isThere);
  }

  async stop(): Promise<void> {
    const running = [...this.#running];
    this.#running.clear();
    await Promise.all(running.map(([name, source]) => this.#end(name, source)));
  }

  #open(name: string, source: CertificateSource): RunningCertificateSource {
    const { log, timers, random, notices, secret, changed, told } = this.#options;
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
      told: (event) => told({ source: name, ...event }),
    });
  }

  async #end(name: string, source: RunningCertificateSource): Promise<void> {
    try {
      await source.stop();
    } catch (thrown) {
      this.#options.log.error(`the source of certificates ${name} failed while it was stopped: ${reasonOf(thrown)}`);
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
