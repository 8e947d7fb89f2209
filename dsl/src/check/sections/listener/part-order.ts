/**
 * PartOrder: whether a listener's lines come as settings, guards, changes, routes, and what is for answers. Main thread.
 *
 * One line that came too early makes all behind it look late. So the fewest lines that could be moved to fix the order
 * are the ones reported: those outside of the longest run of lines that is in order.
 */
import type { RulePart } from '../../../plan/rule.ts';
import type { Span } from '../../../source/source-text.ts';
import type { Scope } from '../../scope/scope.ts';

export type LinePart = RulePart | 'setting' | 'answers';

const PARTS: readonly LinePart[] = ['setting', 'guard', 'change', 'route', 'answers'];
const SINGULARS = {
  setting: 'setting',
  guard: 'guard',
  change: 'change',
  route: 'route',
  answers: '`on response`',
} as const;
const NAMES = {
  setting: 'a setting',
  guard: 'a guard',
  change: 'a change',
  route: 'a route',
  answers: 'for responses',
};

/** A line's word, and the part it belongs to. */
export interface PlacedLine {
  readonly part: LinePart;
  readonly word: string;
  readonly span: Span;
}

interface Run {
  readonly length: number;
  readonly index: number;
  readonly before: Run | null;
}

/** checkOrder reports each line that stands in the wrong part, and where it belongs. */
export function checkOrder(scope: Scope, lines: readonly PlacedLine[]): void {
  const kept = longestRun(lines.map(({ part }) => PARTS.indexOf(part)));
  if (kept.size === lines.length) return;
  for (const [index, { part, word, span }] of lines.entries()) {
    if (kept.has(index)) continue;
    const rank = PARTS.indexOf(part);
    const isKept = (other: PlacedLine, at: number): boolean => kept.has(at) && other !== lines[index];
    const later = lines.find((other, at) => at < index && isKept(other, at) && PARTS.indexOf(other.part) > rank);
    const earlier = lines.findLast((other, at) => at > index && isKept(other, at) && PARTS.indexOf(other.part) < rank);
    if (later !== undefined) {
      const where = `after the first ${SINGULARS[later.part]}`;
      scope.error('SL0401', span, { word, part: NAMES[part], where }, fix('above', scope.place(later.span).line));
    } else if (earlier !== undefined) {
      const where = `before the last ${SINGULARS[earlier.part]}`;
      scope.error('SL0401', span, { word, part: NAMES[part], where }, fix('below', scope.place(earlier.span).line));
    }
  }
}

function fix(side: string, line: number): string {
  return `Move it ${side} line ${line}: settings come first, then guards, changes, routes, \`on response\``;
}

/** longestRun returns the indexes of the longest run in which ranks never fall; of equals, the one that began earlier. */
function longestRun(ranks: readonly number[]): Set<number> {
  const best: (Run | null)[] = PARTS.map(() => null);
  for (const [index, rank] of ranks.entries()) {
    let before: Run | null = null;
    for (let lower = 0; lower <= rank; lower++) before = better(before, best[lower]!);
    best[rank] = { length: (before?.length ?? 0) + 1, index, before };
  }
  let run = best.reduce(better, null);
  const kept = new Set<number>();
  for (; run !== null; run = run.before) kept.add(run.index);
  return kept;
}

function better(a: Run | null, b: Run | null): Run | null {
  if (a === null || b === null) return a ?? b;
  if (a.length !== b.length) return a.length > b.length ? a : b;
  return a.index <= b.index ? a : b;
}
