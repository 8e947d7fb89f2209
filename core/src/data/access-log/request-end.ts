/**
 * RequestEnd: a request, or a relayed connection, at the moment when it has ended: what lines of access logs are made of. Hot path; data plane.
 *
 * There is one for each thread, filled by the exchange that ends and read at once.
 */
import type { BackendPlan, Rule, ServerPlan } from '@sluice/dsl/plan';
import type { EndedFacts } from '../message/live-facts.ts';
import type { LiveRequest } from '../message/live-request.ts';

/** HeaderValues are the values of a header: undefined: it has none. */
export type HeaderValues = string | readonly string[] | undefined;

export class RequestEnd implements EndedFacts {
  request!: LiveRequest;
  listener = '';
  /** It is a connection of a `tcp` listener: it has no head, no answer and no status. */
  isRelayed = false;
  /** The rule that decided; null: none did. */
  rule: Rule | null = null;
  /** What it was sent to; null: nothing. */
  backendPlan: BackendPlan | null = null;
  /** Who answered, or was tried last; null: nobody. */
  serverPlan: ServerPlan | null = null;
  totalMs = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** The same without heads. */
  bodyOut = 0;
  /** Of the listener's `answerHeaders`, in their order; null: there was no answer, or nobody asks. */
  answerValues: readonly HeaderValues[] | null = null;
  /** What `answerValues` are the values of. */
  answerHeaders: readonly string[] = [];

  /** The wall-clock time of the end of the request's head, in milliseconds since 1970. */
  get startedAtMs(): number {
    return Date.now() - this.totalMs;
  }

  /** From the end of the request's head to that of the answer; -1: no server answered. */
  get responseMs(): number {
    const { answerMs, startMs } = this.request;
    return answerMs === 0 ? -1 : answerMs - startMs;
  }

  answerHeader(name: string): HeaderValues {
    const index = this.answerHeaders.indexOf(name);
    return index === -1 || this.answerValues === null ? undefined : this.answerValues[index];
  }

  // As conditions see it.

  get status(): number {
    return this.request.status;
  }

  get durationMs(): number {
    return this.totalMs;
  }

  get retries(): number {
    return Math.max(0, this.request.attempts - 1);
  }

  get backend(): string | undefined {
    return this.backendPlan?.name;
  }

  get server(): string | undefined {
    return this.serverPlan?.name;
  }

  get endedBy(): 'client' | 'server' | 'gateway' | undefined {
    const { endedBy } = this.request;
    return endedBy === '' ? undefined : endedBy;
  }
}
