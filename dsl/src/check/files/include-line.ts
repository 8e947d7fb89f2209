/**
 * IncludeLine: `include ["optional"] "GLOB"`: which files belong to the rules as well. Main thread.
 */
import type { DiagnosticList } from '../../diagnostics/diagnostic-list.ts';
import type { SourceText, Span } from '../../source/source-text.ts';
import type { Statement, WordItem } from '../../syntax/tree.ts';
import { Reader } from '../scope/reader.ts';
import type { Reading } from '../scope/reading.ts';

export interface IncludeLine {
  readonly glob: WordItem;
  readonly isOptional: boolean;
}

/** readIncludeLine reads the line, or reports and returns null. */
export function readIncludeLine(
  source: SourceText,
  diagnostics: DiagnosticList,
  statement: Statement,
  reading: Reading | null = null,
): IncludeLine | null {
  if (statement.isBroken) return null;
  const error = (code: string, span: Span, values: Record<string, string>, fix: string): null => {
    diagnostics.add(code, source, span, values, fix);
    return null;
  };
  const example = 'For example `include "shared/*.sluice"`';
  const reader = new Reader(statement.head.phrases[0]!, 1);
  reading?.keyword(reader, 'optional', 'it is no mistake when no file matches');
  const isOptional = reader.isWord('optional');
  if (isOptional) reader.at++;
  const word = source.text.slice(reader.last().start, reader.last().end);
  const glob = reader.peek();
  if (glob === undefined) return error('SL0117', reader.last(), { word, what: 'a path in quotes' }, example);
  const sliced = (span: Span): string => source.text.slice(span.start, span.end);
  if (glob.kind !== 'text') {
    const isPath = glob.kind === 'word' && /[./*]/.test(glob.value);
    return error('SL0118', glob, { word: sliced(glob) }, isPath ? `Write \`"${glob.value}"\`` : example);
  }
  if (glob.value === '') return error('SL0618', glob, { operator: 'include' }, 'Write a path');
  reader.at++;
  const rest = reader.peek() ?? statement.head.joints[0] ?? statement.whenSpan ?? statement.block;
  if (rest == null) return { glob, isOptional };
  const end = rest === statement.block ? rest.start + 1 : rest.end;
  const span = { start: rest.start, end };
  return error('SL0118', span, { word: sliced(span) }, '`include` takes one path; `*` and `**` match many files');
}
