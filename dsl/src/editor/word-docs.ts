/**
 * WordDocs: what an editor shows of a word, as Markdown. Main thread.
 */
import { type BaseArg, SETTING_WORDS, type SettingWord } from '../vocabulary/base-words.ts';
import type { ComponentWord, FieldWord, VerbWord } from '../vocabulary/word.ts';

/** KEYWORD_DOCS: the words that hold lines and conditions together. */
const KEYWORD_DOCS: Readonly<Record<string, string>> = {
  all: 'every request',
  and: 'both sides must hold; mixing `and` and `or` needs parentheses',
  or: 'one of the sides must hold; mixing `and` and `or` needs parentheses',
  not: 'holds when the test behind it does not',
  when: 'the condition under which the line applies',
  every: 'every value of the field must pass; without it one is enough',
  anycase: 'compares without regard to case',
  otherwise: 'what happens to everything that no line before it decided',
  listener: 'an address to listen on, with its rules',
  backend: 'servers that requests are sent to',
  settings: 'what holds for the whole gateway',
  define: 'gives a condition a name',
  use: 'loads a plugin, which adds words',
  include: 'reads other rule files too',
  list: 'gives values a name',
  map: 'looks one value up by another',
  test: 'a request, and what is expected to happen to it',
};

/** OPERATOR_DOCS: how a field may be compared. */
const OPERATOR_DOCS: Readonly<Record<string, string>> = {
  is: 'equal to one of the values',
  in: 'one of the values',
  under: 'the path itself and all below it: `under /foo` is `/foo` and `/foo/…`, never `/foobar`',
  starts: 'begins with one of the values',
  ends: 'ends with one of the values',
  contains: 'has one of the values in it',
  like: 'fits a pattern in which `*` stands for anything',
  matches: 'fits a regular expression in RE2 syntax: `r"…"`',
  over: 'greater than the number',
  below: 'less than the number',
  between: 'from the first number to the second, both included',
  present: 'is there, whatever its value',
  absent: 'is not there',
};

const PART_DOCS = {
  guard: 'guard: the first that decides ends the request',
  change: 'change: every line that applies is carried out',
  route: 'route: the first that applies decides',
} as const;

/** fieldDoc is a field's page. */
export function fieldDoc(word: FieldWord): string {
  const operators = [...word.operators, ...(word.isOptional === true ? ['present', 'absent'] : [])];
  const meant = word.defaultOperator === null ? '' : ` (\`${word.defaultOperator}\` when none is written)`;
  const name = word.key === undefined ? word.name : `${word.name} ${word.key.placeholder}`;
  return page(`${name}`, 'field', word.doc, word.example, [`Compare: ${operators.join(', ')}${meant}`]);
}

/** verbDoc is a verb's page. */
export function verbDoc(word: VerbWord): string {
  return page(signature(word.name, word.args), PART_DOCS[word.part], word.doc, word.example, argLines(word.args));
}

/** settingDoc is a setting's page. */
export function settingDoc(word: SettingWord): string {
  return page(
    signature(word.name, word.args),
    `setting of a ${word.section}`,
    word.doc,
    word.example,
    argLines(word.args),
  );
}

/** componentDoc is a component's page. */
export function componentDoc(word: ComponentWord): string {
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

/** keywordDoc is an operator's or keyword's page; empty for a word it does not know. */
export function keywordDoc(word: string): string {
  const doc = OPERATOR_DOCS[word] ?? KEYWORD_DOCS[word];
  return doc === undefined ? '' : `**${word}**: ${doc}`;
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
