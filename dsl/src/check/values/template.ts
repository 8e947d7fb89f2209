/**
 * Template: a text with placeholders to its parts. Main thread.
 */
import { closest } from '../../diagnostics/suggestion.ts';
import type { Template, TemplatePart } from '../../plan/rule.ts';
import type { Span } from '../../source/source-text.ts';
import type { WordItem } from '../../syntax/tree.ts';
import { PHASE_RANK } from '../scope/condition-phase.ts';
import type { Scope } from '../scope/scope.ts';
import { warnOfVariables } from './foreign-pattern.ts';
import { isToken } from './literals.ts';
import { spanIn } from './text-span.ts';

/** Placeholders without a key. */
export const PLAIN_PLACEHOLDERS: readonly string[] = [
  'host',
  'path',
  'query',
  'scheme',
  'request.id',
  'trace.id',
  'client.ip',
];
/** Placeholders with one: `{header.NAME}`. */
export const KEYED_PLACEHOLDERS: readonly string[] = ['header', 'cookie'];

const KNOWN = [...PLAIN_PLACEHOLDERS, ...KEYED_PLACEHOLDERS.map((name) => `${name}.NAME`)];

/** PlaceholderReader returns what stands between two braces, or null after reporting that it is nothing. */
type PlaceholderReader = (scope: Scope, name: string, span: Span) => TemplatePart | null;

/** readTemplate returns the parts, or null after reporting each placeholder that is none. `{{` and `}}` are braces; `hasGroups`: `$1` stands for a group. */
export function readTemplate(scope: Scope, item: WordItem, hasGroups = false): Template | null {
  warnOfVariables(scope, item, hasGroups);
  return readParts(scope, item, readPlaceholder);
}

/** readParts cuts a text at its placeholders, each of which `read` reads. */
export function readParts(scope: Scope, item: WordItem, read: PlaceholderReader): Template | null {
  const text = item.value;
  const parts: TemplatePart[] = [];
  let literal = '';
  let isRight = true;
  for (let at = 0; at < text.length; ) {
    const open = nextBrace(text, at);
    literal += text.slice(at, open);
    if (open === text.length) break;
    const brace = text[open]!;
    if (text[open + 1] === brace) {
      literal += brace;
      at = open + 2;
      continue;
    }
    const close = brace === '{' ? text.indexOf('}', open) : -1;
    if (close < 0) {
      scope.error('SL0613', spanIn(scope, item, open, open + 1), { brace });
      isRight = false;
      at = open + 1;
      continue;
    }
    const part = read(scope, text.slice(open + 1, close), spanIn(scope, item, open, close + 1));
    if (part === null) isRight = false;
    else {
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push(part);
    }
    at = close + 1;
  }
  if (literal !== '') parts.push(literal);
  return isRight ? { template: parts } : null;
}

function nextBrace(text: string, from: number): number {
  for (let at = from; at < text.length; at++) if (text[at] === '{' || text[at] === '}') return at;
  return text.length;
}

function readPlaceholder(scope: Scope, name: string, span: Span): TemplatePart | null {
  if (PLAIN_PLACEHOLDERS.includes(name)) return { placeholder: name, key: null };
  const field = name.includes(' ') ? undefined : scope.vocabulary.fields.get(name.replaceAll('.', ' '));
  if (field !== undefined && field.key === undefined && PHASE_RANK[field.phase] <= PHASE_RANK.request) {
    return { placeholder: field.name, key: null };
  }
  const dot = name.indexOf('.');
  const kind = name.slice(0, Math.max(0, dot));
  const key = name.slice(dot + 1);
  if (KEYED_PLACEHOLDERS.includes(kind) && isToken(key)) {
    return { placeholder: kind, key: kind === 'header' ? key.toLowerCase() : key };
  }
  const fields = scope.vocabulary.fields
    .values()
    .filter(({ key, phase }) => key === undefined && PHASE_RANK[phase] <= PHASE_RANK.request);
  const guess = closest(name, [...KNOWN, ...fields.map((field) => field.name.replaceAll(' ', '.'))]);
  const fix = guess === null ? '' : `Did you mean \`{${guess}}\`? `;
  const known = KNOWN.map((word) => `{${word}}`).join(' ');
  return scope.error(
    'SL0612',
    span,
    { name },
    `${fix}Here: ${known}, and fields such as {port}; for a brace itself write \`{{\``,
  );
}
