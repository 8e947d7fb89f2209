/**
 * Grammar: the rule language as a TextMate grammar, made from the vocabulary. Used when the package is made; no part of the
 * command.
 *
 * It colours, and knows nothing else: what a word means where it stands is the language server's business. The expressions
 * keep to what Oniguruma and JavaScript both understand.
 */
import { SETTING_WORDS, type Word } from '@sluice/dsl';

export interface GrammarRule {
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
  readonly patterns?: readonly GrammarRule[];
}

export interface Grammar {
  readonly $schema: string;
  readonly name: string;
  readonly scopeName: string;
  readonly patterns: readonly GrammarRule[];
}

/** Nothing that could go on a bare word may stand before or behind. */
const BEFORE = '(?<![^\\s(){},;])';
const BEHIND = '(?![^\\s(){},;])';
/** Where a line may begin. */
const LINE_START = '(?:^|(?<=[;{]))\\s*';
const NAME = '[A-Za-z_][A-Za-z0-9_.-]*';

const JOINTS = ['and', 'or', 'not', 'when', 'every', 'anycase', 'all'];
const OPERATORS = ['is', 'in', 'under', 'starts', 'ends', 'contains', 'like', 'matches', 'over', 'below', 'between'];
const PRESENCE = ['present', 'absent'];
const TOP = ['listener', 'backend', 'define', 'list', 'map', 'use', 'test', 'settings', 'include'];
const LIST_TYPES = ['ips', 'hosts', 'paths', 'texts', 'numbers'];

/** grammarOf returns the grammar for these words and the language's own. */
export function grammarOf(words: readonly Word[]): Grammar {
  const verbs = words.filter((word) => word.kind === 'verb');
  const fields = words.filter((word) => word.kind === 'field');
  const components = words.filter((word) => word.kind === 'component');
  const owners = [...verbs, ...components, ...SETTING_WORDS];
  const labels = owners.flatMap(({ args }) => args.flatMap(({ before }) => (before === undefined ? [] : [before])));
  const named = (name: string, match: string): GrammarRule => ({ name: `${name}.sluice`, match });
  return {
    $schema: 'https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json',
    name: 'Sluice',
    scopeName: 'source.sluice',
    patterns: [
      named('comment.line.number-sign', '#.*$'),
      named('string.regexp', `${BEFORE}r"(?:\\\\.|[^"\\\\])*"`),
      {
        name: 'string.quoted.double.sluice',
        begin: '"',
        end: '"|$',
        patterns: [
          named('constant.character.escape', '\\\\(?:["\\\\t]|u\\{[0-9A-Fa-f]{1,6}\\})|\\{\\{|\\}\\}'),
          named('variable.other.placeholder', '\\{[a-z]+(?:\\.[^{}"\\s]+)?\\}'),
        ],
      },
      // Before sections and verbs: `test before reload` is no `test`, `allow encoded slashes` no `allow`.
      {
        match: `${LINE_START}(${alternatives(SETTING_WORDS.map(({ name }) => name))})${BEHIND}`,
        captures: { 1: { name: 'support.type.property-name.setting.sluice' } },
      },
      {
        match: `${LINE_START}(${alternatives(TOP)})${BEHIND}(?:\\s+(${NAME}))?`,
        captures: { 1: { name: 'keyword.control.section.sluice' }, 2: { name: 'entity.name.section.sluice' } },
      },
      {
        match: `${LINE_START}(?:(otherwise)\\s+)?(${alternatives(verbs.map(({ name }) => name))})${BEHIND}`,
        captures: { 1: { name: 'keyword.control.sluice' }, 2: { name: 'support.function.verb.sluice' } },
      },
      {
        match: `${LINE_START}(otherwise|given|expect|on\\s+response)${BEHIND}`,
        captures: { 1: { name: 'keyword.control.sluice' } },
      },
      named('keyword.operator.logical', word(JOINTS)),
      named('keyword.operator.comparison', word([...OPERATORS, ...PRESENCE])),
      named(
        'constant.numeric.address',
        `${BEFORE}(?:unix:[/@][^\\s,]+|\\[[0-9a-fA-F:.]+(?:%[\\w.-]+)?\\]:\\d+(?:-\\d+)?|:\\d+(?:-\\d+)?)${BEHIND}`,
      ),
      named('constant.numeric.address', `${BEFORE}\\d{1,3}(?:\\.\\d{1,3}){3}(?:/\\d+|:\\d+(?:-\\d+)?)?${BEHIND}`),
      named('constant.numeric.address', `${BEFORE}[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F.:]*(?:/\\d+)?${BEHIND}`),
      named('constant.numeric', `${BEFORE}\\d+(?:\\.\\d+)?(?:\\.\\.\\d+|[A-Za-z]{1,3}|%|/[smh])?${BEHIND}`),
      named('variable.language.field', word(fields.map(({ name }) => name))),
      named('entity.name.type.component', word(components.map(({ name }) => name))),
      named(
        'keyword.other.argument',
        word([...labels, 'on', 'of', 'from', 'to', 'else', 'refresh', 'optional', 'tcp']),
      ),
      named('storage.type', word(LIST_TYPES)),
      named(
        'constant.language.method',
        word(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT']),
      ),
    ],
  };
}

/** grammarText is the grammar as the file has it. */
export function grammarText(words: readonly Word[]): string {
  return `${JSON.stringify(grammarOf(words), null, 2)}\n`;
}

function word(names: readonly string[]): string {
  return `${BEFORE}(?:${alternatives(names)})${BEHIND}`;
}

/** Names of more words come first, so that `set header` is not taken for `set`. */
function alternatives(names: readonly string[]): string {
  return [...new Set(names)]
    .sort((a, b) => b.length - a.length || (a < b ? -1 : 1))
    .map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/ /g, '\\s+'))
    .join('|');
}
