/**
 * WrittenPaths: what the lines of one listener say of paths. Main thread.
 */
import type { PathPolicy, PathReader } from '../../../plan/path-policy.ts';
import type { Args } from '../../../plan/rule.ts';
import { PATH_FLAGS } from '../../../vocabulary/path-words.ts';
import type { PathLines, Scope } from '../../scope/scope.ts';
import { Collected } from '../collected.ts';
import { readersIn } from '../path-readers.ts';
import type { SettingLine } from '../setting-line.ts';

export class WrittenPaths extends Collected<undefined> implements PathLines {
  readonly readers: PathReader[] = [];
  readonly parts: { -readonly [P in Exclude<keyof PathPolicy, 'readers'>]?: PathPolicy[P] } = {};
  readonly #lines = new Map<string, number>();

  /** add reads one line; a part that is settled twice is an error. */
  add(scope: Scope, args: Args, spans: SettingLine['spans']): void {
    this.readers.push(...readersIn(args));
    for (const { phrase, part, value } of PATH_FLAGS) {
      const span = spans.get(phrase);
      if (span === undefined) continue;
      const before = this.#lines.get(part);
      if (before !== undefined) scope.error('SL0122', span, { word: `paths ${phrase}`, line: before });
      this.#lines.set(part, scope.place(span).line);
      (this.parts as Record<string, unknown>)[part] = value;
    }
  }

  /** allowEncodedSlashes is what the line of that name says. */
  allowEncodedSlashes(): void {
    this.parts.encodedSlashes = 'keep';
  }

  /** The policy follows from the lines of all listeners and backends. */
  plan(): undefined {
    return undefined;
  }
}
