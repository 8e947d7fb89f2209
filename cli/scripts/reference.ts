/**
 * Reference: every word of the rule language as a page, made from the vocabulary. Used when the docs are made; no part of the
 * command.
 *
 * What words do and take stands in the vocabulary; what no word says of itself stands in the tables beside this file.
 */
import {
  type ArgType,
  type BaseArg,
  type ComponentSlot,
  type ComponentWord,
  compile,
  type FieldWord,
  type Plan,
  type RulePart,
  SETTING_WORDS,
  type SettingWord,
  type VerbWord,
  type Word,
} from '@sluice/dsl';
import { byteText, durationText } from './quantities.ts';
import { JOINTS, OPERATORS, TEMPLATES, TOP, VALUES } from './reference-tables.ts';

const INTRODUCTION = `# The reference

Every word of the rule language: those of the language itself, and those of the standard plugins. Your own plugins can add more.
[The language](README.md) explains how they work together, and [the cookbook](cookbook.md) shows them in use.

<!-- Written by \`node cli/scripts/write-reference.ts\`; edit the words, or cli/scripts/reference.ts, instead. -->

How to read a form: \`CAPITALS\` are a value, \`[…]\` is optional, \`…\` may be repeated, \`a|b\` is one of these. Arguments that start
with a word come after those that do not, in any order. [Values](#values) describes how each type is written.
`;

const OUTSIDE = `In place of a \`TEXT\` or a \`TEMPLATE\` in a rule, \`env "NAME"\` inserts an environment variable and \`secret "NAME"\` a
[secret](README.md#environment-variables-and-secrets). In conditions, numbers may be ranges (\`8000..8999\`), and the name of a list means all of its values.`;

const SECTIONS: readonly (readonly [SettingWord['section'], title: string, doc: string])[] = [
  ['listener', 'Settings of a listener', 'They come before the rules.'],
  ['backend', 'Settings of a backend', ''],
  ['settings', 'Settings of the gateway', 'They are written in `settings { … }`.'],
];

const PARTS: readonly (readonly [RulePart, title: string, doc: string])[] = [
  ['guard', 'Guards', 'The first guard that matches decides. Guards come before changes and routes.'],
  ['change', 'Changes', 'Every change that matches applies, in written order. Changes come before the routes.'],
  ['route', 'Routes', 'The first route that matches decides. The last line is `otherwise …`.'],
];

const SLOT_TITLES: Partial<Record<ComponentSlot, string>> = {
  balance: 'Strategies',
  stick: 'Session persistence',
  serve: 'Static sites',
  check: 'Health checks',
  discovery: 'Discovery',
  tls: 'TLS',
  certificate: 'Certificates',
  certificates: 'Certificate sources',
};

/** What a plan says where the rules say nothing, by section, setting and argument. */
const SILENT: Readonly<Record<string, (plan: Plan) => string>> = {
  'listener timeout header': (plan) => durationText(plan.listeners[0]!.timeouts.headerMs),
  'listener timeout idle': (plan) => durationText(plan.listeners[0]!.timeouts.idleMs),
  'listener timeout body': (plan) => durationText(plan.listeners[0]!.timeouts.bodyMs),
  'listener timeout client': (plan) => durationText(plan.listeners[0]!.timeouts.clientMs),
  'listener body at most size': (plan) => limitText(plan.listeners[0]!.limits.bodyBytes, byteText),
  'listener head at most size': (plan) => limitText(plan.listeners[0]!.limits.headBytes, byteText),
  'listener target at most size': (plan) => limitText(plan.listeners[0]!.limits.targetBytes, byteText),
  'listener headers at most count': (plan) => limitText(plan.listeners[0]!.limits.headerCount, String),
  'listener connections at most count': (plan) => limitText(plan.listeners[0]!.limits.connections, String),
  'backend retry times': (plan) => String(plan.backends[0]!.retry.times),
  'backend retry on': (plan) => plan.backends[0]!.retry.on.join(', '),
  'backend timeout connect': (plan) => durationText(plan.backends[0]!.timeouts.connectMs),
  'backend timeout response': (plan) => durationText(plan.backends[0]!.timeouts.responseMs),
  'backend timeout idle': (plan) => durationText(plan.backends[0]!.timeouts.idleMs),
  'backend timeout tunnel': (plan) => durationText(plan.backends[0]!.timeouts.tunnelMs),
  'backend timeout queue': (plan) => durationText(plan.backends[0]!.timeouts.queueMs),
  'settings threads count': (plan) => (plan.settings.threads === null ? 'one per core' : String(plan.settings.threads)),
  'settings drain time': (plan) => durationText(plan.settings.drainMs),
};

