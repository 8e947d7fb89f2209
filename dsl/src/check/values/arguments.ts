/**
 * Arguments: what is written behind a verb, a setting or a component, to named values. Main thread.
 *
 * Arguments without words before them come first and in order; those with come behind, in any order; a comma may stand
 * between two of them.
 */
import { closest } from '../../diagnostics/suggestion.ts';
import { CLIENT_NETWORKS } from '../../match/address/client-network.ts';
import type { ArgValue, Template } from '../../plan/rule.ts';
import type { Span } from '../../source/source-text.ts';
import type { WordItem } from '../../syntax/tree.ts';
import { PhraseTable } from '../../vocabulary/phrase-table.ts';
import type { BaseArg } from '../../vocabulary/setting-word.ts';
import type { FieldWord } from '../../vocabulary/word.ts';
import type { Reader } from '../scope/reader.ts';
import type { Scope } from '../scope/scope.ts';
import {
  argumentValue,
  asPhrase,
  keyValue,
  LIST_TYPES,
  listItemValues,
  NAMED_KEYS,
  NUMERIC_TYPES,
} from './argument-value.ts';
import { expectArgument, expectHeaders } from './expected-values.ts';
import { checkMapKey, fitsMap, readField } from './field-argument.ts';
import { readNetworks } from './networks.ts';
import { isOutside, readOutside, refuseOutside } from './outside-value.ts';
import type { ReadArguments } from './read-arguments.ts';
import { checkReplacement } from './replacement.ts';

interface Shape {
  readonly positional: readonly BaseArg[];
  readonly named: PhraseTable<BaseArg>;
}

const shapes = new WeakMap<readonly BaseArg[], Shape>();

/** shapeOf sorts a word's arguments into those by position and those by name. */
export function shapeOf(args: readonly BaseArg[]): Shape {
  let shape = shapes.get(args);
  if (shape === undefined) {
    const named = new PhraseTable<BaseArg>();
    for (const arg of args) if (arg.before !== undefined) named.set(arg.before, arg);
    shape = { positional: args.filter((arg) => arg.before === undefined), named };
    shapes.set(args, shape);
  }
  return shape;
}

/** readArguments reads as many arguments as there are; what is left is the caller's. `word` is what they belong to. */
export function readArguments(scope: Scope, reader: Reader, args: readonly BaseArg[], word: Span): ReadArguments {
  const { positional, named } = shapeOf(args);
  const values: Record<string, ArgValue> = {};
  const spans = new Map<string, Span>();
  let isRight = true;
  const isField = (field: FieldWord): boolean => fitsMap(scope, args, values, field);
  const read = (arg: BaseArg, before: Span): void => {
    const item = reader.peek();
    if (item !== undefined) spans.set(arg.name, item);
    const value = readOne(scope, reader, arg, before, named, isField);
    if (value === undefined || !isFollowed(scope, reader, arg, item!)) isRight = false;
    else values[arg.name] = value;
  };
  for (const arg of positional) {
    expectArgument(scope, reader, arg);
    if (isThere(reader, arg, named)) {
      read(arg, word);
    } else if (!isOptional(arg)) {
      isRight = false;
      missing(scope, reader, arg, word);
      return { args: values, spans, isRight };
    }
  }
  for (;;) {
    const begun = expectLabels(scope, reader, args, spans);
    const match = named.match(reader.wordAt, reader.at);
    // The line may end in the first words of a longer label than the one that matches.
    if (begun > (match?.length ?? 0)) scope.reading?.stopAll();
    if (match === null) break;
    const arg = match.value;
    const before: Span = reader.peek()!;
    scope.reading?.markNext(reader, match.length, { kind: 'argument', arg, isLabel: true });
    reader.at += match.length;
    const said = { start: before.start, end: reader.last().end };
    if (spans.has(arg.name)) {
      scope.error('SL0121', said, { word: arg.before! });
      scope.reading?.stop(reader);
      isRight = false;
    }
    if (arg.type === 'flag') {
      spans.set(arg.name, said);
      values[arg.name] = true;
    } else if (arg.type === 'networks') {
      spans.set(arg.name, said);
      const networks = readNetworks(scope, reader, arg);
      if (networks === undefined) isRight = false;
      else values[arg.name] = networks ?? CLIENT_NETWORKS;
    } else {
      expectArgument(scope, reader, arg, isField);
      read(arg, said);
    }
  }
  for (const arg of args) {
    if (spans.has(arg.name) || arg.name in values) continue;
    if (arg.default !== undefined) values[arg.name] = arg.default;
    else if (arg.type === 'flag') values[arg.name] = false;
    else if (arg.isOptional === true) continue;
    else if (isRight) {
      isRight = false;
      missing(scope, reader, arg, word);
    }
  }
  for (const { name, before, needs } of args) {
    if (needs === undefined || !spans.has(name) || spans.has(needs)) continue;
    const example = args.find((arg) => arg.name === needs)!;
    isRight =
      scope.error('SL0118', spans.get(name)!, { word: before! }, `It belongs to ${asPhrase(example.doc)}`) ?? false;
  }
  for (const { name, replaces } of args) {
    if (isRight && replaces !== undefined) {
      isRight = checkReplacement(scope, spans.get(name)!, values[name] as Template, values[replaces]!);
    }
  }
  isRight &&= checkMapKey(scope, args, { args: values, spans });
  return { args: values, spans, isRight };
}

