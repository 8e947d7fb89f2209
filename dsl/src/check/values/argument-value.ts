/**
 * ArgumentValue: one written argument to the value that the plan holds, by its declared type. Main thread.
 */
import { isAbsolute, resolve } from 'node:path';
import { closest, didYouMean } from '../../diagnostics/suggestion.ts';
import { foldedName } from '../../match/request/header-names.ts';
import { normalisePath } from '../../match/request/path.ts';
import { WRITTEN_PATHS } from '../../plan/path-policy.ts';
import type { ArgValue } from '../../plan/rule.ts';
import type { WordItem } from '../../syntax/tree.ts';
import type { BaseArg } from '../../vocabulary/setting-word.ts';
import type { Scope } from '../scope/scope.ts';
import { isResolver, LISTEN_ADDRESS, readAddress, readAddresses, SERVER_ADDRESS } from './address.ts';
import { checkRegexItem, networkValues } from './field-value.ts';
import { pathPatternFix, warnOfPrefixPattern } from './foreign-pattern.ts';
import { misspelledHeader } from './header-names.ts';
import {
  isName,
  isNumberLike,
  isToken,
  readDuration,
  readPercent,
  readPort,
  readRate,
  readSize,
  readWhole,
} from './literals.ts';
import { readLogFormat } from './log-format.ts';
import { readTemplate } from './template.ts';

/** LIST_TYPES take several values with commas between them. */
export const LIST_TYPES: ReadonlySet<string> = new Set(['statuses', 'cidrs', 'causes', 'files', 'names', 'resolvers']);

/** NUMERIC_TYPES begin with a digit, so that one that is left out can be told from one that is there. */
export const NUMERIC_TYPES: ReadonlySet<string> = new Set([
  'number',
  'status',
  'statuses',
  'duration',
  'size',
  'rate',
  'percent',
  'port',
]);

/** METHOD_WORDS are the methods in common use. */
export const METHOD_WORDS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
];

const UNITS: Readonly<
  Record<string, { readonly read: (text: string) => number | null; readonly unit: string; readonly units: string }>
> = {
  duration: { read: readDuration, unit: 's', units: 'ms, s, m, h, d' },
  size: { read: readSize, unit: 'KiB', units: 'B, kB, MB, GB, KiB, MiB, GiB' },
  rate: { read: readRate, unit: '/s', units: '/s, /m, /h' },
  percent: { read: readPercent, unit: '%', units: '%' },
};

/** asPhrase makes an argument's one-line doc a part of a sentence. */
export function asPhrase(doc: string): string {
  const first = doc.split(/[.;:](?:\s|$)/, 1)[0]!;
  return /^[A-Z][a-z ]/.test(first) ? first[0]!.toLowerCase() + first.slice(1) : first;
}

