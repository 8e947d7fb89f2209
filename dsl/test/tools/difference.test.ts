import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findDifferences } from '../../src/index.ts';
import type { Plan } from '../../src/plan/index.ts';
import { compileText, inContext } from '../compile-text.ts';
import { readers } from '../match/requests.ts';

async function planOfLines(lines: string): Promise<Plan> {
  const { plan } = await compileText(inContext('listener', lines));
  assert.ok(plan !== null);
  return plan;
}

async function differences(before: string, after: string): Promise<readonly string[]> {
  const report = findDifferences(await planOfLines(before), await planOfLines(after), readers);
  assert.ok(report.isComplete);
  return report.pairs.map(
    ({ before: old, after: fresh, request }) =>
      `${old.text} → ${fresh.text}: ${request?.line.split(':8080')[1] ?? 'none'} from ${request?.ip}`,
  );
}

const CASES: readonly [name: string, before: string, after: string, expected: readonly string[]][] = [
  ['the same rules do not differ', 'deny path is /a', 'deny path is /a   # same', []],
  [
    'a rule that is gone lets its requests through',
    'deny path is /a\ndeny path is /b',
    'deny path is /a',
    ['deny path is /b → otherwise send to app: /b from 198.51.100.7'],
  ],
  [
    'a rule that is moved differs only where it overlaps',
    'deny 404 when path under /a\ndeny ip 10.0.0.0/8',
    'deny ip 10.0.0.0/8\ndeny 404 when path under /a',
    ['deny 404 when path under /a → deny ip 10.0.0.0/8: /a from 10.0.0.1'],
  ],
  [
    'rules that are moved without overlap do not differ',
    'deny 404 when path under /a\ndeny path is /b',
    'deny path is /b\ndeny 404 when path under /a',
    [],
  ],
  [
    'a rule written in another way does not differ',
    'deny path is /a or path is /b',
    'deny path is /b\ndeny path is /a',
    [],
  ],
  [
    'a wider network takes more',
    'deny ip 10.0.0.0/9',
    'deny ip 10.0.0.0/8',
    ['otherwise send to app → deny ip 10.0.0.0/8: / from 10.128.0.1'],
  ],
];
for (const [name, before, after, expected] of CASES) {
  test(name, async () => assert.deepEqual(await differences(before, after), expected));
}

/** The pairs of two versions of a listener at `:443 tcp { tls passthrough … }`. */
async function tcpDifferences(before: string, after: string): Promise<readonly string[]> {
  const planOfTcp = async (lines: string): Promise<Plan> => {
    const text = `listener edge on :443 tcp {\ntls passthrough\n${lines}\notherwise send to app\n}\nbackend app of a:443\nbackend pay of b:443\n`;
    const { plan, diagnostics } = await compileText(text);
    assert.ok(plan !== null, JSON.stringify(diagnostics));
    return plan;
  };
  const { pairs, isComplete } = findDifferences(await planOfTcp(before), await planOfTcp(after), readers);
  assert.ok(isComplete);
  return pairs.map(
    ({ before: old, after: fresh, request }) => `${old.text} → ${fresh.text}: ${request?.line} from ${request?.ip}`,
  );
}

test('rules of connections differ by a connection', async () => {
  assert.deepEqual(await tcpDifferences('deny sni a.example', 'deny sni a.example, b.example'), [
    'otherwise send to app → deny sni a.example, b.example: tcp to :443 sni b.example from 198.51.100.7',
  ]);
  assert.deepEqual(await tcpDifferences('send to pay when alpn imap', 'send to pay when alpn imap and ip 10.0.0.0/8'), [
    'send to pay when alpn imap → otherwise send to app: tcp to :443 alpn imap from 198.51.100.7',
  ]);
});

test('where nothing is opened, a line that passes on is another route', async () => {
  const lines = ['tls passthrough to pay when sni a.example', 'send to pay when sni a.example'] as const;
  assert.deepEqual(await tcpDifferences(...lines), []);
  assert.deepEqual(await tcpDifferences(`${lines[0]}\ndeny ip 10.0.0.1`, `deny ip 10.0.0.1\n${lines[1]}`), [
    'tls passthrough to pay when sni a.example → deny ip 10.0.0.1: tcp to :443 sni a.example from 10.0.0.1',
  ]);
});

test('a listener that speaks another protocol is another listener', async () => {
  const one = await planOfLines('deny ip 10.0.0.1');
  const two: Plan = { ...one, listeners: one.listeners.map((listener) => ({ ...listener, protocol: 'tcp' })) };
  const { onlyBefore, onlyAfter, pairs } = findDifferences(one, two, readers);
  assert.deepEqual([onlyBefore, onlyAfter, pairs], [['web'], ['web'], []]);
});

test('listeners that only one version has are named', async () => {
  const one = await planOfLines('deny path is /a');
  const two: Plan = { ...one, listeners: one.listeners.map((listener) => ({ ...listener, name: 'other' })) };
  const { onlyBefore, onlyAfter } = findDifferences(one, two, readers);
  assert.deepEqual([onlyBefore, onlyAfter], [['web'], ['other']]);
});

test('an exhausted budget is reported', async () => {
  const { isComplete } = findDifferences(
    await planOfLines('deny path is /a'),
    await planOfLines('deny path is /b'),
    readers,
    1,
  );
  assert.equal(isComplete, false);
});

test('rules with themselves in another order never differ where no two overlap', async () => {
  const lines = Array.from(
    { length: 12 },
    (_, index) => `deny ${400 + index} when host is h${index}.example and path under /p`,
  );
  const before = await planOfLines(lines.join('\n'));
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(lines, { minLength: lines.length }), async (shuffled) => {
      assert.deepEqual(findDifferences(before, await planOfLines(shuffled.join('\n')), readers).pairs, []);
    }),
    { numRuns: 10 },
  );
});
