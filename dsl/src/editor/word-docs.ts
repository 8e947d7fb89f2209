/**
 * WordDocs: what an editor shows of a word, as Markdown. Main thread.
 */
import { OPERATOR_DOCS } from '../check/conditions/condition.ts';
import type { WordRole } from '../check/scope/role.ts';
import { SETTING_WORDS } from '../check/settings/settings.ts';
import type { Operator } from '../plan/condition.ts';
import type { BaseArg, SettingWord } from '../vocabulary/setting-word.ts';
import type { ComponentWord, FieldWord, VerbWord } from '../vocabulary/word.ts';

const PART_DOCS = {
  guard: 'guard: the first that matches decides',
  change: 'change: every line that matches applies',
  route: 'route: the first that matches decides',
} as const;

/** fieldDoc is a field's page. */
export function fieldDoc(word: FieldWord): string {
  const operators = [...word.operators, ...(word.isOptional === true ? ['present', 'absent'] : [])];
  const meant = word.defaultOperator === null ? '' : ` (default \`${word.defaultOperator}\`)`;
  const name = word.key === undefined ? word.name : `${word.name} ${word.key.placeholder}`;
  return page(`${name}`, 'field', word.doc, word.example, [`Compare: ${operators.join(', ')}${meant}`]);
}

/** verbDoc is a verb's page. */
function verbDoc(word: VerbWord): string {
  return page(signature(word.name, word.args), PART_DOCS[word.part], word.doc, word.example, argLines(word.args));
}

/** settingDoc is a setting's page. */
function settingDoc(word: SettingWord): string {
  return page(
    signature(word.name, word.args),
    `setting of a ${word.section}`,
    word.doc,
    word.example,
    argLines(word.args),
  );
}

/** componentDoc is a component's page. */
function componentDoc(word: ComponentWord): string {
  const setting = SETTING_WORDS.find(({ slot }) => slot === word.slot)?.name ?? word.slot;
  const name = signature(`${setting} ${word.name}`, word.args);
  return page(name, `kind of \`${setting}\``, word.doc, word.example, argLines(word.args));
}

/** argDoc is an argument's page. */
export function argDoc(arg: BaseArg): string {
  const facts = [typeText(arg)];
  if (arg.default !== undefined) facts.push(`default \`${String(arg.default)}\``);
  if (arg.choices !== undefined) facts.push(`one of ${arg.choices.join(', ')}`);
  return `**${arg.before ?? arg.name}** (${facts.join(', ')}): ${arg.doc}`;
}

/** wordDoc is the page of a word of the vocabulary. */
export function wordDoc(role: WordRole): string {
  switch (role.kind) {
    case 'verb':
      return verbDoc(role.word);
    case 'setting':
      return settingDoc(role.word);
    case 'component':
      return componentDoc(role.word);
    case 'field':
      return fieldDoc(role.word);
  }
}

/** operatorDoc is an operator's page. */
export function operatorDoc(word: string): string {
  return keywordDoc(word, OPERATOR_DOCS[word as Operator]);
}

/** keywordDoc is a keyword's page; empty where there is nothing to say. */
export function keywordDoc(word: string, doc: string): string {
  return doc === '' ? '' : `**${word}**: ${doc}`;
}

function page(name: string, kind: string, doc: string, example: string, more: readonly string[]): string {
  return [`**${name}** (${kind})`, doc, `\`\`\`sluice\n${example}\n\`\`\``, ...more].join('\n\n');
}

function signature(name: string, args: readonly BaseArg[]): string {
  const shown = args.map((arg) => {
    const value =
      arg.type === 'flag' ? '' : arg.type === 'networks' ? '[/PREFIX] [ipv6 /PREFIX]' : arg.name.toUpperCase();
    const text = [arg.before ?? '', value, arg.behind ?? ''].filter((part) => part !== '').join(' ');
    return arg.isOptional === true || arg.default !== undefined ? `[${text}]` : text;
  });
  return [name, ...shown].join(' ');
}

function argLines(args: readonly BaseArg[]): string[] {
  return args.length === 0 ? [] : [args.map((arg) => `- ${argDoc(arg)}`).join('\n')];
}

function typeText(arg: BaseArg): string {
  if (arg.type === 'bind') return 'address';
  return arg.type === 'causes' ? '`connect-failure` or statuses' : arg.type;
}
