/**
 * ExpectedValues: what an editor offers in the place of a value, by the type that the checker reads it as. Main thread.
 *
 * Where values can be counted, all are offered, and no others. Of durations, sizes, ports and the like only usual ones are:
 * those are free-form, as texts, paths, files and new names are, of which none is offered.
 */
import type { ListType } from '../../plan/list.ts';
import type { BaseArg } from '../../vocabulary/setting-word.ts';
import type { FieldWord } from '../../vocabulary/word.ts';
import { PHASE_RANK } from '../scope/condition-phase.ts';
import type { Walk } from '../scope/reading.ts';
import type { Scope } from '../scope/scope.ts';
import { METHOD_WORDS } from './argument-value.ts';
import { knownHeaders } from './header-names.ts';

/** STATUS_NAMES: the statuses in common use (RFC 9110, section 15). */
const STATUS_NAMES: Readonly<Record<string, string>> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  410: 'Gone',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** Usual values of free-form types, with their size as `min` and `max` of an argument count it. */
const USUAL: Readonly<Record<string, readonly (readonly [text: string, size: number])[]>> = {
  duration: [
    ['100ms', 100],
    ['1s', 1_000],
    ['5s', 5_000],
    ['10s', 10_000],
    ['30s', 30_000],
    ['1m', 60_000],
    ['15m', 900_000],
    ['1h', 3_600_000],
  ],
  size: [
    ['16KiB', 16_384],
    ['1MiB', 1_048_576],
    ['10MiB', 10_485_760],
    ['100MiB', 104_857_600],
  ],
  rate: [
    ['10/s', 10],
    ['100/s', 100],
    ['60/m', 60],
    ['1000/h', 1_000],
  ],
  percent: [
    ['1%', 1],
    ['5%', 5],
    ['10%', 10],
    ['50%', 50],
  ],
  port: [
    ['80', 80],
    ['443', 443],
    ['8080', 8080],
  ],
};

/** expectArgument notes what may be written for an argument, and where it is one of a list, whether it is the first. */
export function expectArgument(scope: Scope, walk: Walk, arg: BaseArg, isField?: (field: FieldWord) => boolean): void {
  const { reading } = scope;
  if (reading?.isOpen(walk) !== true) return;
  const value = (label: string, detail = '', doc = ''): void => reading.value(walk, label, doc, detail, arg);
  switch (arg.type) {
    case 'backend':
      reading.names(walk, 'backend', () => scope.backends.keys());
      return;
    case 'map':
      reading.names(walk, 'map', () => mapsTo(scope, arg.choices));
      return;
    case 'cidrs':
      expectLists(scope, walk, 'ips');
      return;
    case 'field':
      expectField(scope, walk, isField);
      return;
    case 'text':
    case 'template':
      if (arg.replaces !== undefined) return;
      reading.keyword(walk, 'env', 'a variable of the environment: `env "NAME"`');
      if (scope.mayHoldSecrets) reading.keyword(walk, 'secret', 'a secret, which is never shown: `secret "name"`');
  }
  if (arg.choices !== undefined) {
    for (const choice of arg.choices) value(String(choice), STATUS_NAMES[choice]);
    return;
  }
  const { min = 0, max = Number.POSITIVE_INFINITY } = arg;
  for (const [text, size] of USUAL[arg.type] ?? []) if (size >= min && size <= max) value(text);
  if (arg.type === 'header') {
    for (const name of knownHeaders()) if (arg.except?.includes(name.toLowerCase()) !== true) value(name);
  }
  if (arg.type === 'method') for (const method of METHOD_WORDS) value(method);
  if (arg.type === 'causes') value('connect-failure', '', 'refused, reset before an answer, or too slow');
  if (arg.type === 'status' || arg.type === 'statuses' || arg.type === 'causes') expectStatuses(scope, walk, arg);
}

/** expectField notes the fields that an argument may name: those of requests. */
export function expectField(scope: Scope, walk: Walk, isField: (field: FieldWord) => boolean = () => true): void {
  scope.reading?.words(
    walk,
    scope.vocabulary.fields,
    'field',
    (field) => PHASE_RANK[field.phase] <= PHASE_RANK.request && isField(field),
  );
}

/** expectStatuses notes the statuses in common use that an argument allows, or all. */
export function expectStatuses(
  scope: Scope,
  walk: Walk,
  { min = 100, max = 599 }: { min?: number; max?: number },
): void {
  for (const [status, name] of Object.entries(STATUS_NAMES)) {
    if (Number(status) >= min && Number(status) <= max) scope.reading?.value(walk, status, '', name);
  }
}

/** expectHeaders notes the names of header fields in common use. */
export function expectHeaders(scope: Scope, walk: Walk): void {
  const { reading } = scope;
  if (reading?.isOpen(walk) !== true) return;
  for (const name of knownHeaders()) reading.value(walk, name);
}

/** expectLists notes the lists of a type. */
export function expectLists(scope: Scope, walk: Walk, type: ListType): void {
  scope.reading?.names(walk, 'list', () => {
    const names: string[] = [];
    for (const [name, list] of scope.lists) if (list.type === null || list.type === type) names.push(name);
    return names;
  });
}

/** expectOperators notes how a field may be compared. */
export function expectOperators(scope: Scope, walk: Walk, field: FieldWord): void {
  const { reading } = scope;
  if (reading?.isOpen(walk) !== true) return;
  const operators = [...field.operators, ...(field.isOptional === true ? ['present', 'absent'] : [])];
  for (const label of operators) reading.expect(walk, { kind: 'operator', label });
}

function* mapsTo(scope: Scope, choices: BaseArg['choices']): Generator<string> {
  for (const [name, { plan }] of scope.maps) {
    if (plan === null || choices?.includes(plan.to) !== false) yield name;
  }
}
