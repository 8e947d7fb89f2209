/**
 * FirstProbes: one probe of each server that a reload brings, before the reload switches over. Main thread.
 *
 * What they say is kept until the servers are watched. They share the queue of all probes. A probe that has not ended in time is aborted,
 * and nothing is known of its server.
 */
import type { Args, CheckPlan } from '@sluice/dsl/plan';
import type { HealthCheck, ProbeResult, ProbeTarget } from '../../plugin/health-check.ts';
import type { TimerGrid } from '../clock/timer-grid.ts';
import type { Timers } from '../clock/timers.ts';
import type { ProbeQueue } from './probe-queue.ts';
import { ProbeSchedule } from './probe-schedule.ts';

export interface FirstProbesOptions {
  readonly queue: ProbeQueue;
  readonly grid: TimerGrid;
  readonly timers: Timers;
  /** The component behind a check's name. */
  component(name: string): HealthCheck;
}

/** FirstProbe is one that is to be made. */
export interface FirstProbe {
  /** `backend/server`. */
  readonly path: string;
  /** Tells what was probed, and how, from anything else under the same name. */
  readonly key: string;
  readonly target: ProbeTarget;
  readonly check: CheckPlan;
  /** The check's options, with the values of secrets. */
  readonly options: Args;
}

/** Proof is how a first probe ended. */
export interface Proof {
  readonly result: ProbeResult;
  readonly tookMs: number;
}

export class FirstProbes {
  readonly #options: FirstProbesOptions;
  readonly #wanted: FirstProbe[] = [];
  readonly #proofs = new Map<string, Proof & { readonly key: string }>();
  #end: () => void = () => {};

  constructor(options: FirstProbesOptions) {
    this.#options = options;
  }

  /** add is a probe for the next run. */
  add(probe: FirstProbe): void {
    this.#wanted.push(probe);
  }

  /** run makes all probes, and resolves when they have ended or the time is over. */
  async run(limitMs: number): Promise<void> {
    this.#proofs.clear();
    const wanted = this.#wanted.splice(0);
    if (wanted.length === 0) return;
    const { timers, queue, grid, component } = this.#options;
    const running = new Set<ProbeSchedule>();
    let timer: unknown;
    await new Promise<void>((resolve) => {
      this.#end = resolve;
      timer = timers.set(resolve, limitMs);
      for (const { path, key, target, check, options } of wanted) {
        const schedule: ProbeSchedule = new ProbeSchedule({
          ...{ target, check, options, component: component(check.probe.name), queue, grid },
          random: () => 0,
          isWanted: () => true,
          isChanging: () => false,
          probed: (result, tookMs) => {
            this.#proofs.set(path, { key, result, tookMs });
            schedule.stop();
            running.delete(schedule);
            if (running.size === 0) resolve();
          },
        });
        running.add(schedule);
      }
      for (const schedule of running) schedule.start(0);
    });
    timers.clear(timer);
    for (const schedule of running) schedule.stop();
  }

  /** take hands out what a server's first probe said; null: it has said nothing of this. */
  take(path: string, key: string): Proof | null {
    const proof = this.#proofs.get(path);
    return proof === undefined || proof.key !== key ? null : proof;
  }

  /** clear forgets what the probes said. */
  clear(): void {
    this.#proofs.clear();
  }

  /** stop ends a run at once. */
  stop(): void {
    this.#end();
    this.clear();
  }
}
