/**
 * ServerHealth: what the probes of one server add up to, by rise and fall. Main thread; no clock, no sockets.
 *
 * As HAProxy counts: a server that was never probed begins running on trust, and its first failure stops it. After that
 * `fall` failures in a row stop a running server and `rise` passes in a row start a stopped one. `condpass` (the server
 * answers, but wants no new clients) makes a running server `stopping`; `neutral` says nothing.
 */
import type { ProbeStatus } from '../../plugin/health-check.ts';
import type { LastCheck, ServerState } from '../../shared/tables/server-table.ts';

export interface RiseAndFall {
  readonly rise: number;
  readonly fall: number;
}

/** HealthCounts is all that there is to know of a server's health. */
export interface HealthCounts {
  readonly state: ServerState;
  readonly lastCheck: LastCheck;
  /** Failures, and passes, in a row. */
  readonly failures: number;
  readonly passes: number;
  readonly isOnTrust: boolean;
}

export class ServerHealth {
  /** Counts stay when it changes. */
  policy: RiseAndFall;
  #state: ServerState = 'running';
  #lastCheck: LastCheck = 'unknown';
  #failures = 0;
  #passes = 0;
  /** No probe has passed yet: the server runs on trust. */
  #isOnTrust = true;

  /** Without trust it begins stopped, and its first pass starts it. */
  constructor(policy: RiseAndFall, isOnTrust = true) {
    this.policy = policy;
    if (isOnTrust) return;
    this.#state = 'stopped';
    this.#passes = policy.rise - 1;
  }

  /** copy goes on from here by itself, under another policy: it is the same machine, under another name. */
  copy(policy: RiseAndFall): ServerHealth {
    const copy = new ServerHealth(policy);
    copy.#state = this.#state;
    copy.#lastCheck = this.#lastCheck;
    copy.#failures = this.#failures;
    copy.#passes = this.#passes;
    copy.#isOnTrust = this.#isOnTrust;
    return copy;
  }

  /** counts are what `resume` goes on from in another process. */
  get counts(): HealthCounts {
    const [state, lastCheck, failures, passes] = [this.#state, this.#lastCheck, this.#failures, this.#passes];
    return { state, lastCheck, failures, passes, isOnTrust: this.#isOnTrust };
  }

  /**
   * resume goes on from what was known before. `isLate`: probes were missed meanwhile, so that nothing is known of rows any more: one pass
   * starts the server, and one failure stops it.
   */
  resume({ state, lastCheck, failures, passes, isOnTrust }: HealthCounts, isLate: boolean): void {
    this.#state = state;
    this.#lastCheck = lastCheck;
    this.#failures = isLate ? 0 : failures;
    this.#passes = isLate ? this.policy.rise - 1 : passes;
    this.#isOnTrust = isLate || isOnTrust;
  }

  get state(): ServerState {
    return this.#state;
  }

  get lastCheck(): LastCheck {
    return this.#lastCheck;
  }

  /** isChanging: results differ from the state, but not yet often enough in a row. */
  get isChanging(): boolean {
    return this.#state === 'stopped' ? this.#passes > 0 : this.#failures > 0;
  }

  /** note takes a probe's result in, and returns the state from then on. */
  note(status: ProbeStatus): ServerState {
    this.#lastCheck = status;
    if (status === 'failed') this.#fail();
    else if (status !== 'neutral') this.#pass(status === 'condpass');
    return this.#state;
  }

  #fail(): void {
    this.#passes = 0;
    this.#failures++;
    if (this.#state === 'stopped') return;
    if (this.#isOnTrust || this.#failures >= this.policy.fall) this.#state = 'stopped';
  }

  #pass(wantsNoClients: boolean): void {
    this.#failures = 0;
    this.#passes++;
    this.#isOnTrust = false;
    if (this.#state === 'stopped' && this.#passes < this.policy.rise) return;
    this.#state = wantsNoClients ? 'stopping' : 'running';
  }
}
