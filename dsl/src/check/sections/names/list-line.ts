/**
 * ListLine: `list NAME = TYPE VALUE, …` and `list NAME = TYPE from "FILE" [refresh D]`. Main thread.
 */
import { didYouMean } from '../../../diagnostics/suggestion.ts';
import type { FileSource, ListPlan, ListType } from '../../../plan/list.ts';
import type { Span } from '../../../source/source-text.ts';
import type { Statement } from '../../../syntax/tree.ts';
import type { BaseArg } from '../../../vocabulary/setting-word.ts';
import { namedPath } from '../../files/named-path.ts';
import { Reader } from '../../scope/reader.ts';
import type { Scope } from '../../scope/scope.ts';
import { argumentValue } from '../../values/argument-value.ts';
import { expectArgument } from '../../values/expected-values.ts';
import { fileEntries, LIST_TYPES, listEntry } from '../../values/list-entry.ts';

/** How often the files of lists and maps are looked at for changes when the rules do not say, in milliseconds. */
const REFRESH_MS = 60_000;

/** expectEquals notes for an editor the `=` of a line that defines a name. */
export function expectEquals(scope: Scope, reader: Reader): void {
  scope.reading?.keyword(reader, '=');
  if (reader.peek()?.kind === 'equals') scope.reading?.markNext(reader, 1, { kind: 'keyword', word: '=', doc: '' });
}

/** What editors say of the types of lists. */
const LIST_DOCS: Readonly<Record<ListType, string>> = {
  ips: 'addresses and networks',
  hosts: 'host names',
  paths: 'paths',
  texts: 'texts',
  numbers: 'whole numbers',
};

const EXAMPLE = 'For example `list office = ips 203.0.113.0/24, 2001:db8:10::/48`';

/** ReadList is a list as the plan has it, and its values as tests compare them: one array for all. */
export interface ReadList {
  readonly plan: ListPlan;
  readonly values: readonly (string | number)[];
}

/** readList returns the list, or null after reporting. `span` is its name. */
export function readList(scope: Scope, statement: Statement, name: string, span: Span): ReadList | null {
  const reader = new Reader(statement.head.phrases[0]!, 2);
  const type = readType(scope, reader);
  if (type === null) return null;
  scope.reading?.keyword(reader, 'from', 'a file with one entry a line');
  const isFile = reader.isWord('from');
  const source = isFile ? readFrom(scope, reader, statement) : null;
  const values = isFile ? (source?.values(type) ?? null) : readValues(scope, reader, statement, type);
  if (values === null) return null;
  const entries = type === 'numbers' ? values.map(String) : (values as readonly string[]);
  return { plan: { name, type, entries, file: source?.file ?? null, place: scope.place(span) }, values };
}

function readType(scope: Scope, reader: Reader): ListType | null {
  const equals = reader.peek();
  expectEquals(scope, reader);
  if (equals?.kind !== 'equals') {
    const at = equals ?? reader.last();
    return scope.error('SL0117', at, { word: 'list', what: '`=`, a type and values' }, EXAMPLE);
  }
  reader.at++;
  for (const type of LIST_TYPES) scope.reading?.keyword(reader, type, LIST_DOCS[type]);
  const item = reader.peek();
  if (item === undefined) return scope.error('SL0117', equals, { word: '=', what: 'a type and values' }, EXAMPLE);
  const word = reader.wordAt(reader.at);
  const type = LIST_TYPES.find((known) => known === word);
  if (type === undefined) {
    const value = scope.source.text.slice(item.start, item.end);
    const fix = didYouMean(value, LIST_TYPES, `Types of lists: ${LIST_TYPES.join(', ')}`);
    return scope.error('SL0614', item, { value }, fix);
  }
  reader.at++;
  return type;
}

function readValues(
  scope: Scope,
  reader: Reader,
  statement: Statement,
  type: ListType,
): readonly (string | number)[] | null {
  const items = reader.list();
  if (items.length === 0)
    return scope.error('SL0117', reader.peek() ?? reader.last(), { word: type, what: 'values' }, EXAMPLE);
  const values = items.map((item) => listEntry(scope, item, type));
  if (!isEnded(scope, reader, statement, 'Values are joined by `,`')) return null;
  if (values.some((value) => value === null)) return null;
  const known = new Set(values as (string | number)[]);
  if (known.size < values.length) {
    const again = items[values.findIndex((value, index) => values.indexOf(value) < index)]!;
    scope.error('SL0222', again, { value: again.value });
  }
  return [...known];
}

/** isEnded reports what stands behind a line's end. */
export function isEnded(scope: Scope, reader: Reader, statement: Statement, fix: string | null): boolean {
  const rest = reader.peek() ?? statement.head.joints[0] ?? statement.whenSpan ?? statement.block;
  if (rest == null) return true;
  const word = scope.source.text.slice(rest.start, rest === statement.block ? rest.start + 1 : rest.end);
  scope.error('SL0118', { start: rest.start, end: rest.start + word.length }, { word }, fix);
  return false;
}

/** ListedFile is what stands behind `from`: a file, and its entries as a list. */
export interface ListedFile {
  readonly file: FileSource;
  values(type: ListType): readonly (string | number)[] | null;
  /** inFile runs a step in which the file is the one being checked; null when it could not be read. */
  inFile<Result>(step: () => Result | null): Result | null;
}

/** readFrom reads `from "FILE" [refresh D]`. What the file holds was read before; a failure has been reported. */
export function readFrom(scope: Scope, reader: Reader, statement: Statement, stop?: string): ListedFile | null {
  const from = reader.peek()!;
  reader.at++;
  const item = reader.peek();
  const example = 'For example `from "lists/blocked.txt" refresh 60s`';
  if (item === undefined) return scope.error('SL0117', from, { word: 'from', what: 'a path in quotes' }, example);
  if (item.kind !== 'text') {
    const word = scope.source.text.slice(item.start, item.end);
    return scope.error('SL0118', item, { word }, `Write \`"${word}"\``);
  }
  if (item.value === '') return scope.error('SL0618', item, { operator: 'from' });
  reader.at++;
  let refreshMs = REFRESH_MS;
  scope.reading?.keyword(reader, 'refresh', 'how often the file is checked for changes');
  if (reader.isWord('refresh')) {
    const refresh = reader.peek()!;
    reader.at++;
    const doc = 'how often the file is looked at';
    const arg: BaseArg = { name: 'refresh', type: 'duration', doc, min: 100, max: 86_400_000 };
    expectArgument(scope, reader, arg);
    const time = reader.value();
    if (time === null) return scope.error('SL0117', refresh, { word: 'refresh', what: 'a time' }, example);
    scope.reading?.mark(time, { kind: 'argument', arg, isLabel: false });
    const read = argumentValue(scope, time, arg);
    if (read === undefined) return null;
    refreshMs = read as number;
  }
  if (stop !== undefined) scope.reading?.keyword(reader, stop, 'what is meant when nothing is found');
  const next = reader.wordAt(reader.at);
  if (
    (stop === undefined || next !== stop) &&
    !isEnded(scope, reader, statement, stop === undefined ? 'Allowed here: refresh' : `Allowed here: refresh, ${stop}`)
  ) {
    return null;
  }
  const source = scope.listed.get(item);
  const inFile = <Result>(step: () => Result | null): Result | null =>
    source === undefined ? null : scope.inFile(source, step);
  return {
    file: { ...namedPath(scope.source, item.value), refreshMs },
    values: (type) => inFile(() => fileEntries(scope, type)),
    inFile,
  };
}
