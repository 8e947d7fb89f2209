/**
 * The benchmark's arithmetic: what wrk prints is understood, medians and ratios are right.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caseTable, median, type Round } from './report.ts';
import { makeRules } from './rules.ts';
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
  const [, , first, second] = caseTable({ name: 'x', title: 'x', bodyBytes: 0, peers }).split('\n');
  assert.match(first!, /^\| other +\| +2,000 \| +2\.00 /);
  assert.match(second!, /^\| haproxy +\| +1,000 \| +1\.00 /);
});

test('rules are as many as asked for, and all different', () => {
  const rules = makeRules(5000);
  assert.equal(new Set(rules.map((rule) => JSON.stringify(rule))).size, 5000);
});
