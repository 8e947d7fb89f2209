/**
 * ForeignPattern: texts that mean something to other proxies and frameworks, and are plain text here. Main thread.
 *
 * Such a line is accepted and never true, or sends out what stands in it: most likely not what was meant. Warnings only, as every one of
 * these may be meant as it stands.
 */
import type { Operator } from '../../plan/condition.ts';
import type { WordItem } from '../../syntax/tree.ts';
import type { FieldWord } from '../../vocabulary/word.ts';
import type { Scope } from '../scope/scope.ts';
import { spanIn } from './text-span.ts';

/** Operators that compare with the text as it stands. */
const PLAIN: ReadonlySet<Operator> = new Set(['is', 'in', 'under', 'starts', 'ends', 'contains']);

/** What only regular expressions have: anchors, classes, groups of choices, `.*`. */
const REGEX = /^\^|\\[dwsbDWSB.]|\.[*+](?!\w)|\[[^\]/]*-[^\]/]*\][+*?{]|\([^()]*\|[^()]*\)|[^$]\$$/;
const PARAMETER = /(?:^|\/)(?::[A-Za-z_]\w*|\{[A-Za-z_*][^/{}]*\}|<[A-Za-z_][^/<>]*>)(?=\/|$)/;

/** warnOfPattern reports a value of a condition that is a pattern elsewhere. */
export function warnOfPattern(scope: Scope, item: WordItem, field: FieldWord, operator: Operator): void {
  if (item.kind === 'regex' || field.type !== 'text' || !PLAIN.has(operator)) return;
  const found = patternIn(item.value, field, operator);
  if (found !== null) scope.error('SL0250', item, { value: item.value, what: found.what }, found.fix);
}

interface Found {
  readonly what: string;
  readonly fix: string;
}

function patternIn(text: string, { name, index, key }: FieldWord, operator: Operator): Found | null {
  const field = key === undefined ? name : `${name} ${key.placeholder}`;
  if (/^`.*`$/s.test(text))
    return { what: 'the backticks', fix: `Write \`"${text.slice(1, -1)}"\` in quotes, or no quotes at all` };
  if (index === 'path') return patternInPath(text, field);
  if (REGEX.test(text)) return regexFix(text, field);
  const bare = text.replace(/^\*+|\*+$/g, '');
  if (bare === text || !/\w/.test(bare) || text.includes('/')) return null;
  const fix =
    operator === 'is' || operator === 'in' || bare.includes('*')
      ? `Write \`${field} like ${text}\``
      : `Write \`${field} ${operator} ${bare}\`, or \`${field} like ${text}\``;
  return { what: '`*`', fix };
}

/** patternInPath: `*` may stand in a path, but at the end of a segment it hardly ever does. */
function patternInPath(text: string, field: string): Found | null {
  if (text.includes('/**') || /(?:^|\/)\*(?:\/|$)/.test(text) || (/\*$/.test(text) && text !== '*')) {
    const below = /^(\/[^*:{<]*?)\/?\*+$/.exec(text);
    const like = `\`${field} like ${text.replace(/\*\*/g, '*')}\``;
    if (below === null) return { what: '`*`', fix: `Write ${like}` };
    const isSegment = text.slice(below[1]!.length).startsWith('/');
    return {
      what: '`*`',
      fix: isSegment ? `Write \`${field} under ${below[1]}\`` : `Write \`${field} starts ${below[1]}\``,
    };
  }
  const parameter = PARAMETER.exec(text);
  if (parameter !== null) {
    const regex = text
      .split('/')
      .map((part) =>
        PARAMETER.test(part) ? (part.includes('*') ? '.+' : '[^/]+') : part.replace(/[.*+?^$()|[\]\\{}]/g, '\\$&'),
      )
      .join('/');
    return { what: `\`${parameter[0].replace(/^\//, '')}\``, fix: `Write \`${field} matches r"^${regex}$"\`` };
  }
  return REGEX.test(text) || text.startsWith('~') ? regexFix(text, field) : null;
}

function regexFix(text: string, field: string): Found {
  const bare = text.replace(/^~\*?\s*/, '');
  return { what: 'a regular expression', fix: `Write \`${field} matches r"${bare.replaceAll('"', '\\"')}"\`` };
}

/** pathPatternFix is how to write what is no path because it is a pattern; null: it is none. */
export function pathPatternFix(text: string, field: string): string | null {
  const quoted = /^`(.*)`$/s.exec(text);
  if (quoted !== null) return `Write \`"${quoted[1]}"\`: text goes in double quotes`;
  return patternInPath(text, field)?.fix ?? null;
}

/** warnOfPrefixPattern reports a prefix, as in `rewrite /v1/* to …`, that is a pattern elsewhere. */
export function warnOfPrefixPattern(scope: Scope, item: WordItem): void {
  const found = patternInPath(item.value, '');
  if (found === null) return;
  const prefix = /^(\/[^*:{<^$\\([]*?)\/?\*+$/.exec(item.value)?.[1];
  const fix =
    prefix === undefined
      ? 'A pattern is a regular expression: `r"^/…"`'
      : `Write \`${prefix}\`: it stands for all that is below it too`;
  scope.error('SL0250', item, { value: item.value, what: found.what }, fix);
}

/** What variables of nginx, Apache, HAProxy, Caddy and Traefik are called here. */
const VARIABLES: readonly (readonly [names: RegExp, placeholder: string])[] = [
  [/^(?:http_host|host|server_name|hostname|HTTP_HOST|SERVER_NAME)$/, '{host}'],
  [/^(?:uri|document_uri|path|request_path|REQUEST_PATH)$/, '{path}'],
  [/^(?:request_uri|REQUEST_URI)$/, '{path}{query}'],
  [/^(?:args|query_string|is_args|QUERY_STRING)$/, '{query}'],
  [/^(?:scheme|https|REQUEST_SCHEME)$/, '{scheme}'],
  [/^(?:remote_addr|realip_remote_addr|proxy_add_x_forwarded_for|binary_remote_addr|REMOTE_ADDR|src)$/, '{client.ip}'],
  [/^(?:request_id|unique_id|UNIQUE_ID)$/, '{request.id}'],
  [/^otel_trace_id$/, '{trace.id}'],
  [/^(?:server_port|SERVER_PORT|dst_port)$/, '{port}'],
  [/^(?:ssl_server_name)$/, '{sni}'],
  [/^(?:request_method|REQUEST_METHOD|method)$/, '{method}'],
];

function placeholderFor(name: string): string | null {
  const header = /^http_([\w-]+)$/i.exec(name);
  for (const [names, placeholder] of VARIABLES) if (names.test(name)) return placeholder;
  if (header !== null) return `{header.${header[1]!.replaceAll('_', '-')}}`;
  const cookie = /^cookie_(\w+)$/.exec(name);
  return cookie === null ? null : `{cookie.${cookie[1]}}`;
}

const SAMPLE = /%\[[^\]]*\]|%\{[^}]*\}[a-zA-Z]?|\$\{[^}]*\}|\$[A-Za-z_]\w*|\$\d(?![\d.,%])/g;

/** warnOfVariables reports what other proxies would replace in a template. `hasGroups`: `$1` stands for a group here. */
export function warnOfVariables(scope: Scope, item: WordItem, hasGroups: boolean): void {
  for (const { 0: whole, index } of item.value.matchAll(SAMPLE)) {
    if (whole.startsWith('$') && hasGroups) continue;
    const braced = /^(?:\$|%)\{([^}]*)\}/.exec(whole);
    // `{{` is a brace of the text's own.
    if (braced?.[1]?.startsWith('{') === true) continue;
    const sample = /^%\[(?:req\.)?(?:hdr|fhdr)\(([\w-]+)[^\]]*\]/.exec(whole);
    const name = sample !== null ? `http_${sample[1]}` : (braced?.[1] ?? whole.replace(/^[$%]\[?|\]$/g, ''));
    const isVariable = !/^\$[A-Za-z_]/.test(whole) || placeholderFor(name) !== null;
    if (!isVariable) continue;
    scope.error('SL0670', spanIn(scope, item, index, index + whole.length), { value: whole }, mendOf(whole, name));
  }
}

function mendOf(whole: string, name: string): string {
  if (/^\$\d$/.test(whole))
    return 'Groups are known in `rewrite r"…" to "…"` alone; elsewhere write a placeholder such as `{path}`';
  const known = placeholderFor(name);
  if (known !== null) return `Write \`${known}\``;
  return 'Placeholders are written `{host}`, `{path}`, `{header.NAME}`, without a sign before them';
}
