/**
 * MapLine: `map NAME = TYPE to TYPE from "FILE" [refresh D] else VALUE`, and the file behind it. Main thread.
 *
 * A file has one entry a line: a key, blanks, a value. Hosts may be `*.example.com`; addresses are networks too.
 */
import { didYouMean } from '../../../diagnostics/suggestion.ts';
import type { ListType, MapKey, MapPlan, MapValue } from '../../../plan/list.ts';
import { formatPlace } from '../../../plan/place.ts';
import type { Span } from '../../../source/source-text.ts';
import type { Item, Statement, WordItem } from '../../../syntax/tree.ts';
import { type ListFileResult, readEntries } from '../../files/list-file.ts';
import { Reader } from '../../scope/reader.ts';
import type { Scope } from '../../scope/scope.ts';
import { eachLine, listEntry } from '../../values/list-entry.ts';
import { readWhole } from '../../values/literals.ts';
import { expectEquals, isEnded, readFrom } from './list-line.ts';

const MAP_KEYS: readonly MapKey[] = ['host', 'path', 'ip', 'text', 'number'];
const MAP_VALUES: readonly MapValue[] = ['backend', 'text', 'number'];

const LISTS: Readonly<Record<MapKey, ListType>> = {
  host: 'hosts',
  path: 'paths',
  ip: 'ips',
  text: 'texts',
  number: 'numbers',
};

/** What editors say of the types of keys and values. */
const TYPE_DOCS: Readonly<Record<string, string>> = {
  ip: 'an address, or the network it is in',
  host: 'a host name, or `*.` and the end of one',
  path: 'a path',
  text: 'a text',
  number: 'a whole number',
  backend: 'a backend',
};

const EXAMPLE = 'For example `map tenants = host to backend from "tenants.map" else app`';

type Entries = MapPlan['entries'];

/** readMap returns the map, or null after reporting. `span` is its name. Backends must be known. */
export function readMap(scope: Scope, statement: Statement, name: string, span: Span): MapPlan | null {
  const reader = new Reader(statement.head.phrases[0]!, 2);
  const missing = (what: string): null => {
    const item = reader.peek();
    const word = scope.source.text.slice(reader.last().start, reader.last().end);
    if (item === undefined) return scope.error('SL0117', reader.last(), { word, what }, EXAMPLE);
    return scope.error('SL0118', item, { word: scope.source.text.slice(item.start, item.end) }, EXAMPLE);
  };
  expectEquals(scope, reader);
  if (reader.peek()?.kind !== 'equals') return missing('`=` and two types');
  reader.at++;
  const from = typeOf(scope, reader, MAP_KEYS, missing);
  if (from === null) return null;
  scope.reading?.keyword(reader, 'to', 'the type of what is found');
  if (!reader.isWord('to')) return missing('`to` and a type');
  reader.at++;
  const to = typeOf(scope, reader, MAP_VALUES, missing);
  if (to === null) return null;
  scope.reading?.keyword(reader, 'from', 'a file with a key and a value a line');
  if (!reader.isWord('from')) return missing('`from` and a path in quotes');
  const listed = readFrom(scope, reader, statement, 'else');
  if (listed === null) return null;
  const entries = listed.inFile(() => mapEntries(scope, from, to, scope.backends));
  if (!reader.isWord('else')) return missing('`else` and what a key gets that is not in the file');
  reader.at++;
  if (to === 'backend') scope.reading?.names(reader, 'backend', () => scope.backends.keys());
  const item = reader.value();
  if (item !== null && to === 'backend') scope.reading?.name(item, 'backend');
  if (item === null) return missing('what a key gets that is not in the file');
  if (!isEnded(scope, reader, statement, null)) return null;
  const otherwise = mapValueOf(scope, item, to, scope.backends);
  if (entries === null || otherwise === null) return null;
  if (to === 'backend') {
    for (const used of [otherwise, ...entries.map(([, value]) => value)]) {
      const backend = scope.backends.get(String(used));
      if (backend !== undefined) backend.isUsed = true;
    }
  }
  return { name, from, to, entries, otherwise, file: listed.file, place: scope.place(span) };
}

