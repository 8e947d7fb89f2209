/**
 * DiscoverySource: one `servers from` line while it runs: when it is asked, what failed, and who is a member by it. Main thread.
 *
 * The next question waits until the one before has ended, so questions never overlap. An answer is taken as a whole or not
 * at all. What fails changes nothing until the time to keep the last good answer is over.
 */
import { wrongValue } from '@sluice/dsl/match';
import type { DiscoveryPlan, ServerPlan } from '@sluice/dsl/plan';
import type { Discovery, Finding } from '../../plugin/discovery.ts';
import { pluginCodeOf } from '../../plugin/plugin-error.ts';
import type { Timers } from '../clock/timers.ts';
import { reasonOf } from '../report/errors.ts';
import { Membership, plansOf } from './membership.ts';

/** DiscoveryEvent says that a source's servers changed, that it began to fail, or that it is right again. */
export interface DiscoveryEvent {
  readonly backend: string;
  /** As the rules say it: `dns "app.internal" port 8080`. */
  readonly source: string;
  /** Whether the last answer was a good one. */
  readonly isOk: boolean;
  /** Members by this source now. */
  readonly servers: number;
  /** For people: what failed, or `3 servers`. */
  readonly reason: string;
  /** The plugin's code of what failed, such as SP0607; not there where it has none. */
  readonly code?: string;
}

/** DiscoveryStats is what is known of a source now. */
export interface DiscoveryStats {
  readonly source: string;
  readonly isOk: boolean;
  /** What failed; empty while all is well, or before the first answer. */
  readonly reason: string;
  readonly servers: number;
  readonly questions: number;
  readonly failures: number;
  /** Milliseconds since the last good answer; null: there was none. */
  readonly ageMs: number | null;
}

export interface DiscoverySourceOptions {
  readonly backend: string;
  readonly plan: DiscoveryPlan;
  readonly component: Discovery;
  readonly timers: Timers;
  random(): number;
  /** The backend has no server at all, from wherever. */
  isBackendEmpty(): boolean;
  /** The members are different now. */
  changed(): void;
  emit(event: DiscoveryEvent): void;
}

const LIMIT_MS = 10_000;
const LEAST_AGAIN_MS = 100;
const FIRST_BACKOFF_MS = 1000;
const MOST_BACKOFF_MS = 60_000;
/** The longest wait after failures while the backend has no server: clients are being turned away. */
const EMPTY_BACKOFF_MS = 5000;
/** Questions are put off by up to this share, so that many gateways do not ask in step. */
const JITTER = 0.1;

export class DiscoverySource {
  readonly #options: DiscoverySourceOptions;
  readonly #members: Membership;
  readonly #keepMs: number;
  readonly #graceMs: number;
  #component: Discovery;
  readonly #first = Promise.withResolvers<void>();
  #memory: unknown;
  #question: unknown;
  /** When the next question is due. */
  #dueMs = 0;
  #expiry: unknown;
  #abort: AbortController | null = null;
  #lastGoodMs: number | null = null;
  #reason = '';
  #code: string | null = null;
  #failuresInRow = 0;
  #questions = 0;
  #failures = 0;
  #isGivenUp = false;
  #isStopped = false;

  constructor(options: DiscoverySourceOptions) {
    const { plan, component } = options;
    this.#options = options;
    this.#component = component;
    this.#graceMs = plan.graceMs ?? component.graceMs ?? 0;
    this.#keepMs = plan.keepMs ?? component.keepMs ?? 0;
    this.#members = new Membership(this.#graceMs);
  }

  get servers(): readonly ServerPlan[] {
    return this.#members.servers;
  }

