/**
 * ConditionPhase: how much is known where a condition is evaluated. Main thread.
 */
import type { Phase } from '../../vocabulary/word.ts';

/** What a condition may use: connection words only in a `tcp` listener, response words only in `on response`, all words in access logs. */
export type ConditionPhase = Phase;

/** The phases in order of time: a word may stand where the rank is its own or higher. */
export const PHASE_RANK: Readonly<Record<ConditionPhase, number>> = {
  connection: 0,
  request: 1,
  response: 2,
  ended: 3,
};
