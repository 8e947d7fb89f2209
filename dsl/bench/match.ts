/**
 * Prints what one pass over a list of rules costs, by the number and kind of the rules: `node dsl/bench/match.ts`.
 *
 * The request meets the last rule only, so a list that is walked pays for every rule. Times are the best of several runs.
 */

import { parseIp } from '../src/match/address/parse-ip.ts';
import type { FieldReader, RequestFacts } from '../src/match/facts/facts.ts';
import { compileRules } from '../src/match/rule/rule-matcher.ts';
import type { Condition, Operator, TestCondition } from '../src/plan/condition.ts';
import type { Rule } from '../src/plan/rule.ts';

const place = { file: '<plan>', line: 1, column: 1, length: 1 };
const headers = new Map([['user-agent', 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0']]);

const readers = new Map<string, FieldReader>([
  ['ip', (facts) => facts.ip],
  ['host', (facts) => facts.host],
  ['path', (facts) => facts.path],
  ['method', (facts) => facts.method],
  ['header', (facts, key) => facts.header(key!)],
]);

function is(what: string, operator: Operator, ...values: string[]): TestCondition {
  const [field = '', key = null] = what.split(' ');
  const type = field === 'ip' ? 'ip' : 'text';
  return { kind: 'test', field, key, type, operator, values, list: null, anycase: false, every: false, place };
}

function and(...of: Condition[]): Condition {
  return { kind: 'and', of, place };
}

/** Kinds of lists: the n-th rule, and the request that only rule n of them meets. */
const KINDS: Record<string, { rule(n: number): Condition; request(n: number): Partial<RequestFacts> }> = {
  'ip and path': {
    rule: (n) => and(is('ip', 'in', `10.${n >> 8}.${n & 255}.0/24`), is('path', 'under', `/area${n}/x`)),
    request: (n) => ({ ip: parseIp(`10.${n >> 8}.${n & 255}.9`)!, path: `/area${n}/x/index.html` }),
  },
  'host and path, crossed': {
    rule: (n) => and(is('host', 'is', `h${n % 70}.example.com`), is('path', 'under', `/area${Math.floor(n / 70)}`)),
    request: (n) => ({ host: `h${n % 70}.example.com`, path: `/area${Math.floor(n / 70)}/index.html` }),
  },
  mixed: {
    rule: (n) =>
      [
        and(is('host', 'is', `h${n}.example.com`), is('method', 'is', 'GET')),
        and(is('ip', 'in', `10.${n >> 8}.${n & 255}.0/24`), is('header user-agent', 'contains', 'Firefox')),
        and(is('path', 'starts', `/area${n}`), is('host', 'like', '*.example.com')),
        and(is('path', 'under', `/area${n}`), is('ip', 'in', '10.0.0.0/8')),
        and(is('header x-key', 'is', `key${n}`), is('path', 'matches', '^/a')),
      ][n % 5]!,
    request: (n) => ({
      ip: parseIp(`10.${n >> 8}.${n & 255}.9`)!,
      host: `h${n}.example.com`,
      path: `/area${n}/index.html`,
      header: (name) => (name === 'x-key' ? `key${n}` : headers.get(name)),
    }),
  },
  'path contains (no index)': {
    rule: (n) => and(is('path', 'contains', `/area${n}/`), is('method', 'is', 'GET')),
    request: (n) => ({ path: `/x/area${n}/index.html` }),
  },
};

function nanoseconds(rules: readonly Rule[], request: RequestFacts): number {
  const matcher = compileRules(rules, readers);
  if (matcher.next(request, 0) !== rules.length - 1) throw new Error('the request does not meet the last rule alone');
  let best = Number.POSITIVE_INFINITY;
  const passes = Math.max(2000, Math.min(200_000, Math.floor(20_000_000 / rules.length)));
  for (let run = 0; run < 7; run++) {
    const start = process.hrtime.bigint();
    for (let pass = 0; pass < passes; pass++) matcher.next(request, 0);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / passes);
  }
  return best;
}

const SIZES = [1, 8, 100, 1000, 5000];
console.log(`${'ns per pass, by number of rules'.padEnd(34)}${SIZES.map((size) => String(size).padStart(9)).join('')}`);
for (const [kind, { rule, request }] of Object.entries(KINDS)) {
  const row = SIZES.map((size) => {
    const facts: RequestFacts = {
      ip: parseIp('192.0.2.1')!,
      port: 443,
      scheme: 'https',
      method: 'GET',
      host: 'www.example.com',
      path: '/',
      query: '',
      id: '0123456789abcdef0123456789abcdef',
      header: (name) => headers.get(name),
      memo: (_key, make) => make(),
      ...request(size - 1),
    };
    const rules = Array.from(
      { length: size },
      (_, n): Rule => ({ part: 'guard', verb: 'deny', args: {}, when: rule(n), text: `deny ${n}`, place }),
    );
    return nanoseconds(rules, facts);
  });
  console.log(`${kind.padEnd(34)}${row.map((time) => time.toFixed(0).padStart(9)).join('')}`);
}
