import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lint } from '../../src/index.ts';
import type { ListPlan, Plan } from '../../src/plan/index.ts';
import { compileText, inContext } from '../compile-text.ts';
import { PLACE, readers } from '../match/requests.ts';

async function planOfLines(lines: string): Promise<Plan> {
  const { plan } = await compileText(inContext('listener', lines).replace(/9001\n$/, '9001 { paths for nginx }\n'));
  assert.ok(plan !== null);
  return plan;
}

async function findingsOf(lines: string): Promise<readonly string[]> {
  const { findings, isComplete } = lint(await planOfLines(lines), readers);
  assert.ok(isComplete);
  return findings.map(({ code, message, place }) => `${code} ${place.line}: ${message}`);
}

const CASES: readonly [lines: string, findings: readonly string[]][] = [
  [
    'deny path is /a\nsend to app when path is /b and ip 10.0.0.1',
    ['SL0902 3: redundant: line 4 does the same for every request that it matches'],
  ],
  [
    'deny method GET\ndeny method POST\ndeny 404 when method GET, POST',
    [
      'SL0501 4: can never run: lines 2 and 3 together take every request that it matches (e.g. GET http://www.example.com:8080/ from 198.51.100.7)',
    ],
  ],
  ['deny path is /a and path is /b', ['SL0901 2: this condition can never be true']],
  ['deny path is /c or (path is /a and path is /b)', ['SL0901 2: this condition can never be true']],
  [
    'deny ip 10.1.0.0/16\ndeny ip 10.0.0.0/8',
    ['SL0902 2: redundant: line 3 does the same for every request that it matches'],
  ],
  ['deny 404 when ip 10.1.0.0/16\ndeny ip 10.0.0.0/8', []],
  ['deny ip 10.1.0.0/16\nallow path is /a\ndeny ip 10.0.0.0/8', []],
  [
    'deny ip 10.1.0.0/16 and path is /b\nallow path is /a\ndeny ip 10.0.0.0/8',
    ['SL0902 2: redundant: line 4 does the same for every request that it matches'],
  ],
  ['deny path under /a and not path under /a/b', []],
  ['deny header X-A is a and header X-A is b', []],
];
for (const [lines, findings] of CASES) {
  test(`${JSON.stringify(lines)} gives ${findings.length === 0 ? 'nothing' : findings.map((one) => one.slice(0, 8)).join(', ')}`, async () =>
    assert.deepEqual(await findingsOf(lines), findings));
}

test('every rule that can run comes with a request', async () => {
  const { rules } = lint(
    await planOfLines(
      'deny path matches r"^/v[0-9]+/x"\ndeny header X-A is b and not cookie sid is 1 and cookie sid present',
    ),
    new Map([...readers, ['cookie', () => undefined]]),
  );
  assert.deepEqual(
    rules.map(({ outcome, witness }) => [outcome, witness?.line ?? null]),
    [
      ['live', 'GET http://www.example.com:8080/v0/x'],
      ['live', null],
      ['live', 'GET http://www.example.com:8080/'],
    ],
  );
});

test('overlapping lists, and entries contained in others, are reported', async () => {
  const list = (name: string, type: ListPlan['type'], entries: readonly string[]): ListPlan => ({
    name,
    type,
    entries,
    file: null,
    place: PLACE,
  });
  const plan: Plan = {
    ...(await planOfLines('deny path is /a')),
    lists: [
      list('a', 'ips', ['10.0.0.0/8', '10.1.0.0/16', '10.2.0.0/16', '192.0.2.1']),
      list('b', 'ips', ['10.3.0.1', '198.51.100.0/24']),
      list('c', 'hosts', ['a.example', 'b.example']),
      list('d', 'hosts', ['b.example']),
      list('e', 'texts', ['a.example']),
    ],
  };
  assert.deepEqual(
    lint(plan, readers).findings.map(({ message }) => message),
    [
      'list `a` has `10.1.0.0/16` twice: it is within `10.0.0.0/8`',
      'list `a` has `10.2.0.0/16` twice: it is within `10.0.0.0/8`',
      'list `b` overlaps with list `a` of line 1: 1 of its 2 entries',
      'list `d` overlaps with list `c` of line 1: 1 of its 1 entries',
    ],
  );
});

