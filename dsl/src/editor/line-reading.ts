/**
 * LineReading: one line of a rule file, read by the checker: what each word is, and what may follow the last. Main thread.
 *
 * This is the one place where the editor meets the checker, which reads the line as it does in a compilation. What it
 * reports is dropped, as lines are half written most of the time; what it notes counts.
 */
import { checkFiles } from '../check/file-checker.ts';
import { Reading } from '../check/scope/reading.ts';
import type { Expected, Role } from '../check/scope/role.ts';
import { Scope } from '../check/scope/scope.ts';
import { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { SourceText } from '../source/source-text.ts';
import type { FileTree } from '../syntax/tree.ts';
import type { Vocabulary } from '../vocabulary/vocabulary.ts';
import { lineTree } from './line-tree.ts';
import type { SourceLine, SourceWord } from './source-line.ts';

export interface LineReading {
  /** The role of each word; null for what has none, such as a comma, or for what is not understood. */
  readonly roles: readonly (Role | null)[];
  /** What may follow the last word. */
  readonly expected: readonly Expected[];
}

/** A file that a rule file names, as if it were there and held nothing. */
const NOTHING = new SourceText('', '\n');

/** Unreported drops what is reported. There is always an error: what only whole and right files show is of no use here. */
class Unreported extends DiagnosticList {
  override get isFull(): boolean {
    return false;
  }

  override get hasErrors(): boolean {
    return true;
  }

  override add(): void {}
}

/** scopeOf is what the checker knows when it reads lines of files; `names` are those of all files. */
function scopeOf(source: SourceText, vocabulary: Vocabulary, names: Scope | null = null): Scope {
  const options = { isWordMissing: false, listed: { get: () => NOTHING }, env: {} };
  return new Scope(source, new Unreported(), vocabulary, options, names);
}

/** readNames has the checker read the tops of files. The scope it returns knows the names of all. */
export function readNames(trees: readonly FileTree[], vocabulary: Vocabulary): Scope {
  const scope = scopeOf(trees[0]?.source ?? NOTHING, vocabulary);
  if (trees.length > 0) checkFiles(scope, trees);
  return scope;
}

/**
 * readLine has the checker read words as a line in the block of `parent` (null: at the top of the file). `at` is where the
 * line is if it has no words; null: nothing is expected behind it.
 */
export function readLine(
  source: SourceText,
  words: readonly SourceWord[],
  parent: SourceLine | null,
  names: Scope,
  at: number | null,
): LineReading {
  const { tree, open } = lineTree(source, words, parent, at ?? 0);
  const scope = scopeOf(source, names.vocabulary, names);
  const reading = new Reading(at === null ? null : open);
  scope.reading = reading;
  // A line that defines a name is read as if it were new, and leaves the names as they were.
  const own = words[1]?.value ?? '';
  const tables: readonly Map<string, unknown>[] = [names.lists, names.maps, names.backends, names.listeners];
  const before = tables.map((table) => table.get(own));
  checkFiles(scope, [tree]);
  for (const [index, table] of tables.entries()) {
    if (before[index] !== undefined) table.set(own, before[index]);
    else table.delete(own);
  }
  return {
    roles: words.map(({ start }) => reading.roles.get(start) ?? null),
    expected: [...reading.expected.values()],
  };
}
