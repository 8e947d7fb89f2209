/**
 * UseLine: `use NAME from "…" [{ option value… }]`: which plugin, and its options. Main thread.
 */

import type { DiagnosticList } from '../../diagnostics/diagnostic-list.ts';
import type { Args, ArgValue } from '../../plan/rule.ts';
import type { SourceText, Span } from '../../source/source-text.ts';
import type { Statement, WordItem } from '../../syntax/tree.ts';
import { Reader } from '../scope/reader.ts';
import type { Reading } from '../scope/reading.ts';
import { isName, isNumberLike, readDuration, readPercent, readSize } from '../values/literals.ts';

export interface UseLine {
  readonly name: string;
  readonly from: string;
  readonly options: Args;
  readonly nameSpan: Span;
  readonly fromSpan: Span;
  readonly statement: Statement;
}

/** readUseLine reads the line, or reports and returns null. */
export function readUseLine(
  source: SourceText,
  diagnostics: DiagnosticList,
  statement: Statement,
  reading: Reading | null = null,
): UseLine | null {
  if (statement.isBroken) return null;
  const error = (code: string, span: Span, values: Record<string, string | number> = {}, fix?: string): null => {
    diagnostics.add(code, source, span, values, fix);
    return null;
  };
  const sliced = (span: Span): string => source.text.slice(span.start, span.end);
  const reader = new Reader(statement.head.phrases[0]!, 1);
  const use = reader.last();
  const example = 'Write `use NAME from "…"`';
  const name = reader.peek();
  if (name === undefined) return error('SL0117', use, { word: 'use', what: 'a name' }, example);
  if (name.kind !== 'word' || !isName(name.value)) return error('SL0704', name, { value: sliced(name) }, example);
  reading?.name(name, 'plugin', true);
  reader.at++;
  reading?.keyword(reader, 'from', 'a path or a package in quotes');
  const from = reader.peek();
  if (from === undefined)
    return error('SL0117', name, { word: sliced(name), what: '`from` and a path or package' }, example);
  if (!reader.isWord('from')) return error('SL0118', from, { word: sliced(from) }, example);
  reader.at++;
  const path = reader.peek();
  if (path === undefined) return error('SL0117', from, { word: 'from', what: 'a path or package in quotes' }, example);
  if (path.kind !== 'text') return error('SL0118', path, { word: sliced(path) }, `Write \`"${sliced(path)}"\``);
  if (path.value === '') return error('SL0618', path, { operator: 'from' });
  reader.at++;
  const next = reader.peek() ?? statement.head.joints[0] ?? statement.whenSpan;
  if (next != null) return error('SL0118', next, { word: sliced(next) }, 'Options go in a block: `{ name value }`');
  const options: Record<string, ArgValue> = {};
  const lines = new Map<string, number>();
  for (const line of statement.block?.statements ?? []) {
    if (line.isBroken) continue;
    const option = new Reader(line.head.phrases[0]!);
    const key = option.peek();
    if (key === undefined) continue;
    if (key.kind !== 'word') {
      error('SL0112', key, { word: sliced(key) });
      continue;
    }
    option.at++;
    const values = option.list();
    const rest = option.peek() ?? line.head.joints[0] ?? line.whenSpan ?? line.block;
    if (rest != null) {
      error(
        'SL0118',
        { start: rest.start, end: line.block === rest ? rest.start + 1 : rest.end },
        { word: sliced(rest) },
      );
    } else if (lines.has(key.value)) {
      error('SL0122', key, { word: key.value, line: lines.get(key.value)! });
    } else {
      lines.set(key.value, source.placeOf(key).line);
      Object.defineProperty(options, key.value, {
        value: optionValue(values),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  }
  return { name: name.value, from: path.value, options, nameSpan: name, fromSpan: path, statement };
}

/** optionValue: nothing is true; several are a list. Durations become milliseconds, sizes bytes, as everywhere in plans. */
function optionValue(items: readonly WordItem[]): ArgValue {
  if (items.length === 0) return true;
  if (items.length > 1) return items.map((item) => literal(item)) as (string | number)[];
  const value = literal(items[0]!);
  if (items[0]!.kind === 'word' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

function literal(item: WordItem): string | number {
  if (item.kind !== 'word') return item.value;
  if (isNumberLike(item.value)) return Number(item.value);
  return readDuration(item.value) ?? readSize(item.value) ?? readPercent(item.value) ?? item.value;
}
