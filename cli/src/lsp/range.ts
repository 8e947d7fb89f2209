/**
 * Range: offsets and places of rule files as ranges of the Language Server Protocol (rows and UTF-16 columns from 0). Main thread.
 */
import type { Place } from '@sluice/dsl/plan';
import type { Range } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';

/** rangeOf is the range of a span of offsets. */
export function rangeOf(text: TextDocument, { start, end }: { readonly start: number; readonly end: number }): Range {
  return { start: text.positionAt(start), end: text.positionAt(end) };
}

/** rangeOfPlace is the range of a diagnostic's place. */
export function rangeOfPlace(text: TextDocument, { line, column, length }: Place): Range {
  const start = text.offsetAt({ line: line - 1, character: column - 1 });
  return rangeOf(text, { start, end: start + length });
}
