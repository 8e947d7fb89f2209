/**
 * FieldArgument: an argument that names a field, such as `of host` or `of header X-Tenant`, as a template of its value.
 * Main thread.
 */
import { didYouMean } from '../../diagnostics/suggestion.ts';
import type { MapKey } from '../../plan/list.ts';
import type { Args, Template } from '../../plan/rule.ts';
import type { BaseArg } from '../../vocabulary/setting-word.ts';
import type { FieldWord } from '../../vocabulary/word.ts';
import { PHASE_RANK } from '../scope/condition-phase.ts';
import type { Reader } from '../scope/reader.ts';
import type { Scope } from '../scope/scope.ts';
import { asPhrase } from './argument-value.ts';
import { expectField, expectHeaders } from './expected-values.ts';
import { isToken } from './literals.ts';
import type { ReadArguments } from './read-arguments.ts';

/** readField reads a field and its key, or reports and returns undefined. `isField` says for an editor which fields may stand here. */
export function readField(
  scope: Scope,
  reader: Reader,
  arg: BaseArg,
  isField: (field: FieldWord) => boolean,
): Template | undefined {
  const { fields } = scope.vocabulary;
  const item = reader.peek()!;
  expectField(scope, reader, isField);
  const match = fields.match(reader.wordAt, reader.at);
  if (match === null) {
    const word = scope.source.text.slice(item.start, item.end);
    reader.at++;
    scope.error(
      'SL0614',
      item,
      { value: word },
      didYouMean(word, fields.names(), `Expected here: ${asPhrase(arg.doc)}`),
    );
    return undefined;
  }
  const field: FieldWord = match.value;
  scope.reading?.markNext(reader, match.length, { kind: 'field', word: field });
  reader.at += match.length;
  if (PHASE_RANK[field.phase] > PHASE_RANK.request) {
    scope.error('SL0407', item, { word: field.name, where: 'before the server has answered' });
    return undefined;
  }
  if (field.key === undefined) {
    const isHost = field.index === 'host';
    return { template: [{ placeholder: field.name, key: null, ...(isHost ? { isCompared: true } : {}) }] };
  }
  if (field.name === 'header') expectHeaders(scope, reader);
  scope.reading?.mark(reader.peek(), { kind: 'key', word: field });
  const key = reader.value();
  if (key === null) scope.reading?.stop(reader);
  if (key === null || !isToken(key.value)) {
    scope.error('SL0203', item, { field: field.name, example: field.example });
    return undefined;
  }
  return { template: [{ placeholder: field.name, key: field.key.ignoresCase ? key.value.toLowerCase() : key.value }] };
}

const KEYS: Readonly<Record<string, MapKey>> = { host: 'host', path: 'path', ip: 'ip', number: 'number' };

function keyOf({ type, index }: FieldWord): MapKey {
  return KEYS[type === 'text' ? index : type] ?? 'text';
}

/** fitsMap says whether a field's values are what the map among the arguments is asked with, if there is one. */
export function fitsMap(scope: Scope, args: readonly BaseArg[], values: Args, field: FieldWord): boolean {
  const map = args.find(({ type }) => type === 'map');
  const from = map === undefined ? undefined : scope.maps.get(String(values[map.name]))?.plan?.from;
  return from === undefined || from === keyOf(field);
}

/** checkMapKey reports a field whose values are not what the map beside it is asked with. */
export function checkMapKey(
  scope: Scope,
  args: readonly BaseArg[],
  read: Pick<ReadArguments, 'args' | 'spans'>,
): boolean {
  const map = args.find(({ type }) => type === 'map');
  const of = args.find(({ type }) => type === 'field');
  if (map === undefined || of === undefined) return true;
  const name = String(read.args[map.name]);
  const from = scope.maps.get(name)?.plan?.from;
  const [part] = (read.args[of.name] as Template).template;
  const field = scope.vocabulary.fields.get((part as { readonly placeholder: string }).placeholder)!;
  const key = keyOf(field);
  if (from === undefined || from === key) return true;
  scope.error('SL0719', read.spans.get(of.name)!, { name, from, field: field.name, key });
  return false;
}
