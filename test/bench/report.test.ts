/**
 * The benchmark's arithmetic: what wrk prints is understood, medians and ratios are right.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readH2loadReport } from './h2load.ts';
import { caseTable, comparison, comparisonTable, median, type Round } from './report.ts';
import { buildRevision } from './revision.ts';
import { makeRules } from './rules.ts';
import { readSTimeReport } from './s-time.ts';
import { readReport } from './wrk.ts';

test("wrk's report is read, whatever its units", () => {
  const text = `Running 2s test @ http://127.0.0.1:1/small
  Latency Distribution
     50%  500.00us
     75%    2.06ms
     99%    1.50s
  41234 requests in 2.10s, 5.03MB read
  Socket errors: connect 1, read 2, write 3, timeout 4
  Non-2xx or 3xx responses: 5
Requests/sec:  19635.24
`;
  assert.deepEqual(readReport(text), { requests: 41234, seconds: 2.1, p50Ms: 0.5, p99Ms: 1500, errors: 15 });
  assert.throws(() => readReport('unable to connect'));
});

test("h2load's report is read, without percentiles", () => {
  const text = `finished in 2.10s, 24401.50 req/s, 1.02MB/s
requests: 51243 total, 51643 started, 51243 done, 51240 succeeded, 2 failed, 1 errored, 0 timeout
`;
  assert.deepEqual(readH2loadReport(text), {
    requests: 51240,
    seconds: 2.1,
    p50Ms: Number.NaN,
    p99Ms: Number.NaN,
    errors: 2,
  });
  assert.throws(() => readH2loadReport('unable to connect'));
});

test('connections of openssl s_time are counted, and those that resumed a session', () => {
  const text = (marks: string) =>
    `starting\n${marks}\n\n5 connections in 0.01s\n5 connections in 3 real seconds, 0 bytes`;
  assert.deepEqual(readSTimeReport(text('rr*rr')), { connections: 5, resumed: 4 });
  assert.deepEqual(readSTimeReport(text('*****')), { connections: 5, resumed: 0 });
  assert.throws(() => readSTimeReport('Unable to get connection'));
});

test('a median is the middle, or between the two middles', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
});

test('a table has the fastest first and ratios to HAProxy', () => {
  const round = (requestsPerSecond: number): Round => {
    return { requestsPerSecond, cpuMicros: 10, p50Ms: 1, p99Ms: 2, coreShare: 1, foreignShare: 0, errors: 0 };
  };
  const peers = [
    { peer: 'haproxy', rounds: [round(1000), round(900), round(5000)], peakBytes: 1 << 20 },
    { peer: 'other', rounds: [round(2000), round(1800), round(10_000)], peakBytes: 2 << 20 },
  ];
  const [, , first, second] = caseTable({ name: 'x', title: 'x', bodyBytes: 0, reference: 'haproxy', peers }).split(
    '\n',
  );
  assert.match(first!, /^\| other +\| +2,000 \| +2\.00 /);
  assert.match(second!, /^\| haproxy +\| +1,000 \| +1\.00 /);
});

test('a comparison has the median of the rounds’ own ratios, above 1 where the first is better', () => {
  const round = (requestsPerSecond: number, cpuMicros: number): Round => {
    return { requestsPerSecond, cpuMicros, p50Ms: 1, p99Ms: 2, coreShare: 1, foreignShare: 0.01, errors: 0 };
  };
  const peers = [
    { peer: 'old', rounds: [round(1000, 20), round(500, 22), round(2000, 18)], peakBytes: 1 },
    { peer: 'new', rounds: [round(990, 10), round(600, 11), round(1000, 36)], peakBytes: 1 },
  ];
  const result = comparison({ name: 'x', title: 'x', bodyBytes: 0, reference: 'old', peers }, 'new', 'old');
  assert.equal(result.rateRatio, 0.99);
  assert.equal(result.cpuRatio, 2);
  assert.deepEqual(result.rateRange, [0.5, 1.2]);
  assert.match(comparisonTable([result]).split('\n')[2]!, /^\| x +\| +990 \| +1,000 \| 0\.990 \| 0\.500 \| 1\.200 \|/);
  assert.throws(() => comparison({ ...result, title: '', bodyBytes: 0, reference: '', peers }, 'new', 'older'));
});

test('a revision that is not there is one clear line', () => {
  assert.throws(() => buildRevision('no-such-branch'), {
    message: 'there is no commit `no-such-branch` in this repository',
  });
});

test('the requested number of rules is generated, all different', () => {
  const rules = makeRules(5000);
  assert.equal(new Set(rules.map((rule) => JSON.stringify(rule))).size, 5000);
});
