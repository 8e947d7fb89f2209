/**
 * Tracer: which requests of a generation are sampled, whose traces go on, and what is reported of them. Hot path where requests are
 * traced; data plane.
 */
import type { TracePlan } from '@sluice/dsl/plan';
import type { LinkedExporter } from './linked-exporter.ts';
import { PhaseMarks } from './phase-marks.ts';
import { type Headers, TraceContext } from './trace-context.ts';

/** What cannot be read has no fields. */
const UNREAD: Headers = { header: () => undefined };

export class Tracer {
  /** Gets sampled requests that have ended; null: nobody does. */
  readonly exporter: LinkedExporter | null;
  readonly #plan: TracePlan;
  readonly #random: () => number;

  constructor(plan: TracePlan, exporter: LinkedExporter | null, random: () => number) {
    this.#plan = plan;
    this.exporter = exporter;
    this.#random = random;
  }

  /** trace is the place of a request in a trace. What its sender has decided about sampling holds. */
  trace(headers: Headers = UNREAD): TraceContext {
    const known = this.#plan.ignoresIncoming ? null : TraceContext.continued(headers);
    const trace = known ?? TraceContext.begun(this.#random() < this.#plan.sample);
    if (trace.isSampled && this.exporter !== null) trace.marks = new PhaseMarks();
    return trace;
  }
}