  /** use has other code ask from the next question on. Members stay; what the code before remembered is not handed to it. */
  use(component: Discovery): void {
    if (component === this.#component) return;
    this.#component = component;
    this.#memory = undefined;
  }

  /** start asks for the first time. */
  start(): void {
    void this.#ask();
  }

  /** answered resolves with the first good answer, or when the time is over or the source is stopped. */
  async answered(limitMs: number): Promise<void> {
    const { timers } = this.#options;
    let timer: unknown;
    const late = new Promise<void>((resolve) => {
      timer = timers.set(resolve, limitMs);
    });
    await Promise.race([this.#first.promise, late]);
    timers.clear(timer);
  }

  /** stop asks no more. Members stay as they are. */
  stop(): void {
    this.#isStopped = true;
    const { timers } = this.#options;
    timers.clear(this.#question);
    timers.clear(this.#expiry);
    this.#abort?.abort();
    this.#first.resolve();
  }

  /** hurry: the backend may have lost its last server, so a question that was put off for failures comes sooner. */
  hurry(): void {
    if (this.#isStopped || this.#failuresInRow === 0 || this.#abort !== null) return;
    const leftMs = this.#dueMs - this.#options.timers.now();
    if (leftMs > this.#mostBackoffMs()) this.#askIn(this.#mostBackoffMs() * (1 + JITTER * this.#options.random()));
  }

  /** why says, for people, why a server is no member any more. */
  why(): string {
    const { source } = this.#options.plan;
    if (this.#isGivenUp) return `no good answer from ${source} for ${seconds(this.#keepMs)}`;
    return this.#graceMs === 0 ? `no longer in ${source}` : `missing from ${source} for ${seconds(this.#graceMs)}`;
  }

  stats(): DiscoveryStats {
    return {
      source: this.#options.plan.source,
      isOk: this.#failuresInRow === 0,
      reason: this.#reason,
      servers: this.#members.size,
      questions: this.#questions,
      failures: this.#failures,
      ageMs: this.#lastGoodMs === null ? null : this.#options.timers.now() - this.#lastGoodMs,
    };
  }

  async #ask(): Promise<void> {
    const { plan, random } = this.#options;
    this.#questions++;
    let againMs: number;
    try {
      const component = this.#component;
      const { servers, againMs: wantedMs, memory = this.#memory } = checkFinding(await this.#find());
      if (this.#isStopped) return;
      const found = servers === null ? null : plansOf(servers, plan);
      if (component === this.#component) this.#memory = memory;
      againMs = Math.max(LEAST_AGAIN_MS, wantedMs);
      this.#good(found);
    } catch (thrown) {
      if (this.#isStopped) return;
      const backoffMs = FIRST_BACKOFF_MS * 2 ** Math.min(this.#failuresInRow, 10);
      this.#bad(reasonOf(thrown), pluginCodeOf(thrown));
      againMs = Math.min(this.#mostBackoffMs(), backoffMs);
    }
    this.#askIn(againMs * (1 + JITTER * random()));
  }

  #askIn(delayMs: number): void {
    const { timers } = this.#options;
    timers.clear(this.#question);
    this.#dueMs = timers.now() + delayMs;
    this.#question = timers.set(() => void this.#ask(), delayMs);
  }

  #mostBackoffMs(): number {
    const { isBackendEmpty } = this.#options;
    const mostMs = this.#component.mostBackoffMs ?? MOST_BACKOFF_MS;
    return isBackendEmpty() ? Math.min(mostMs, EMPTY_BACKOFF_MS) : mostMs;
  }

  async #find(): Promise<Finding> {
    const { plan, timers } = this.#options;
    const component = this.#component;
    const limitMs = component.limitMs ?? LIMIT_MS;
    const abort = new AbortController();
    this.#abort = abort;
    let timer: unknown;
    const late = new Promise<never>((_, reject) => {
      abort.signal.addEventListener('abort', () => reject(new Error(`no answer within ${seconds(limitMs)}`)), {
        once: true,
      });
      timer = timers.set(() => abort.abort(), limitMs);
    });
    try {
      const question = { options: plan.use.options, memory: this.#memory, signal: abort.signal };
      return await Promise.race([component.find(question), late]);
    } finally {
      timers.clear(timer);
      this.#abort = null;
    }
  }

  /** `found` is null when nothing is different from the last good answer. */
  #good(found: readonly ServerPlan[] | null): void {
    const nowMs = this.#options.timers.now();
    const wasBad = this.#failuresInRow > 0;
    this.#failuresInRow = 0;
    this.#reason = '';
    this.#lastGoodMs = nowMs;
    this.#isGivenUp = false;
    const isChanged = found === null ? this.#members.expire(nowMs) : this.#members.take(found, nowMs);
    this.#expireLater();
    this.#first.resolve();
    if (isChanged) this.#options.changed();
    if (isChanged || wasBad) this.#tell();
  }

  #bad(reason: string, code: string | null): void {
    this.#failures++;
    this.#failuresInRow++;
    const isNews = reason !== this.#reason;
    this.#reason = reason;
    this.#code = code;
    const isGone = this.#giveUp();
    if (isNews || isGone) this.#tell();
  }

  /** giveUp lets all servers go when there has been no good answer for too long. */
  #giveUp(): boolean {
    const sinceMs = this.#lastGoodMs === null ? 0 : this.#options.timers.now() - this.#lastGoodMs;
    if (this.#keepMs === 0 || sinceMs < this.#keepMs) return false;
    // The same answer as before, when one comes, must not be taken for no change.
    this.#memory = undefined;
    this.#isGivenUp = true;
    if (!this.#members.clear()) return false;
    this.#options.changed();
    return true;
  }

  #expireLater(): void {
    const { timers } = this.#options;
    timers.clear(this.#expiry);
    const atMs = this.#members.nextExpiryMs;
    if (atMs === null) return;
    this.#expiry = timers.set(
      () => {
        // Missing from an answer long ago is no proof while nobody answers.
        if (this.#failuresInRow === 0 && this.#members.expire(timers.now())) {
          this.#options.changed();
          this.#tell();
        }
        if (this.#failuresInRow === 0) this.#expireLater();
      },
      Math.max(1, atMs - timers.now()),
    );
  }

  #tell(): void {
    const { backend, plan, emit } = this.#options;
    const servers = this.#members.size;
    const isOk = this.#failuresInRow === 0;
    const reason = isOk ? `${servers} ${servers === 1 ? 'server' : 'servers'}` : this.#reason;
    const code = isOk || this.#code === null ? {} : { code: this.#code };
    emit({ backend, source: plan.source, isOk, servers, reason, ...code });
  }
}

/** checkFinding throws TypeError for an answer that is none. */
function checkFinding(finding: Finding): Finding {
  if (typeof finding !== 'object' || finding === null) throw wrongValue('the discovery returned', finding, 'an answer');
  const { servers, againMs } = finding;
  if (!Number.isFinite(againMs)) throw wrongValue('`againMs` is', againMs, 'milliseconds');
  if (servers !== null && !Array.isArray(servers)) throw wrongValue('`servers` are', servers, 'a list or null');
  return finding;
}

function seconds(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`;
}
