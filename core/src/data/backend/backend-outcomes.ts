/**
 * BackendOutcomes: what the answers of a backend's servers say of them: which is to be ejected, and whether the backend's
 * circuit breaks. Hot path; data plane. Made only for backends with `eject` or `break circuit`.
 *
 * Counting is done here; ejecting by the control plane, which is told once. The circuit is broken and closed here, at once.
 */
import type { BackendPlan, CircuitPlan, EjectPlan } from '@sluice/dsl/plan';
import { TRIAL } from '../../shared/tables/circuit-table.ts';
import { OutcomeCounts } from '../../shared/tables/outcome-counts.ts';
import type { Loop } from '../loop/loop.ts';

/** Tried is what outcomes keep on a request. */
export interface Tried {
  /** It is the one that decides whether a broken circuit closes. */
  isTrial: boolean;
}

export class BackendOutcomes {
  readonly #slot: number;
  readonly #place: number;
  readonly #eject: EjectPlan | null;
  readonly #circuit: CircuitPlan | null;
  readonly #ejectStatuses: Uint8Array;
  readonly #circuitStatuses: Uint8Array;
  readonly #loop: Loop;

  /** of makes a backend's; null when it has no use for them. */
  static of(plan: BackendPlan, slot: number, loop: Loop): BackendOutcomes | null {
    return plan.eject === null && plan.circuit === null ? null : new BackendOutcomes(plan, slot, loop);
  }

  private constructor({ eject, circuit }: BackendPlan, slot: number, loop: Loop) {
    this.#slot = slot;
    this.#place = OutcomeCounts.ofBackend(slot);
    this.#eject = eject;
    this.#circuit = circuit;
    this.#ejectStatuses = statusSet(eject?.statuses ?? []);
    this.#circuitStatuses = statusSet(circuit?.statuses ?? []);
    this.#loop = loop;
  }

  /** admits says whether the circuit lets a request go to a server now. */
  admits(request: Tried): boolean {
    const circuit = this.#circuit;
    if (circuit === null || request.isTrial || this.#loop.circuits.isClosed(this.#slot)) return true;
    const verdict = this.#loop.circuits.admit(this.#slot, this.#loop.now(), circuit.openMs);
    if (verdict !== TRIAL) return verdict !== 0;
    request.isTrial = true;
    this.#loop.circuitChanged(this.#slot, 'half-open', 'its time is over: one request is let through');
    return true;
  }

  /** answered: a server has answered with this status. */
  answered(server: number, status: number, request: Tried): void {
    if (this.#eject !== null) this.#judgeServer(server, this.#ejectStatuses[status] === 1, `status ${status}`);
    if (this.#circuit !== null) this.#judgeBackend(this.#circuitStatuses[status] === 1, `status ${status}`, request);
  }

  /** onFirstByte: a server whose connections are passed on has sent something. */
  onFirstByte(server: number, request: Tried): void {
    if (this.#eject !== null) this.#judgeServer(server, false, '');
    if (this.#circuit !== null) this.#judgeBackend(false, 'the server spoke', request);
  }

  /** failed: a server has given no answer, or none that can be used. `why` is for people. */
  failed(server: number, why: string, request: Tried): void {
    if (this.#eject !== null) this.#judgeServer(server, true, why);
    if (this.#circuit !== null) this.#judgeBackend(true, why, request);
  }

  #judgeServer(server: number, hasFailed: boolean, last: string): void {
    const { outcomes, now } = this.#loop;
    const place = OutcomeCounts.ofServer(server);
    if (!hasFailed) {
      outcomes.succeeded(place, this.#eject!, now());
      return;
    }
    const reason = outcomes.failed(place, this.#eject!, now());
    if (reason !== null && outcomes.claimReport(place)) this.#loop.failing(server, `${reason}, the last: ${last}`);
  }

  #judgeBackend(hasFailed: boolean, last: string, request: Tried): void {
    const { outcomes, circuits, now } = this.#loop;
    const circuit = this.#circuit!;
    const nowMs = now();
    if (request.isTrial) {
      request.isTrial = false;
      if (!hasFailed) outcomes.reset(this.#place);
      if (!circuits.tried(this.#slot, !hasFailed, nowMs, circuit.openMs)) return;
      if (hasFailed) this.#loop.circuitChanged(this.#slot, 'open', `the trial failed: ${last}`);
      else this.#loop.circuitChanged(this.#slot, 'closed', `the trial was answered: ${last}`);
      return;
    }
    // What was under way when it broke says nothing new.
    if (!circuits.isClosed(this.#slot)) return;
    if (!hasFailed) {
      outcomes.succeeded(this.#place, circuit, nowMs);
      return;
    }
    const reason = outcomes.failed(this.#place, circuit, nowMs);
    if (reason === null || !circuits.open(this.#slot, nowMs, circuit.openMs)) return;
    this.#loop.circuitChanged(this.#slot, 'open', `${reason}, the last: ${last}`);
  }
}

function statusSet(statuses: readonly (number | string)[]): Uint8Array {
  const set = new Uint8Array(1000);
  for (const entry of statuses) {
    const [from, to] = String(entry).split('..').map(Number);
    set.fill(1, from!, (to ?? from!) + 1);
  }
  return set;
}
