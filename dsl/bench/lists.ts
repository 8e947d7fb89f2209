/**
 * Prints what long lists cost: `node dsl/bench/lists.ts [ENTRIES]`. Loading is reading the file's bytes, strictly, and
 * building the table; bytes are those of the table, which all threads share; a look-up is one that finds something.
 */
import { readListFile } from '../src/check/index.ts';
import { parseIp } from '../src/match/address/parse-ip.ts';
import { finish } from '../src/match/build/steps.ts';
import { compileTest } from '../src/match/condition/test-matcher.ts';
import type { FactValue, RequestFacts } from '../src/match/facts/facts.ts';
import { buildValueTable } from '../src/match/rule/build-tables.ts';
import type { TestCondition } from '../src/plan/condition.ts';

const ENTRIES = Number(process.argv[2] ?? 100_000);
const place = { file: '<plan>', line: 1, column: 1, length: 1 };
const hex = (number: number): string => number.toString(16);

const KINDS: Record<string, { type: 'ips' | 'hosts' | 'paths'; operator: 'in' | 'under'; entry(n: number): string }> = {
  'IPv4 networks': { type: 'ips', operator: 'in', entry: (n) => `${1 + (n % 200)}.${(n >> 8) & 255}.${n & 255}.0/24` },
  'IPv6 networks': { type: 'ips', operator: 'in', entry: (n) => `2001:db8:${hex(n >> 16)}:${hex(n & 0xffff)}::/64` },
  hosts: { type: 'hosts', operator: 'in', entry: (n) => `host-${n}.example.com` },
  'paths, under': { type: 'paths', operator: 'under', entry: (n) => `/area/${n % 300}/item-${n}` },
};

console.log(`${ENTRIES} entries         load ms   table ms   bytes/entry   ns/look-up`);
for (const [kind, { type, operator, entry }] of Object.entries(KINDS)) {
  const lines = Array.from({ length: ENTRIES }, (_, n) => entry(n * 7));
  const bytes = Buffer.from(lines.join('\n'));
  let bestLoad = Number.POSITIVE_INFINITY;
  let bestBuild = Number.POSITIVE_INFINITY;
  let size = 0;
  let test: TestCondition | null = null;
  for (let run = 0; run < 5; run++) {
    const start = performance.now();
    const { entries } = readListFile({ type, file: { path: '/list', name: 'list', refreshMs: 0 } }, bytes);
    const read = performance.now();
    const valueType = type === 'ips' ? 'ip' : 'text';
    const whole: TestCondition = {
      kind: 'test',
      field: 'x',
      key: null,
      type: valueType,
      operator,
      values: entries!,
      list: 'x',
      anycase: false,
      every: false,
      place,
    };
    const table = finish(buildValueTable(whole))!;
    bestLoad = Math.min(bestLoad, performance.now() - start);
    bestBuild = Math.min(bestBuild, performance.now() - read);
    const arrays = Object.values(table).filter((part) => ArrayBuffer.isView(part));
    size = arrays.reduce((sum, array) => sum + array.byteLength, 0);
    test = { ...whole, values: [], table };
  }
  const probes = lines.slice(0, 5000).map((line): FactValue => {
    const [address = '', prefix] = line.split('/');
    return type === 'ips' && prefix !== undefined
      ? parseIp(address)!
      : operator === 'under'
        ? `${line}/index.html`
        : line;
  });
  let value: FactValue;
  const matches = compileTest(test!, () => value);
  let bestLookup = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 20; run++) {
    const start = performance.now();
    for (value of probes) if (!matches({} as RequestFacts)) throw new Error(`${kind}: ${String(value)} was not found`);
    bestLookup = Math.min(bestLookup, ((performance.now() - start) * 1e6) / probes.length);
  }
  console.log(
    `${kind.padEnd(22)}${bestLoad.toFixed(0).padStart(8)}${bestBuild.toFixed(0).padStart(11)}${(size / ENTRIES).toFixed(1).padStart(14)}${bestLookup.toFixed(0).padStart(13)}`,
  );
}
