/**
 * UnknownYet: whether a word's facts are known where it stands, and where it belongs if not. Main thread.
 */
import type { Span } from '../../source/source-text.ts';
import type { FieldWord, Phase } from '../../vocabulary/word.ts';
import { type ConditionPhase, PHASE_RANK } from './condition-phase.ts';
import type { Scope } from './scope.ts';

interface PhasedWord {
  readonly name: string;
  readonly phase: Phase;
  readonly knownFrom?: FieldWord['knownFrom'] | undefined;
}

/** unknownYet reports a word whose facts come later than where it stands. */
export function unknownYet(
  scope: Scope,
  span: Span,
  word: PhasedWord,
  phase: ConditionPhase,
  words: readonly PhasedWord[],
): void {
  if (word.phase === 'ended') {
    const fix = 'Only `log access … when …` knows how a request has ended';
    scope.error('SL0407', span, { word: word.name, where: 'before the request has ended' }, fix);
    return;
  }
  const where = phase === 'connection' ? scope.connectionPlace : 'before the server has answered';
  // What only few listeners see would make the list long, and help hardly anybody.
  const here = words
    .filter(({ knownFrom }) => knownFrom === undefined || knownFrom === 'hello')
    .filter((other) => PHASE_RANK[other.phase] <= PHASE_RANK[phase])
    .map((other) => other.name);
  const list = here.length === 0 ? null : `Here: ${here.join(', ')}`;
  const fix = phase === 'request' ? 'Move the line into `on response { … }`' : list;
  scope.error('SL0407', span, { word: word.name, where }, fix);
}
