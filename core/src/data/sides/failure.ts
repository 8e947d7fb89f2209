/**
 * Failure: how an attempt to get an answer from a server can fail, and what follows. Data plane.
 */

import type { BackendPlan } from '@sluice/dsl/plan';
import { ServerIndex } from '../../shared/tables/counters.ts';

/** Why an attempt failed; decides whether another is safe, and the status if none is. */
export type Failure =
  /** No connection was made: nothing was sent. */
  | 'connect'
  /**
   * Sent perhaps, but certainly not processed: the server said so (REFUSED_STREAM, a GOAWAY below the stream; RFC 9113 section 8.7), or the
   * connection took nothing of the request. Any method is safe to send again.
   */
  | 'refused'
  /** Ended before the first byte of an answer. */
  | 'dead'
  /** No answer, or no more of it, in time. */
  | 'timeout'
  /** Not HTTP, or not HTTP that can be trusted. */
  | 'bad'
  /** Ended in the middle of an answer. */
  | 'broken'
  /** What answers in place of servers could not. */
  | 'internal';

/** The server counter of each failure. */
export const FAILURE_COUNTERS: Readonly<Record<Failure, number>> = {
  connect: ServerIndex.connectFailures,
  refused: ServerIndex.refusals,
  dead: ServerIndex.badAnswers,
  timeout: ServerIndex.timeouts,
  bad: ServerIndex.badAnswers,
  broken: ServerIndex.badAnswers,
  internal: ServerIndex.badAnswers,
};

/** What a failure is called where people read of it. */
export const FAILURE_NAMES: Readonly<Record<Failure, string>> = {
  connect: 'no connection',
  refused: 'a request that the server did not process',
  dead: 'no answer',
  timeout: 'no answer in time',
  bad: 'an answer that is not HTTP',
  broken: 'an answer that broke off',
  internal: 'no answer of its own',
};

/** What the client gets once nothing more is tried. */
export const FAILURE_STATUSES: Readonly<Record<Failure, number>> = {
  connect: 503,
  refused: 503,
  dead: 502,
  timeout: 504,
  bad: 502,
  broken: 502,
  internal: 500,
};

/** How often one request is sent again because servers did not process it. `retry` does not count these. */
const MOST_REFUSALS = 5;

/**
 * costsRetry tells whether sending again takes from the backend's budget: it does when a server has seen the request, as that is
 * what more requests make worse. That a connection was not made, that a kept one was dead, or that the server never processed the
 * request costs no server anything; the number of attempts bounds it.
 */
export function costsRetry(failure: Failure, wasReused: boolean): boolean {
  return failure !== 'connect' && failure !== 'refused' && !(failure === 'dead' && wasReused);
}

/** RetryRules is what a backend says of sending again. */
export interface RetryRules {
  readonly plan: Pick<BackendPlan, 'retry'>;
  readonly retriesConnectFailure: boolean;
}

/**
 * blamesServer tells whether a failure counts against its server: for `eject`, `break circuit` and strategies. That a kept connection has died, or
 * that a server which closes a connection in good order left a request alone, says nothing of it.
 */
export function blamesServer(failure: Failure, wasReused: boolean): boolean {
  return failure !== 'refused' && !(failure === 'dead' && wasReused);
}

/**
 * maySendAgain tells whether a failed request may go to a server once more. `attempts` counts those made without those that were
 * refused, `refusals` those; `isRepeatable`: the method is idempotent and there is no body; `wasReused`: the connection had served before.
 */
export function maySendAgain(
  failure: Failure,
  backend: RetryRules,
  attempts: number,
  refusals: number,
  isRepeatable: boolean,
  wasReused: boolean,
): boolean {
  if (failure === 'refused') return refusals <= MOST_REFUSALS;
  if (failure !== 'connect') {
    if (failure !== 'dead' || !isRepeatable) return false;
    // A kept connection that the server had closed says nothing about the server, so it does not use up a retry.
    if (wasReused) return true;
  }
  return backend.retriesConnectFailure && attempts <= backend.plan.retry.times;
}
