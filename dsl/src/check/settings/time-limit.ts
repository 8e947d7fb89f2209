/**
 * TimeLimit: an argument of a line `timeout`. Main thread.
 */
import type { BaseArg } from '../../vocabulary/setting-word.ts';

const DAY = 86_400_000;

/** timeLimit is an argument `NAME TIME`, of at most a day. */
export function timeLimit<const N extends string>(name: N, doc: string) {
  return { name, type: 'duration', before: name, doc, isOptional: true, min: 1, max: DAY } as const satisfies BaseArg;
}
