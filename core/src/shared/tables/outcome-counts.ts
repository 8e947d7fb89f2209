/**
 * OutcomeCounts: how real requests went lately, for each server and each backend, over all threads. Hot path; both planes.
 *
 * Failures in a row, and requests and failures of a sliding window, kept in five parts that are used again in turn. Nothing locks: two
 * threads that begin a new part in the same instant may lose a request or two of it, which a rate can bear.
 */
import { BACKEND_CAPACITY } from './counters.ts';
import { SERVER_CAPACITY } from './server-table.ts';
import type { SharedMemory } from './shared-memory.ts';

/** OutcomePolicy says when there have been too many failures. */
export interface OutcomePolicy {
  /** So many in a row; 0: however many. */
  readonly failures: number;
  /** More than this share of the window's requests, 0 to 1; 0: however many. */
  readonly errorShare: number;
  /** A window with fewer requests says nothing. */
  readonly requests: number;
  readonly windowMs: number;
}

const PARTS = 5;
const STRIDE = 20;
const IN_A_ROW = 0;
/** Set by the thread that reports a place, until the control plane has dealt with it. */
const TOLD = 1;
const PARTS_AT = 4;
/** Of a part: which one it is, its requests, its failures. */
const EPOCH = 0;
const REQUESTS = 1;
const FAILURES = 2;
const PART = 3;

export class OutcomeCounts {
  readonly #words: Int32Array;

  static bytes(): number {
    return 4 * STRIDE * (SERVER_CAPACITY + BACKEND_CAPACITY);
  }

  constructor(memory: SharedMemory) {
    this.#words = new Int32Array(memory.outcomes);
  }

  /** ofServer and ofBackend are the places of a slot. */
  static ofServer(slot: number): number {
    return slot;
  }

  static ofBackend(slot: number): number {
    return SERVER_CAPACITY + slot;
  }

  succeeded(place: number, policy: OutcomePolicy, nowMs: number): void {
    const at = place * STRIDE;
    if (this.#words[at + IN_A_ROW] !== 0) Atomics.store(this.#words, at + IN_A_ROW, 0);
    if (policy.errorShare !== 0) this.#count(at, policy.windowMs, nowMs, REQUESTS);
  }

  /** failed counts one more and returns why that is too many, for people; null: it is not. */
  failed(place: number, policy: OutcomePolicy, nowMs: number): string | null {
    const at = place * STRIDE;
    const inARow = Atomics.add(this.#words, at + IN_A_ROW, 1) + 1;
    if (policy.errorShare !== 0) {
      this.#count(at, policy.windowMs, nowMs, REQUESTS);
      this.#count(at, policy.windowMs, nowMs, FAILURES);
    }
    if (policy.failures !== 0 && inARow >= policy.failures) return `${inARow} failures in a row`;
    if (policy.errorShare === 0) return null;
    const requests = this.#sum(at, policy.windowMs, nowMs, REQUESTS);
    const failures = this.#sum(at, policy.windowMs, nowMs, FAILURES);
    if (requests < policy.requests || failures <= requests * policy.errorShare) return null;
    return `${failures} of ${requests} requests failed within ${policy.windowMs / 1000} s`;
  }

  /** claimReport is true for the first thread that wants to report a place, until it is reset. */
  claimReport(place: number): boolean {
    return Atomics.compareExchange(this.#words, place * STRIDE + TOLD, 0, 1) === 0;
  }

  /** reset forgets all of a place. */
  reset(place: number): void {
    for (let field = STRIDE - 1; field >= 0; field--) Atomics.store(this.#words, place * STRIDE + field, 0);
  }

  #count(at: number, windowMs: number, nowMs: number, field: number): void {
    const epoch = epochOf(windowMs, nowMs);
    const part = at + PARTS_AT + (epoch % PARTS) * PART;
    const before = Atomics.load(this.#words, part + EPOCH);
    if (before !== epoch && Atomics.compareExchange(this.#words, part + EPOCH, before, epoch) === before) {
      Atomics.store(this.#words, part + REQUESTS, 0);
      Atomics.store(this.#words, part + FAILURES, 0);
    }
    Atomics.add(this.#words, part + field, 1);
  }

  #sum(at: number, windowMs: number, nowMs: number, field: number): number {
    const epoch = epochOf(windowMs, nowMs);
    let sum = 0;
    for (let part = at + PARTS_AT; part < at + PARTS_AT + PARTS * PART; part += PART) {
      if (epoch - this.#words[part + EPOCH]! < PARTS) sum += this.#words[part + field]!;
    }
    return sum;
  }
}

/** Never 0, which is an empty part's. */
function epochOf(windowMs: number, nowMs: number): number {
  return (Math.floor((nowMs * PARTS) / windowMs) % 0x3fffffff) + PARTS;
}