/** argumentValue returns the value, or undefined after reporting why it is none. */
export function argumentValue(scope: Scope, item: WordItem, arg: BaseArg): ArgValue | undefined {
  const text = item.value;
  if (item.kind === 'regex' && arg.type !== 'regex' && arg.type !== 'pattern') {
    return fail(
      scope,
      'SL0118',
      item,
      { word: scope.source.text.slice(item.start, item.end) },
      `Expected here: ${asPhrase(arg.doc)}`,
    );
  }
  switch (arg.type) {
    case 'name':
      return nameValue(scope, item, arg);
    case 'text':
      return text;
    case 'number':
      return inRange(scope, item, arg, readWhole(text));
    case 'status':
      return statusValue(scope, item, arg);
    case 'rate':
      return rateValue(scope, item, arg);
    case 'duration':
    case 'size':
    case 'percent':
      return unitValue(scope, item, arg);
    case 'prefix':
      return inRange(
        scope,
        { ...item, value: text.replace(/^\//, '') },
        arg,
        text.startsWith('/') ? readWhole(text.slice(1)) : null,
      );
    case 'port':
      return portValue(scope, item);
    case 'template':
      return readTemplate(scope, item, arg.replaces !== undefined) ?? undefined;
    case 'header':
      if (!isToken(text)) return fail(scope, 'SL0611', item, { kind: 'header', value: text });
      if (arg.except?.includes(foldedName(text.toLowerCase())) === true)
        return fail(scope, 'SL0644', item, { value: text });
      warnOfHeader(scope, item);
      return text;
    case 'cookie':
      return isToken(text) ? text : fail(scope, 'SL0611', item, { kind: 'cookie', value: text });
    case 'backend':
      return backendValue(scope, item);
    case 'map':
      return mapValue(scope, item, arg);
    case 'path':
      return pathValue(scope, item);
    case 'pattern':
      if (item.kind === 'regex') return checkRegexItem(scope, item) ? { regex: text } : undefined;
      return prefixValue(scope, item);
    case 'method':
      if (/^[A-Z][A-Z-]*$/.test(text)) return text;
      return fail(
        scope,
        'SL0622',
        item,
        { value: text },
        didYouMean(text.toUpperCase(), METHOD_WORDS, `For example \`GET\``),
      );
    case 'file':
      if (text === '') return fail(scope, 'SL0618', item, { operator: arg.name });
      return isAbsolute(text) ? text : resolve(scope.baseDir, text);
    case 'log format':
      return item.kind === 'text' ? (readLogFormat(scope, item) ?? undefined) : logFormatName(scope, item, arg);
    case 'regex':
      if (item.kind !== 'regex') return fail(scope, 'SL0217', item, { value: text });
      return checkRegexItem(scope, item) ? text : undefined;
    case 'address':
    case 'bind': {
      const address = arg.type === 'bind' ? readAddress(text, LISTEN_ADDRESS) : readAddresses(text, SERVER_ADDRESS);
      if ('problem' in address)
        return fail(scope, 'SL0609', item, { value: text, problem: address.problem }, address.fix);
      return text;
    }
    default:
      return undefined;
  }
}

/** listItemValues are the values that one written value of a list argument stands for. */
export function listItemValues(scope: Scope, item: WordItem, arg: BaseArg): readonly (string | number)[] | undefined {
  if (arg.type === 'cidrs') return networkValues(scope, item) ?? undefined;
  if (arg.type === 'files') {
    const path = argumentValue(scope, item, { ...arg, type: 'file' });
    return path === undefined ? undefined : [path as string];
  }
  if (arg.type === 'names') {
    if (item.kind === 'regex') return fail(scope, 'SL0118', item, { word: item.value });
    const known = arg.choices?.map(String);
    if (known?.some((choice) => choice.toLowerCase() === item.value.toLowerCase()) === false) {
      const fix = didYouMean(item.value, known, `It can be: ${known.slice(0, 8).join(', ')} …`);
      return fail(scope, 'SL0614', item, { value: item.value }, fix);
    }
    return [item.value];
  }
  const value = listItemValue(scope, item, arg);
  return value === undefined ? undefined : [value];
}

function listItemValue(scope: Scope, item: WordItem, arg: BaseArg): string | number | undefined {
  const text = item.value;
  if (arg.type === 'resolvers') return isResolver(text) ? text : fail(scope, 'SL0662', item, { value: text });
  if (arg.type === 'causes' && text === 'connect-failure') return text;
  if (arg.type === 'causes' && !/^\d/.test(text)) {
    return fail(
      scope,
      'SL0614',
      item,
      { value: text },
      didYouMean(text, ['connect-failure'], 'It can be: connect-failure, or statuses such as 503'),
    );
  }
  const range = arg.type === 'statuses' ? /^(\d{3})\.\.(\d{3})$/.exec(text) : null;
  const ends = range === null ? [text, text] : [range[1]!, range[2]!];
  const [low, high] = ends.map((end) => readWhole(end));
  const least = arg.min ?? 100;
  if (low == null || high == null || low < least || high > 599 || low > high) {
    return fail(scope, 'SL0610', item, { value: text, low: least, high: 599 });
  }
  return range === null ? low : text;
}

function fail(
  scope: Scope,
  code: string,
  item: WordItem,
  values: Record<string, string | number>,
  fix?: string | null,
): undefined {
  scope.error(code, item, values, fix);
  return undefined;
}

function nameValue(scope: Scope, item: WordItem, arg: BaseArg): string | undefined {
  const text = item.value;
  if (arg.choices !== undefined) {
    if (arg.choices.includes(text)) return text;
    const known = arg.choices.map(String);
    return fail(scope, 'SL0614', item, { value: text }, didYouMean(text, known, `It can be: ${known.join(', ')}`));
  }
  if (isName(text)) return text;
  return fail(scope, 'SL0704', item, { value: text });
}

function logFormatName(scope: Scope, item: WordItem, { choices = [] }: BaseArg): string | undefined {
  const text = item.value;
  if (choices.includes(text)) return text;
  const known = choices.map(String);
  const list = `It can be: ${known.join(', ')}, or a text in quotes such as \`"{client.ip} {method} {path} {status}"\``;
  return fail(scope, 'SL0614', item, { value: text }, didYouMean(text, known, list));
}

function inRange(scope: Scope, item: WordItem, arg: BaseArg, value: number | null): number | undefined {
  if (value === null) return fail(scope, 'SL0605', item, { value: item.value });
  if (arg.choices !== undefined && !arg.choices.includes(value)) {
    return fail(scope, 'SL0614', item, { value: item.value }, `It can be: ${arg.choices.join(', ')}`);
  }
  const { min, max } = arg;
  if ((min !== undefined && value < min) || (max !== undefined && value > max)) {
    const range = max === undefined ? `${min} or more` : `${min ?? 0} to ${max}`;
    return fail(scope, 'SL0616', item, { value: item.value, range });
  }
  return value;
}

function statusValue(scope: Scope, item: WordItem, arg: BaseArg): number | undefined {
  const value = readWhole(item.value);
  const low = arg.min ?? 100;
  const high = arg.max ?? 599;
  if (arg.choices !== undefined && value !== null && !arg.choices.includes(value)) {
    return fail(scope, 'SL0614', item, { value: item.value }, `It can be: ${arg.choices.join(', ')}`);
  }
  if (value === null || value < low || value > high)
    return fail(scope, 'SL0610', item, { value: item.value, low, high });
  return value;
}

function unitValue(scope: Scope, item: WordItem, arg: BaseArg): number | undefined {
  const { read, unit, units } = UNITS[arg.type]!;
  const text = item.value;
  const value = read(text);
  if (value === null) {
    if (isNumberLike(text))
      return fail(scope, 'SL0606', item, { value: text, units }, `Did you mean \`${text}${unit}\`?`);
    const match = /^(\d+(?:\.\d+)?)([A-Za-z/%]+)$/.exec(text);
    const known = units.split(', ');
    const guess =
      match === null
        ? null
        : (known.find((name) => name.toLowerCase() === match[2]!.toLowerCase()) ?? closest(match[2]!, known));
    const fix = guess === null ? `Units are: ${units}` : `Did you mean \`${match![1]}${guess}\`?`;
    return fail(scope, 'SL0607', item, { value: text, type: arg.type }, fix);
  }
  const { min, max = arg.type === 'percent' ? 100 : undefined } = arg;
  if ((min !== undefined && value < min) || (max !== undefined && value > max)) {
    return fail(scope, 'SL0616', item, {
      value: text,
      range: `${written(arg.type, min ?? 0)} to ${written(arg.type, max!)}`,
    });
  }
  return value;
}

/** written gives a bound back its unit. */
function written(type: string, value: number): string {
  if (type === 'percent') return `${value}%`;
  if (type === 'rate') return `${value}/s`;
  if (type === 'size') return value % 1024 === 0 && value > 0 ? `${value / 1024}KiB` : `${value}B`;
  return value % 3_600_000 === 0 && value > 0 ? `${value / 3_600_000}h` : `${value}ms`;
}

/** rateValue keeps the events and their time apart: `60/m` is not `1/s`, as sixty may come at once. */
function rateValue(scope: Scope, item: WordItem, arg: BaseArg): readonly number[] | undefined {
  if (unitValue(scope, item, arg) === undefined) return undefined;
  const [count, per] = item.value.split('/') as [string, keyof typeof PERIODS];
  if (Number(count) > 0) return [Number(count), PERIODS[per]];
  return fail(scope, 'SL0616', item, { value: item.value, range: `1/${per} or more` });
}

const PERIODS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

/** NAMED_KEYS are the keys behind which a name stands. */
export const NAMED_KEYS: ReadonlySet<string> = new Set(['header', 'cookie', 'query']);

/** keyValue reads what requests are told apart by; `name` stands behind `header`, `cookie` and `query`. */
export function keyValue(
  scope: Scope,
  item: WordItem,
  name: WordItem | null,
  arg: BaseArg,
): readonly string[] | undefined {
  const kind = item.value;
  if (arg.choices?.includes(kind) !== true) {
    const known = (arg.choices ?? []).map(String);
    const list = known.map((each) => (NAMED_KEYS.has(each) ? `${each} NAME` : each)).join(', ');
    return fail(scope, 'SL0614', item, { value: kind }, didYouMean(kind, known, `It can be: ${list}`));
  }
  if (!NAMED_KEYS.has(kind)) return [kind];
  if (name === null) return fail(scope, 'SL0203', item, { field: kind, example: `${arg.before} ${kind} X-Team` });
  if (!isToken(name.value)) return fail(scope, 'SL0611', name, { kind, value: name.value });
  if (kind === 'header') warnOfHeader(scope, name);
  return [kind, kind === 'header' ? name.value.toLowerCase() : name.value];
}

function portValue(scope: Scope, item: WordItem): number | undefined {
  const port = readPort(item.value);
  if (port !== null && port > 0) return port;
  return fail(scope, 'SL0616', item, { value: item.value, range: '1 to 65535' });
}

function backendValue(scope: Scope, item: WordItem): string | undefined {
  scope.reading?.name(item, 'backend');
  const backend = scope.backends.get(item.value);
  if (backend !== undefined) {
    backend.isUsed = true;
    return item.value;
  }
  const names = [...scope.backends.keys()];
  const guess = closest(item.value, names);
  for (const name of guess === null ? [] : [guess]) scope.backends.get(name)!.isUsed = true;
  if (guess === null && scope.isWordMissing) {
    scope.diagnostics.silence();
    return undefined;
  }
  const fallback =
    names.length === 0
      ? `Add \`backend ${item.value} of 127.0.0.1:9001\``
      : `Backends are: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`;
  return fail(scope, 'SL0703', item, { name: item.value }, guess === null ? fallback : `Did you mean \`${guess}\`?`);
}

function mapValue(scope: Scope, item: WordItem, { choices }: BaseArg): string | undefined {
  scope.reading?.name(item, 'map');
  const map = scope.maps.get(item.value);
  if (map !== undefined) {
    map.isUsed = true;
    const to = map.plan?.to;
    if (to === undefined || choices?.includes(to) !== false) return item.value;
    return fail(scope, 'SL0718', item, { name: item.value, to, wanted: choices.join(' or ') });
  }
  const names = [...scope.maps.keys()];
  const fallback = `Add \`map ${item.value} = host to backend from "…" else …\``;
  scope.unknown('SL0717', item, item.value, names, names.length === 0 ? fallback : `Maps are: ${names.join(', ')}`);
  return undefined;
}

function pathValue(scope: Scope, item: WordItem): string | undefined {
  const text = item.value;
  if (!text.startsWith('/'))
    return fail(scope, 'SL0604', item, { value: text }, pathPatternFix(text, 'path') ?? `Write \`/${text}\``);
  const end = text.search(/[?#]/);
  if (normalisePath(end < 0 ? text : text.slice(0, end), WRITTEN_PATHS) !== null && !/[^\x21-\x7e]/.test(text))
    return text;
  return fail(scope, 'SL0621', item, { value: text });
}

/** prefixValue: a prefix that is not in the form that paths have could never match. */
function prefixValue(scope: Scope, item: WordItem): string | undefined {
  const path = pathValue(scope, item);
  if (path !== undefined) warnOfPrefixPattern(scope, item);
  if (path === undefined || normalisePath(path, WRITTEN_PATHS) === path) return path;
  const normal = normalisePath(path.replace(/[?#].*$/, ''), WRITTEN_PATHS);
  return fail(scope, 'SL0621', item, { value: path }, normal === null ? null : `Write \`${normal}\``);
}

function warnOfHeader(scope: Scope, item: WordItem): void {
  const meant = misspelledHeader(item.value);
  if (meant !== null) scope.error('SL0619', item, { value: item.value }, `Did you mean \`${meant}\`?`);
}
