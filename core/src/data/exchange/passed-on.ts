/**
 * PassedOn: whether a listener's `tls passthrough` lines take a connection. Data plane; once a connection, and where one is asked for another name.
 */
import { MatchError } from '@sluice/dsl/match';
import type { LinkedListener } from '../backend/generation.ts';
import type { Loop } from '../loop/loop.ts';
import type { ConnectionFacts } from '../message/connection-facts.ts';
import { ruleFailed } from './judge.ts';

/** isPassedOn: one of the lines wants it; null: one of them failed, which was counted and logged. */
export function isPassedOn(passthrough: LinkedListener, facts: ConnectionFacts, loop: Loop): boolean | null {
  try {
    return passthrough.routes.next(facts, 0) !== -1;
  } catch (error) {
    const index = error instanceof MatchError ? error.rule : -1;
    ruleFailed(passthrough, passthrough.routeRules[index] ?? null, error, loop);
    return null;
  }
}
