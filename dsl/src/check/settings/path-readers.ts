/**
 * PathReaders: the kinds of servers that a line `paths for …` names. Main thread.
 */
import type { PathReader } from '../../plan/path-policy.ts';
import type { Args } from '../../plan/rule.ts';

export function readersIn({ readers = [] }: Args): readonly PathReader[] {
  return (readers as readonly string[]).map((reader) => reader.toLowerCase() as PathReader);
}
