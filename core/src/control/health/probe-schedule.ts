/**
 * ProbeSchedule: probes one server again and again, by its check's intervals, jitter and timeout. Main thread.
 *
 * The next wait begins when a probe has ended, so probes of one server never overlap. A probe that has not settled at its
 * timeout is aborted, and has failed at once, whether it lets go or not.
 */
import { isPromise, wrongValue } from '@sluice/dsl/match';
import type { Args, CheckPlan } from '@sluice/dsl/plan';
import type { HealthCheck, ProbeResult, ProbeStatus, ProbeTarget } from '../../plugin/health-check.ts';
import type { TimerGrid } from '../clock/timer-grid.ts';
import { reasonOf } from '../report/errors.ts';
import type { ProbeQueue } from './probe-queue.ts';

export interface ProbeScheduleOptions {
  readonly target: ProbeTarget;
  readonly check: CheckPlan;
  /** The check's options, with the values of secrets. */
  readonly options: Args;
  readonly component: HealthCheck;
  readonly queue: ProbeQueue;
  readonly grid: TimerGrid;
  random(): number;
  /** Asked before each probe; false: this one is left out (the server is in maintenance). */
  isWanted(): boolean;
  /** Asked after each probe: true: the next one comes after the shorter interval, if there is one. */
  isChanging(): boolean;
  probed(result: ProbeResult, tookMs: number): void;
}

export class ProbeSchedule {
  readonly #options: ProbeScheduleOptions;
  readonly #due = (): void => this.#enter();
  readonly #late = (): void => this.#timedOut();
  #timer: unknown;
  #leaveQueue: () => void = () => {};
  #abort: AbortController | null = null;
  #beganMs = 0;
  /** Grows with each probe, so that one that settles after its time is not taken for the next. */
  #probe = 0;
  #isStopped = false;

  constructor(options: ProbeScheduleOptions) {
    this.#options = options;
  }

  /** start probes for the first time at a random moment within `spreadMs`. */
  start(spreadMs: number): void {
    this.#wait(spreadMs * this.#options.random());
  }

  /** stop ends a probe under way; nothing is reported after it. */
  stop(): void {
    this.#isStopped = true;
    this.#options.grid.clear(this.#timer);
    this.#leaveQueue();
    if (this.#abort === null) return;
    this.#options.queue.leave();
    this.#abort.abort();
    this.#abort = null;
  }

  #wait(delayMs: number): void {
    this.#timer = this.#options.grid.about(this.#due, delayMs);
  }

  #again(): void {
    if (this.#isStopped) return;
    const { check, random, isChanging } = this.#options;
    const intervalMs = check.changingMs !== 0 && isChanging() ? check.changingMs : check.intervalMs;
    this.#wait(intervalMs * (1 + check.jitter * (2 * random() - 1)));
  }

  #enter(): void {
    if (!this.#options.isWanted()) {
      this.#again();
      return;
    }
    this.#leaveQueue = this.#options.queue.enter(() => this.#startProbe());
  }

  #startProbe(): void {
    const { target, check, options, component, grid } = this.#options;
    const probe = ++this.#probe;
    const abort = new AbortController();
    this.#abort = abort;
    this.#beganMs = grid.now();
    this.#timer = grid.notBefore(this.#late, check.timeoutMs);
    const failed = (thrown: unknown): void => this.#settled(probe, { status: 'failed', reason: reasonOf(thrown) });
    try {
      const probed: unknown = component.probe(target, options, abort.signal);
      if (!isPromise(probed)) throw wrongValue('the check returned', probed, 'a promise');
      probed.then((result) => this.#settled(probe, checkedResult(result)), failed);
    } catch (thrown) {
      failed(thrown);
    }
  }

  /** timedOut lets the probe say what it was waiting for; one that does not do so at once has nothing more to say. */
  #timedOut(): void {
    const probe = this.#probe;
    this.#abort?.abort();
    const reason = `no answer within ${this.#options.check.timeoutMs} ms`;
    setImmediate(() => this.#settled(probe, { status: 'failed', reason }));
  }

  #settled(probe: number, result: ProbeResult): void {
    if (probe !== this.#probe || this.#abort === null) return;
    const { grid, queue, probed } = this.#options;
    this.#abort = null;
    grid.clear(this.#timer);
    queue.leave();
    if (this.#isStopped) return;
    probed(result, grid.now() - this.#beganMs);
    this.#again();
  }
}

const STATUSES: readonly unknown[] = ['passed', 'failed', 'condpass', 'neutral'] satisfies readonly ProbeStatus[];

/** checkedResult: a result that is none says nothing good of the server. */
function checkedResult(result: unknown): ProbeResult {
  const { status, reason } = (result ?? {}) as Partial<ProbeResult>;
  if (STATUSES.includes(status)) return { status: status!, reason: String(reason ?? '') };
  const { message } = wrongValue('the check resolved to', result, '`status` and `reason`');
  return { status: 'failed', reason: message };
}