test('an exhausted budget is reported', async () => {
  const { isComplete, rules } = lint(await planOfLines('deny path is /a\ndeny path is /b'), readers, 1);
  assert.equal(isComplete, false);
  assert.ok(rules.some(({ outcome }) => outcome === 'unknown'));
});

test('a thousand rules are looked at in a breath', async () => {
  const lines = Array.from(
    { length: 1000 },
    (_, index) => `deny host is h${index}.example and path under /p${index % 7}`,
  );
  const { rules, isComplete } = lint(await planOfLines(lines.join('\n')), readers);
  assert.ok(isComplete);
  assert.ok(rules.every(({ outcome }) => outcome === 'live'));
});

const WAYS: readonly [lines: string, backend: string, findings: readonly string[]][] = [
  [
    'deny path under /secret\ndeny path under /other',
    '',
    [
      'SL0905 2: requests can bypass this line if a server reads their path as `/secret`: `/secret;` (Tomcat), `/Secret` (IIS, Node.js), `/%2573ecret` (PHP)',
    ],
  ],
  ['deny path under /secret', 'paths for any', []],
  ['deny path under /secret', 'paths for nginx, apache', []],
  [
    'paths keep parameters\ndeny path under /secret',
    'paths for tomcat',
    ['SL0905 3: requests can bypass this line if a server reads their path as `/secret`: `/secret;` (Tomcat)'],
  ],
  [
    'paths keep empty segments\ndeny path under /secret',
    'paths for nginx',
    ['SL0905 3: requests can bypass this line if a server reads their path as `/secret`: `//secret` (nginx)'],
  ],
  [
    'allow encoded slashes\ndeny path under /secret',
    'paths for nginx',
    ['SL0905 3: requests can bypass this line if a server reads their path as `/secret`: `/%2Fsecret` (nginx)'],
  ],
  [
    'deny path is /secret',
    'paths for node',
    ['SL0905 2: requests can bypass this line if a server reads their path as `/secret`: `/secret/` (Node.js)'],
  ],
  [
    'deny path is /admin.php',
    'paths for php',
    ['SL0905 2: requests can bypass this line if a server reads their path as `/admin.php`: `/admin.php/` (PHP)'],
  ],
  ['deny path under /admin.php', 'paths for php', []],
  ['deny host a.example', '', []],
  ['allow path under /secret\ndeny 403 when path under /', 'paths for tomcat', []],
  [
    'deny path contains "//"',
    'paths for nginx',
    ['SL0906 2: no path has `//` here: `paths …` determines the form in which this listener compares paths'],
  ],
  ['paths keep empty segments\ndeny path contains "//"', 'paths for apache', []],
  [
    'deny path is "/a;b"',
    'paths for tomcat',
    ['SL0906 2: no path has `/a;b` here: `paths …` determines the form in which this listener compares paths'],
  ],
];
test('an admin API that other machines can reach without TLS is found, and no other', async () => {
  const env = { SLUICE_SECRET_TOKEN: 'correct-horse-battery' };
  for (const [settings, codes] of [
    ['admin on 10.0.0.1:9900 token secret "token"', ['SL0907']],
    ['admin on :9900; admin token ci secret "token" may read', ['SL0907']],
    ['admin on 10.0.0.1:9900 token secret "token"; admin tls terminate cert "admin.pem"', []],
    ['admin on 127.0.0.1:9900 token secret "token"', []],
    ['admin on unix:/run/admin.sock', []],
  ] as const) {
    const { plan, diagnostics } = await compileText(inContext('settings', settings.replace('; ', '\n')), { env });
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(
      lint(plan!, readers).findings.map(({ code }) => code),
      codes,
    );
  }
});

for (const [lines, backend, findings] of WAYS) {
  test(`a path that a server reads otherwise: ${JSON.stringify(lines)} in front of ${JSON.stringify(backend)}`, async () => {
    const text = inContext('listener', lines).replace(/9001\n$/, `9001 { ${backend} }\n`);
    const { plan, diagnostics } = await compileText(text);
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(
      lint(plan!, readers).findings.map(({ code, message, place }) => `${code} ${place.line}: ${message}`),
      findings,
    );
  });
}