/** referenceText is the page for these words and the language's own. */
export async function referenceText(words: readonly Word[]): Promise<string> {
  const rules = 'listener web on :80 { otherwise send to app }\nbackend app of 127.0.0.1:9001';
  const { plan } = await compile({ text: rules, name: 'silent.sluice' }, { words });
  if (plan === null) throw new Error('these words cannot make a listener and a backend');
  const ofKind = <Kind extends Word['kind']>(kind: Kind) =>
    words.filter((word): word is Extract<Word, { kind: Kind }> => word.kind === kind);
  const components = ofKind('component');
  return [
    INTRODUCTION,
    `## The top of a file\n\n${table(
      ['line', 'meaning'],
      TOP.map(([form, doc]) => [code(form), doc]),
    )}`,
    `## Connecting words\n\n${table(
      ['form', 'meaning'],
      JOINTS.map(([form, doc]) => [code(form), doc]),
    )}`,
    ...SECTIONS.map(([section, title, doc]) => settingsSection(section, title, doc, components, plan)),
    ...PARTS.map(([part, title, doc]) => verbsSection(part, title, doc, ofKind('verb'))),
    fieldsSection(ofKind('field')),
    `## Operators\n\n${table(
      ['operator', 'true if the value'],
      Object.entries(OPERATORS).map(([name, doc]) => [code(name), doc]),
    )}`,
    `## Values\n\n${OUTSIDE}\n\n${table(
      ['value', 'written'],
      Object.entries(VALUES).map(([name, doc]) => [code(name.toUpperCase()), doc]),
    )}`,
    `## Templates\n\nTemplates are written in quotes. A literal brace is \`{{\` or \`}}\`. Values never contain line breaks.\n\n${table(
      ['placeholder', 'value'],
      TEMPLATES.map(([name, doc]) => [code(name), doc]),
    )}`,
  ].join('\n');
}

function settingsSection(
  section: SettingWord['section'],
  title: string,
  doc: string,
  components: readonly ComponentWord[],
  plan: Plan,
): string {
  const parts = SETTING_WORDS.filter((word) => word.section === section).map((word) => {
    const silent = (arg: BaseArg): string | undefined => SILENT[`${section} ${word.name} ${arg.name}`]?.(plan);
    const kinds = components.filter(({ slot }) => slot === word.slot);
    const name = word.slot === undefined ? word.name : `${word.name} KIND`;
    const remarks = [
      sentence(word.doc),
      word.isRepeatable === true ? 'May be used more than once.' : '',
      word.isHttpOnly === true ? 'Not in a `tcp` listener.' : '',
    ];
    return [
      entry(
        word.name,
        formOf(name, word.args, word.takesEnd),
        remarks.filter(Boolean).join(' '),
        word.example,
        word.args,
        silent,
      ),
      ...kinds.map((kind) => componentEntry(word, kind)),
    ].join('\n');
  });
  return `## ${title}\n\n${doc === '' ? '' : `${doc}\n\n`}${parts.join('\n')}`;
}

/** wordsText is the part of a page about these words alone, one after the other: of one plugin, say. */
export function wordsText(words: readonly Word[]): string {
  const fields = words.filter((word) => word.kind === 'field');
  const parts = words.map((word) => {
    if (word.kind === 'verb') return verbEntry(word);
    if (word.kind !== 'component') return '';
    const setting = SETTING_WORDS.find(({ slot }) => slot === word.slot);
    return setting === undefined ? '' : componentEntry(setting, word).slice(1);
  });
  return [...parts, fields.length === 0 ? '' : fieldsTable(fields)].filter((part) => part !== '').join('\n');
}

function componentEntry(setting: SettingWord, word: ComponentWord): string {
  const title = `${SLOT_TITLES[word.slot] ?? word.slot}: ${setting.name} ${word.name}`;
  const isLeftOut = word.isDefault === true && word.args.length > 0;
  const form = formOf(`${setting.name} ${isLeftOut ? `[${word.name}]` : word.name}`, word.args);
  const doc = word.isDefault === true ? `${word.doc} It is the default.` : word.doc;
  return `#${entry(title, form, doc, word.example, word.args)}`;
}

function verbsSection(part: RulePart, title: string, doc: string, verbs: readonly VerbWord[]): string {
  const parts = verbs.filter((word) => word.part === part).map(verbEntry);
  return `## ${title}\n\n${doc}\n\n${parts.join('\n')}`;
}

function verbEntry(word: VerbWord): string {
  const isAnswersOnly = word.phase === 'response';
  const remarks = [
    sentence(word.doc),
    word.alsoIn?.includes('route') === true ? 'Also allowed after `otherwise`.' : '',
    isAnswersOnly
      ? 'Only in `on response`.'
      : word.isForAnswers === true
        ? 'Also in `on response`, for responses.'
        : '',
    word.takesCondition === true ? '`when` before the condition is optional.' : '',
    word.phase === 'connection' ? 'Also in a `tcp` listener.' : '',
  ];
  const form = `${formOf(word.name, word.args)}${word.takesCondition === true ? ' [when] CONDITION' : ' [when CONDITION]'}`;
  return entry(word.name, form, remarks.filter(Boolean).join(' '), word.example, word.args);
}