/** expectLabels notes for an editor the labels that may come, and returns how many words of one are there already. */
function expectLabels(
  scope: Scope,
  reader: Reader,
  args: readonly BaseArg[],
  spans: ReadonlyMap<string, Span>,
): number {
  let begun = 0;
  if (scope.reading === null) return begun;
  for (const arg of args) {
    const { before, name, needs } = arg;
    if (before === undefined || spans.has(name) || (needs !== undefined && !spans.has(needs))) continue;
    begun = Math.max(
      begun,
      scope.reading.phrase(reader, before, (label) => ({ kind: 'label', label, arg })),
    );
  }
  return begun;
}

/** isFollowed takes the word behind the value, where there must be one, or reports that it is not there. */
function isFollowed(scope: Scope, reader: Reader, arg: BaseArg, value: Span): boolean {
  const { behind } = arg;
  if (behind === undefined) return true;
  scope.reading?.phrase(reader, behind, (label) => ({ kind: 'label', label, arg }));
  scope.reading?.stop(reader);
  if (reader.isWord(behind)) scope.reading?.markNext(reader, 1, { kind: 'argument', arg, isLabel: true });
  if (reader.isWord(behind)) {
    reader.at++;
    return true;
  }
  const text = scope.source.text.slice(value.start, value.end);
  scope.error('SL0117', value, { word: text, what: `the word \`${behind}\`` }, `Write \`${text} ${behind}\``);
  return false;
}

function isOptional(arg: BaseArg): boolean {
  return arg.isOptional === true || arg.default !== undefined;
}

/** An argument that may be left out is there only if what is written can be it. */
function isThere(reader: Reader, arg: BaseArg, named: PhraseTable<BaseArg>): boolean {
  const item = reader.peek();
  if (item === undefined || item.kind === 'group' || item.kind === 'not' || item.kind === 'equals') return false;
  if (item.kind === 'word' && named.match(reader.wordAt, reader.at) !== null) return false;
  if (!isOptional(arg)) return true;
  if (arg.type === 'prefix') return item.kind === 'word' && item.value.startsWith('/');
  if (NUMERIC_TYPES.has(arg.type)) return item.kind === 'word' && /^\d/.test(item.value);
  if (arg.choices !== undefined) return arg.choices.includes(item.value);
  return true;
}

function missing(scope: Scope, reader: Reader, arg: BaseArg, word: Span): void {
  scope.reading?.stop(reader);
  const text = scope.source.text.slice(word.start, word.end);
  const before = arg.before === undefined ? '' : `\`${arg.before}\` and `;
  const next = reader.peek();
  const fix =
    next !== undefined && arg.before !== undefined
      ? `Before \`${scope.source.text.slice(next.start, next.end)}\`? Write \`${arg.before}\``
      : null;
  scope.error(
    'SL0117',
    next !== undefined && arg.before !== undefined ? next : word,
    { word: text, what: `${before}${asPhrase(arg.doc)}` },
    fix,
  );
}

