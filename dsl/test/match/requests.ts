/** Written-out requests, rules and readers for the matcher tests. */

import { parseIp } from '../../src/match/address/parse-ip.ts';
import type { FieldReader, RequestFacts, ResponseFacts } from '../../src/match/facts/facts.ts';
import { Memo } from '../../src/match/request/memo.ts';
import type { Condition, Operator, TestCondition, ValueType } from '../../src/plan/condition.ts';
import type { Rule } from '../../src/plan/rule.ts';

export const PLACE = { file: '<plan>', line: 1, column: 1, length: 1 };

export interface Request {
  ip?: string;
  port?: number;
  scheme?: 'http' | 'https';
  sni?: string;
  alpn?: readonly string[];
  method?: string;
  host?: string;
  path?: string;
  query?: string;
  id?: string;
  headers?: Record<string, string | readonly string[]>;
  status?: number;
  answerHeaders?: Record<string, string | readonly string[]>;
}

export function facts(request: Request): RequestFacts {
  const headers = new Map(Object.entries(request.headers ?? {}));
  const answerHeaders = new Map(Object.entries(request.answerHeaders ?? {}));
  const memo = new Memo();
  const received: ResponseFacts = {
    ip: parseIp(request.ip ?? '198.51.100.7')!,
    port: request.port ?? 443,
    scheme: request.scheme ?? 'https',
    sni: request.sni ?? '',
    alpn: request.alpn ?? [],
    method: request.method ?? 'GET',
    host: request.host ?? 'www.example.com',
    path: request.path ?? '/',
    query: request.query ?? '',
    id: request.id ?? '0123456789abcdef0123456789abcdef',
    header: (name) => headers.get(name),
    memo: (key, make) => memo.get(key, make),
    status: request.status ?? 200,
    answerHeader: (name) => answerHeaders.get(name),
  };
  return received;
}

export const readers = new Map<string, FieldReader>([
  ['ip', (facts) => facts.ip],
  ['port', (facts) => facts.port],
  ['scheme', (facts) => facts.scheme],
  ['sni', ({ sni = '' }) => (sni === '' ? undefined : sni)],
  ['alpn', ({ alpn = [] }) => (alpn.length === 0 ? undefined : alpn)],
  ['method', (facts) => facts.method],
  ['host', (facts) => facts.host],
  ['path', (facts) => facts.path],
  ['header', (facts, key) => facts.header(key!)],
  [
    'list header',
    (facts, key) => {
      const values = facts.header(key!);
      if (values === undefined) return undefined;
      return [values].flat().flatMap((value) => value.split(','));
    },
  ],
  ['status', (facts) => (facts as ResponseFacts).status],
  ['response header', (facts, key) => (facts as ResponseFacts).answerHeader(key!)],
  [
    'broken',
    () => {
      throw new Error('the database is gone');
    },
  ],
  ['careless', () => true as unknown as string],
]);

const TYPES: Record<string, ValueType> = { ip: 'ip', port: 'number', status: 'number' };

/** is writes a comparison: is('header x-team', 'contains', ['a', 'b'], { anycase: true }). */
export function is(
  what: string,
  operator: Operator,
  values: readonly (string | number)[] = [],
  options: { anycase?: boolean; every?: boolean } = {},
): TestCondition {
  const [field = '', key = null] = what.split(' ');
  const { anycase = false, every = false } = options;
  return {
    kind: 'test',
    field,
    key,
    type: TYPES[field] ?? 'text',
    operator,
    values,
    list: null,
    anycase,
    every,
    place: PLACE,
  };
}

export const all: Condition = { kind: 'all', place: PLACE };
export const and = (...of: Condition[]): Condition => ({ kind: 'and', of, place: PLACE });
export const or = (...of: Condition[]): Condition => ({ kind: 'or', of, place: PLACE });
export const not = (of: Condition): Condition => ({ kind: 'not', of, place: PLACE });
export const named = (name: string, of: Condition): Condition => ({ kind: 'named', name, of, place: PLACE });

export function rule(when: Condition | null): Rule {
  return { part: 'guard', verb: 'deny', args: {}, when, text: 'deny …', place: PLACE };
}
