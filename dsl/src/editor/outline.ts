/**
 * Outline: the sections of a rule file and what may be folded in it. Main thread.
 */
import type { Span } from '../source/source-text.ts';
import type { RuleDocument } from './rule-document.ts';
import type { SourceLine } from './source-line.ts';

export interface OutlineItem {
  readonly name: string;
  readonly kind: 'listener' | 'backend' | 'server' | 'define' | 'list' | 'map' | 'use' | 'test' | 'settings';
  /** The rest of the line, on one line. */
  readonly detail: string;
  readonly whole: Span;
  /** The name, or the word that begins the line. */
  readonly nameSpan: Span;
  readonly children: readonly OutlineItem[];
}

const KINDS: ReadonlySet<string> = new Set(['listener', 'backend', 'define', 'list', 'map', 'use', 'test', 'settings']);

/** outlineOf returns a file's sections and named lines, in order. */
export function outlineOf(document: RuleDocument): readonly OutlineItem[] {
  return document.source.lines.flatMap((line) => {
    const kind = line.words[0]?.value ?? '';
    if (!KINDS.has(kind)) return [];
    const servers = line.children.filter(({ words }) => kind === 'backend' && words[0]?.value === 'server');
    return [itemOf(document, line, kind as OutlineItem['kind'], servers)];
  });
}

function itemOf(
  document: RuleDocument,
  line: SourceLine,
  kind: OutlineItem['kind'],
  servers: readonly SourceLine[],
): OutlineItem {
  const named = line.words[1] ?? line.words[0]!;
  return {
    name: named.value === '' ? kind : named.value,
    kind,
    detail: document.text.slice(named.end, line.headEnd).replace(/\s+/g, ' ').trim(),
    whole: { start: line.start, end: Math.max(line.headEnd, line.block?.end ?? 0) },
    nameSpan: { start: named.start, end: named.end },
    children: servers.map((server) => itemOf(document, server, 'server', [])),
  };
}

/** Fold is what an editor can close: a block, or comments on rows of their own. */
export interface Fold extends Span {
  readonly kind: 'block' | 'comment';
}

/** foldsOf returns everything of more than one row, in no order. */
export function foldsOf(document: RuleDocument): readonly Fold[] {
  const { text, source } = document;
  const folds: Fold[] = [];
  for (const { block, start } of document.lines()) {
    if (block === null || !text.slice(block.start, block.end).includes('\n')) continue;
    const end = block.isClosed ? block.end : block.start + text.slice(block.start, block.end).trimEnd().length;
    folds.push({ start, end, kind: 'block' });
  }
  let run: { start: number; end: number } | null = null;
  const flush = (): void => {
    if (run !== null && text.slice(run.start, run.end).includes('\n')) folds.push({ ...run, kind: 'comment' });
    run = null;
  };
  for (const { start, end } of source.comments) {
    const rowStart = text.lastIndexOf('\n', start - 1) + 1;
    if (text.slice(rowStart, start).trim() !== '') continue;
    const open = run as { start: number; end: number } | null;
    if (open !== null && /^\r?\n[ \t]*$/.test(text.slice(open.end, start).replace(/\r$/, ''))) open.end = end;
    else {
      flush();
      run = { start, end };
    }
  }
  flush();
  return folds;
}
