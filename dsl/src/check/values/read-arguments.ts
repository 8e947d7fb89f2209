/**
 * ReadArguments: what was read of a word's arguments. Main thread.
 */
import type { Args } from '../../plan/rule.ts';
import type { Span } from '../../source/source-text.ts';

/** The arguments read, and where each stands. `isRight` is false when any of them was reported. */
export interface ReadArguments {
  readonly args: Args;
  readonly spans: ReadonlyMap<string, Span>;
  readonly isRight: boolean;
}
