/**
 * TraceContext: the place of one request in a trace: which trace, whose child it is, and what servers are told of it (W3C Trace Context).
 * Hot path where requests are traced; data plane.
 */
import type { PhaseMarks } from './phase-marks.ts';
import { randomHex } from './random-hex.ts';
import { readTraceParent, SAMPLED, traceParent } from './trace-parent.ts';
import { traceStateOf } from './trace-state.ts';

/** Headers are the values of a request's fields, by lower-case name. */
export interface Headers {
  header(name: string): string | readonly string[] | undefined;
}

export class TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** The span that the request belongs to at whoever sent it, 16 digits; empty: the trace begins here. */
  readonly parentId: string;
  /** The gateway's own span for the request, which is the parent of the server's. */
  readonly spanId: string;
  readonly isSampled: boolean;
  readonly state: string;
  /** The moments of the request, where it is to be reported; null: it is not. */
  marks: PhaseMarks | null = null;
  readonly #flags: number;

  private constructor(traceId: string, parentId: string, flags: number, state: string) {
    this.traceId = traceId;
    this.parentId = parentId;
    this.spanId = randomHex(8);
    this.isSampled = (flags & SAMPLED) !== 0;
    this.state = state;
    this.#flags = flags;
  }

  /** continued goes on with the trace that a request brought; null: it brought none that is valid. */
  static continued(headers: Headers): TraceContext | null {
    if (!readTraceParent(headers.header('traceparent'))) return null;
    const { traceId, parentId, flags } = traceParent;
    return new TraceContext(traceId, parentId, flags, traceStateOf(headers.header('tracestate')));
  }

  /** begun begins a trace. */
  static begun(isSampled: boolean): TraceContext {
    return new TraceContext(randomHex(16), '', isSampled ? SAMPLED : 0, '');
  }

  /** fields are the field lines that a server gets. */
  fields(): string {
    const parent = `traceparent: 00-${this.traceId}-${this.spanId}-0${this.#flags}\r\n`;
    return this.state === '' ? parent : `${parent}tracestate: ${this.state}\r\n`;
  }
}
