/**
 * Completion: what may be written at a place of a rule file, computed from the vocabulary. Main thread.
 */
import { KEYED_PLACEHOLDERS, PLAIN_PLACEHOLDERS } from '../check/values/template.ts';
import type { Span } from '../source/source-text.ts';
import { readLine } from './line-reading.ts';
import { type Proposal, proposalOf } from './proposal.ts';
import type { RuleDocument, RuleProject } from './rule-document.ts';
import { isInComment, type SourceWord, spotAt } from './source-line.ts';

export interface Completion {
  /** What a proposal replaces: the word before the cursor, or nothing. */
  readonly span: Span;
  readonly proposals: readonly Proposal[];
}

/** completeAt returns what may be written at an offset, in the order of the vocabulary. */
export function completeAt(project: RuleProject, document: RuleDocument, offset: number): Completion {
  const nothing: Completion = { span: { start: offset, end: offset }, proposals: [] };
  if (isInComment(document.source, offset)) return nothing;
  const { line, parent } = spotAt(document.source, offset);
  const before: SourceWord[] = [];
  let typed: SourceWord | null = null;
  for (const word of line?.words ?? []) {
    if (word.start >= offset) break;
    const isOpen = word.end > offset || (word.end === offset && (word.kind === 'word' || isUnclosed(document, word)));
    if (isOpen) typed = word;
    else before.push(word);
  }
  if (typed !== null && typed.kind !== 'word') return completeInText(document, offset);
  const start = typed?.start ?? offset;
  const { expected } = readLine(document.sourceText, before, parent, project.names(), start);
  return { span: { start, end: offset }, proposals: expected.map((each) => proposalOf(each, project)) };
}

/** Inside of a string only placeholders can be proposed, behind their brace. */
function completeInText({ text }: RuleDocument, offset: number): Completion {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const [typed] = /\{[a-z.]*$/.exec(text.slice(lineStart, offset)) ?? [];
  if (typed === undefined) return { span: { start: offset, end: offset }, proposals: [] };
  const proposal = (label: string, doc: string): Proposal => ({ label, kind: 'value', detail: '', doc });
  return {
    span: { start: offset - typed.length, end: offset },
    proposals: [
      ...PLAIN_PLACEHOLDERS.map((name) => proposal(`{${name}}`, `the request’s ${name}, as it was received`)),
      ...KEYED_PLACEHOLDERS.map((name) => proposal(`{${name}.`, `the value of a ${name}: \`{${name}.NAME}\``)),
    ],
  };
}

function isUnclosed({ text }: RuleDocument, word: SourceWord): boolean {
  return word.kind === 'text' && (word.end - word.start < 2 || text[word.end - 1] !== '"');
}
