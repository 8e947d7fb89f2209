/**
 * LogFormat: a line of the access log in a format of one's own, to its parts. Main thread.
 */
import { closest } from '../../diagnostics/suggestion.ts';
import { LOG_FIELDS, RESPONSE_HEADER } from '../../plan/log-field.ts';
import type { Template, TemplatePart } from '../../plan/rule.ts';
import type { Span } from '../../source/source-text.ts';
import type { WordItem } from '../../syntax/tree.ts';
import { PHASE_RANK } from '../scope/condition-phase.ts';
import type { Scope } from '../scope/scope.ts';
import { isToken } from './literals.ts';
import { readParts } from './template.ts';

const NAMES: readonly string[] = LOG_FIELDS.map(({ name }) => name);
const KEYED: readonly string[] = ['header', 'cookie', RESPONSE_HEADER];

/** What other logs call their fields, and what it is here. */
const MEANT: Readonly<Record<string, string>> = {
  client: 'client.ip',
  ip: 'client.ip',
  id: 'request.id',
  ts: 'time',
  bytes: 'bytes.out',
  address: 'server.address',
  upstream: 'server',
  protocol: 'version',
  uri: 'target',
  url: 'target',
  'user-agent': 'header.User-Agent',
  agent: 'header.User-Agent',
  referer: 'header.Referer',
  referrer: 'header.Referer',
};

/** readLogFormat returns the parts, or null after reporting each field that is none. `{{` and `}}` are braces. */
export function readLogFormat(scope: Scope, item: WordItem): Template | null {
  if (item.value === '') return scope.error('SL0680', item, {});
  return readParts(scope, item, readLogField);
}

function readLogField(scope: Scope, name: string, span: Span): TemplatePart | null {
  if (NAMES.includes(name)) return { placeholder: name, key: null };
  const fields = scope.vocabulary.fields;
  const field = name.includes(' ') ? undefined : fields.get(name.replaceAll('.', ' '));
  if (field !== undefined && field.key === undefined && PHASE_RANK[field.phase] <= PHASE_RANK.request) {
    return { placeholder: field.name, key: null };
  }
  const kind = KEYED.find((each) => name.startsWith(`${each}.`));
  const key = kind === undefined ? '' : name.slice(kind.length + 1);
  if (kind !== undefined && isToken(key))
    return { placeholder: kind, key: kind === 'cookie' ? key : key.toLowerCase() };
  const known = fields
    .values()
    .filter((each) => each.key === undefined && PHASE_RANK[each.phase] <= PHASE_RANK.request);
  const names = [
    ...NAMES,
    ...known.map((each) => each.name.replaceAll(' ', '.')),
    ...KEYED.map((each) => `${each}.NAME`),
  ];
  const guess = MEANT[name.toLowerCase()] ?? closest(name, names);
  const fix = guess === null ? '' : `Did you mean \`{${guess}}\`? `;
  return scope.error(
    'SL0681',
    span,
    { name },
    `${fix}docs/access-log.md lists them all; for a brace itself write \`{{\``,
  );
}