function readOne(
  scope: Scope,
  reader: Reader,
  arg: BaseArg,
  before: Span,
  named: PhraseTable<BaseArg>,
  isField: (field: FieldWord) => boolean,
): ArgValue | undefined {
  const item = reader.peek();
  if (item === undefined || item.kind === 'group' || item.kind === 'not' || item.kind === 'equals') {
    const word = scope.source.text.slice(before.start, before.end);
    scope.error('SL0117', item ?? before, { word, what: asPhrase(arg.doc) });
    scope.reading?.stop(reader);
    if (item !== undefined) reader.at++;
    return undefined;
  }
  const { reading } = scope;
  const value = { kind: 'argument', arg, isLabel: false } as const;
  if (isOutside(reader, arg)) {
    reading?.markNext(reader, 2, value);
    return readOutside(scope, reader, arg);
  }
  if (refuseOutside(scope, reader)) return undefined;
  if (arg.type === 'field') return readField(scope, reader, arg, isField);
  if (arg.type === 'key') {
    reading?.mark(item, value);
    reader.at++;
    if (item.value === 'header') expectHeaders(scope, reader);
    const name = NAMED_KEYS.has(item.value) ? reader.value() : null;
    if (name === null && NAMED_KEYS.has(item.value)) reading?.stop(reader);
    if (name !== null) reading?.mark(name, value);
    const key = keyValue(scope, item, name, arg);
    if (item.value !== 'ip' || arg.takesNetworks !== true) return key;
    const networks = readNetworks(scope, reader, arg);
    if (key === undefined || networks === undefined) return undefined;
    return networks === null ? key : [...key, ...networks.map(String)];
  }
  if (!LIST_TYPES.has(arg.type)) {
    reading?.mark(item, value);
    reader.at++;
    return argumentValue(scope, item, arg);
  }
  const entries = reader.list(() => isNextArgument(reader, arg, named));
  if (reading !== null) {
    for (const entry of entries) reading.mark(entry, value);
    if (entries.at(-1)?.hasComma === true) {
      expectArgument(scope, reader, arg);
      if (arg.type !== 'statuses' && arg.type !== 'causes') reading.stop(reader);
    }
  }
  const values = entries.map((entry) => {
    const isNoStatus = arg.type === 'statuses' && entry.kind === 'word' && !/^\d/.test(entry.value);
    return isNoStatus ? noStatus(scope, entry, arg, named) : listItemValues(scope, entry, arg);
  });
  return values.some((value) => value === undefined) ? undefined : (values.flat() as (string | number)[]);
}

/** isNextArgument: behind a comma stands no other status, but the word of the next argument: `expect 200, drain on 404`. */
function isNextArgument(reader: Reader, { type }: BaseArg, named: PhraseTable<BaseArg>): boolean {
  if (type !== 'statuses' && type !== 'causes') return false;
  const item = reader.peek();
  return item?.kind === 'word' && !/^\d/.test(item.value) && named.match(reader.wordAt, reader.at) !== null;
}

/** noStatus reports a word among statuses: most likely that of the next argument, misspelled. */
function noStatus(scope: Scope, item: WordItem, arg: BaseArg, named: PhraseTable<BaseArg>): undefined {
  const phrases = new Map(named.names().map((phrase) => [phrase.split(' ')[0]!, phrase]));
  const meant = closest(item.value, phrases.keys());
  const fix = meant === null ? null : `Did you mean \`${phrases.get(meant)!}\`?`;
  scope.error('SL0610', item, { value: item.value, low: arg.min ?? 100, high: 599 }, fix);
}

/** endOfLine reports what is left over, and returns whether nothing is. */
export function endOfLine(scope: Scope, reader: Reader, known: readonly BaseArg[]): boolean {
  const item = reader.peek();
  if (item === undefined) return true;
  const word = scope.source.text.slice(item.start, item.end);
  const names = known.flatMap((arg) => (arg.before === undefined ? [] : [arg.before]));
  if (item.kind === 'word') scope.unknownArgument(item, word, names);
  else scope.error('SL0118', item, { word });
  return false;
}