function fieldsSection(fields: readonly FieldWord[]): string {
  const intro =
    'Conditions compare fields. A field that **may be absent** also allows `present` and `absent`; a `not` before it needs one of these next to it. ' +
    'A field that **may have several values** passes if any of them does; with `every` before it, if all do.';
  return `## Fields\n\n${intro}\n\n${fieldsTable(fields)}`;
}

/** When a field is known, by its phase. */
const KNOWN: Readonly<Record<FieldWord['phase'], string>> = {
  connection: 'from the connection',
  request: 'from the request',
  response: 'in `on response`',
  ended: 'in `log access`',
};

function fieldsTable(fields: readonly FieldWord[]): string {
  const overview = table(
    ['field', 'known', 'type', 'operators', 'default operator', 'may be absent', 'may have several values'],
    fields.map((word) => [
      code(fieldName(word)),
      KNOWN[word.phase],
      word.unit ?? word.type,
      word.operators.map(code).join(' '),
      word.defaultOperator === null ? 'none' : code(word.defaultOperator),
      word.isOptional === true ? 'yes' : '',
      word.isMany === true ? 'yes' : '',
    ]),
  );
  const docs = fields.map((word) => {
    const values =
      word.values === undefined
        ? ''
        : ` Values: ${word.values.map(code).join(', ')}${word.isOpen === true ? ', and others' : ''}.`;
    return `- ${code(fieldName(word))}: ${sentence(word.doc)}${values} For example ${code(word.example)}`;
  });
  return `${overview}\n${docs.join('\n')}\n`;
}

function fieldName({ name, key }: FieldWord): string {
  return key === undefined ? name : `${name} ${key.placeholder}`;
}

/** entry is one word's part of the page. */
function entry(
  title: string,
  form: string,
  doc: string,
  example: string,
  args: readonly BaseArg[],
  silent: (arg: BaseArg) => string | undefined = () => undefined,
): string {
  const rows = args.map((arg) => [
    code(argForm(arg)),
    sentence(arg.doc),
    [rangeText(arg), defaultText(arg, silent(arg))].filter((text) => text !== '').join('; '),
  ]);
  const shown = rows.length === 0 ? '' : `\n${table(['argument', 'meaning', ''], rows)}`;
  return `### ${title}\n\n    ${form}\n\n${doc} For example ${code(example)}\n${shown}`;
}

function formOf(name: string, args: readonly BaseArg[], takesEnd = false): string {
  const parts = args.map((arg) =>
    arg.isOptional === true || arg.default !== undefined ? `[${argForm(arg)}]` : argForm(arg),
  );
  return [name, ...parts, ...(takesEnd ? ['[when CONDITION]'] : [])].join(' ');
}

function argForm(arg: BaseArg): string {
  if (arg.type === 'flag') return arg.before!;
  if (arg.type === 'networks') return `${arg.before!} [/PREFIX] [ipv6 /PREFIX]`;
  const isChosen = arg.choices !== undefined && arg.type !== 'key' && arg.type !== 'map';
  const more = arg.type === 'log format' ? '|"FORMAT"' : '';
  const value = isChosen ? `${arg.choices.join('|')}${more}` : arg.type.toUpperCase();
  return [arg.before, value, arg.behind].filter((part) => part !== undefined).join(' ');
}

function rangeText({ type, min, max, choices }: BaseArg): string {
  if (choices !== undefined || (min === undefined && max === undefined)) return '';
  const low = quantity(type, min ?? 0);
  return max === undefined ? `${low} or more` : `${low} to ${quantity(type, max)}`;
}

function defaultText(arg: BaseArg, silent: string | undefined): string {
  if (silent !== undefined) return `default: ${silent}`;
  if (arg.default === undefined) return '';
  return `default: ${typeof arg.default === 'number' ? quantity(arg.type, arg.default) : String(arg.default)}`;
}

function quantity(type: ArgType | BaseArg['type'], value: number): string {
  if (type === 'duration') return durationText(value);
  if (type === 'size') return byteText(value);
  return type === 'percent' ? `${value}%` : String(value);
}

function limitText(value: number, text: (value: number) => string): string {
  return value === 0 ? 'no limit' : text(value);
}

/** sentence: some docs are phrases, some are sentences. */
function sentence(doc: string): string {
  const begun = /^[a-z]+( |$)/.test(doc) ? doc[0]!.toUpperCase() + doc.slice(1) : doc;
  return /[.…]$/.test(begun) ? begun : `${begun}.`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return `${line(head)}${line(head.map(() => '---'))}${rows.map(line).join('')}`;
}
