/**
 * Tracer: which requests of a generation are sampled, and whose traces go on. Hot path where requests are traced; data plane.
 */
import type { TracePlan } from '@sluice/dsl/plan';
import { type Headers, TraceContext } from './trace-context.ts';

export class Tracer {
  readonly #plan: TracePlan;
  readonly #random: () => number;

  constructor(plan: TracePlan, random: () => number) {
    this.#plan = plan;
    this.#random = random;
  }

  /** trace is the place of a request in a trace. What its sender has decided about sampling holds. */
  trace(headers: Headers): TraceContext {
    const known = this.#plan.ignoresIncoming ? null : TraceContext.continued(headers);
    return known ?? TraceContext.begun(this.#random() < this.#plan.sample);
  }
}