function typeOf<Type extends string>(
  scope: Scope,
  reader: Reader,
  known: readonly Type[],
  missing: (what: string) => null,
): Type | null {
  for (const type of known) scope.reading?.keyword(reader, type, TYPE_DOCS[type]);
  const item: Item | undefined = reader.peek();
  if (item === undefined) return missing('a type');
  const word = reader.wordAt(reader.at);
  const type = known.find((each) => each === word);
  reader.at++;
  if (type !== undefined) return type;
  const value = scope.source.text.slice(item.start, item.end);
  return scope.error('SL0614', item, { value }, didYouMean(value, known, `It can be: ${known.join(', ')}`));
}

/** readMapFile reads the bytes of a map's file as strictly as when the rules are loaded. Never throws for bad ones. */
export function readMapFile(
  { from, to, file }: Pick<MapPlan, 'from' | 'to' | 'file'>,
  backends: readonly string[],
  bytes: Uint8Array,
): ListFileResult<Entries> {
  const known = new Set(backends);
  return readEntries(file.name, bytes, (scope) => mapEntries(scope, from, to, known));
}

type Known = Pick<ReadonlySet<string>, 'has' | 'keys'>;

/** mapEntries reads the file being checked, or reports each line that is wrong and returns null. */
function mapEntries(scope: Scope, from: MapKey, to: MapValue, backends: Known): Entries | null {
  if (scope.source.text === '') return scope.error('SL0625', { start: 0, end: 1 }, { file: scope.source.file });
  const entries = new Map<string, { readonly value: string | number; readonly item: WordItem }>();
  let isRight = true;
  eachLine(scope.source, (line) => {
    const split = /^(\S+)[ \t]+(.+)$/s.exec(line.value);
    if (split === null) {
      isRight = false;
      scope.error('SL0626', line, { value: line.value });
      return true;
    }
    const [, key, value] = split as unknown as [string, string, string];
    const keyItem: WordItem = { ...line, value: key, end: line.start + key.length };
    const valueItem: WordItem = { ...line, value, start: line.end - value.length };
    const known = keyOf(scope, keyItem, from);
    const meant = mapValueOf(scope, valueItem, to, backends);
    const before = known === null ? undefined : entries.get(known);
    if (known === null || meant === null) isRight = false;
    else if (before === undefined) entries.set(known, { value: meant, item: keyItem });
    else if (before.value !== meant) {
      isRight = false;
      scope.error('SL0629', keyItem, { key, value: before.value, where: formatPlace(scope.place(before.item)) });
    }
    return !scope.diagnostics.isFull;
  });
  return isRight ? [...entries].map(([key, { value }]) => [key, value] as const) : null;
}

function keyOf(scope: Scope, item: WordItem, from: MapKey): string | null {
  if (from !== 'host' || !item.value.startsWith('*.')) {
    const key = listEntry(scope, item, LISTS[from]);
    return key === null ? null : String(key);
  }
  const host = listEntry(scope, { ...item, value: item.value.slice(2), start: item.start + 2 }, 'hosts');
  return host === null ? null : `*.${host}`;
}

function mapValueOf(scope: Scope, item: WordItem, to: MapValue, backends: Known): string | number | null {
  const text = item.value;
  if (to === 'text') {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    return /[\u0000-\u001f\u007f]/.test(text) ? scope.error('SL0624', item, { value: text }) : text;
  }
  if (to === 'number') return readWhole(text) ?? scope.error('SL0605', item, { value: text });
  if (backends.has(text)) return text;
  if (scope.isWordMissing) {
    scope.diagnostics.silence();
    return null;
  }
  const names = [...backends.keys()];
  return scope.error(
    'SL0703',
    item,
    { name: text },
    didYouMean(text, names, `Backends are: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`),
  );
}
