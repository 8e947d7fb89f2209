/**
 * TextSpan: where a part of a written text stands in the file. Main thread.
 */
import type { Span } from '../../source/source-text.ts';
import type { WordItem } from '../../syntax/tree.ts';
import type { Scope } from '../scope/scope.ts';

/** spanIn is exact where the string is written without escapes; else it is the string. */
export function spanIn(scope: Scope, item: WordItem, from: number, to: number): Span {
  const before = item.kind === 'text' ? 1 : 0;
  if (item.end - item.start !== item.value.length + 2 * before) return item;
  const start = item.start + before + from;
  return scope.source.text.slice(start, item.start + before + to) === item.value.slice(from, to)
    ? { start, end: item.start + before + to }
    : item;
}
