/**
 * ProbeSchedule: probes one server again and again, by its check's interval, jitter and timeout. Main thread.
 *
 * The next wait begins when a probe has ended, so probes of one server never overlap. A probe that has not settled at its
 * timeout is aborted and counts as failed at once, whether it lets go or not.
 */
import type { CheckPlan } from '@sluice/dsl/plan';
import type { HealthCheck, ProbeResult, ProbeTarget } from '../plugin/health-check.ts';
import { reasonOf } from './errors.ts';
import type { ProbeQueue } from './probe-queue.ts';
import type { Timers } from './timers.ts';

export interface ProbeScheduleOptions {
  readonly target: ProbeTarget;
  readonly check: CheckPlan;
  readonly component: HealthCheck;
  readonly queue: ProbeQueue;
  readonly timers: Timers;
  random(): number;
  /** Asked before each probe; false: this one is left out (the server is in maintenance). */
  isWanted(): boolean;
  probed(result: ProbeResult): void;
}

export class ProbeSchedule {
  readonly #options: ProbeScheduleOptions;
  #timer: unknown;
  #leaveQueue: () => void = () => {};
  #abort: AbortController | null = null;
  #isStopped = false;

  constructor(options: ProbeScheduleOptions) {
    this.#options = options;
  }

  /** start probes for the first time within the jitter's share of the interval, so that not all begin at once. */
  start(): void {
    const { check, random } = this.#options;
    this.#wait(check.intervalMs * check.jitter * random());
  }

  /** stop ends a probe under way; nothing is reported after it. */
  stop(): void {
    this.#isStopped = true;
    this.#options.timers.clear(this.#timer);
    this.#leaveQueue();
    this.#abort?.abort();
  }

  #wait(delayMs: number): void {
    this.#timer = this.#options.timers.set(() => this.#due(), delayMs);
  }

  #again(): void {
    if (this.#isStopped) return;
    const { check, random } = this.#options;
    this.#wait(check.intervalMs * (1 + check.jitter * (2 * random() - 1)));
  }

  #due(): void {
    if (!this.#options.isWanted()) {
      this.#again();
      return;
    }
    this.#leaveQueue = this.#options.queue.enter(() => void this.#probe());
  }

  async #probe(): Promise<void> {
    const { queue, probed } = this.#options;
    const result = await this.#settle();
    queue.leave();
    if (this.#isStopped) return;
    probed(result);
    this.#again();
  }

  async #settle(): Promise<ProbeResult> {
    const { target, check, component, timers } = this.#options;
    const abort = new AbortController();
    this.#abort = abort;
    let timer: unknown;
    const timeout = new Promise<ProbeResult>((resolve) => {
      const giveUp = (): void => resolve({ status: 'failed', reason: `no answer within ${check.timeoutMs} ms` });
      abort.signal.addEventListener('abort', giveUp, { once: true });
      timer = timers.set(() => abort.abort(), check.timeoutMs);
    });
    try {
      return await Promise.race([component.probe(target, check.probe.options, abort.signal), timeout]);
    } catch (thrown) {
      return { status: 'failed', reason: reasonOf(thrown) };
    } finally {
      timers.clear(timer);
      this.#abort = null;
    }
  }
}
