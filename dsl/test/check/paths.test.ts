import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatText } from '../../src/index.ts';
import type { Condition } from '../../src/plan/condition.ts';
import { DEFAULT_PATHS, type PathPolicy, pathPolicyFor } from '../../src/plan/path-policy.ts';
import { codesOf, compileText, inContext, listenerOf, planOf } from '../compile-text.ts';

const policy = (part: Partial<PathPolicy>): PathPolicy => ({ ...DEFAULT_PATHS, ...part });

test('a listener sets its path policy', async () => {
  const cases: [lines: string, paths: PathPolicy | undefined][] = [
    ['', undefined],
    ['paths keep parameters', undefined],
    ['paths keep empty segments', policy({ emptySegments: 'keep' })],
    ['paths refuse empty segments', policy({ emptySegments: 'refuse' })],
    ['paths strip parameters, refuse double escapes', policy({ parameters: 'strip', doubleEscapes: 'refuse' })],
    [
      'paths refuse control bytes\npaths refuse invalid utf-8',
      policy({ controlBytes: 'refuse', invalidUtf8: 'refuse' }),
    ],
    ['paths refuse windows names ignore case', policy({ windowsNames: 'refuse', ignoresCase: true })],
    ['paths for tomcat', policy({ readers: ['tomcat'], controlBytes: 'refuse', parameters: 'strip' })],
    ['paths for Tomcat keep parameters', policy({ readers: ['tomcat'], controlBytes: 'refuse' })],
    ['paths for tomcat, nginx', pathPolicyFor(['nginx', 'tomcat'])],
    ['paths for any', pathPolicyFor(['any'])],
    ['allow encoded slashes\npaths for nginx', { ...pathPolicyFor(['nginx']), encodedSlashes: 'keep' }],
  ];
  for (const [lines, paths] of cases) assert.deepEqual((await listenerOf(lines)).paths, paths, lines);
});

test('the strictest kind of server counts', () => {
  assert.equal(pathPolicyFor(['node', 'tomcat']).parameters, 'refuse');
  assert.equal(pathPolicyFor(['tomcat', 'node']).parameters, 'refuse');
  assert.equal(pathPolicyFor(['iis', 'nginx']).ignoresCase, true);
  const any = pathPolicyFor(['any']);
  for (const kind of ['nginx', 'apache', 'tomcat', 'iis', 'node', 'php'] as const) {
    assert.deepEqual({ ...pathPolicyFor(['any', kind]), readers: [] }, { ...any, readers: [] });
  }
});

test('a listener gets what the servers need that it may send to, fall backs among them', async () => {
  const { listeners } = await planOf(`listener one on :1 { otherwise send to a }
listener two on :2 { send to b when path under /b; otherwise send to a }
listener three on :3 { otherwise send to c }
backend a of 127.0.0.1:9001
backend b of 127.0.0.1:9002 { paths for tomcat }
backend c of 127.0.0.1:9003 { fall back to d }
backend d of 127.0.0.1:9004 { paths for iis }`);
  assert.deepEqual(
    listeners.map(({ paths }) => paths?.readers),
    [undefined, ['tomcat'], ['iis']],
  );
});

test('where case is ignored, every comparison of the path ignores it, in definitions too, and nothing else does', async () => {
  const { listeners } = await planOf(`define admin = path under /Admin or header X-Path is "/A"
listener one on :1 { paths ignore case; deny admin; deny not path is /X; otherwise send to a }
listener two on :2 { deny admin; otherwise send to a }
backend a of 127.0.0.1:9001`);
  const folded = (condition: Condition | null): readonly (readonly [string, boolean])[] => {
    if (condition === null || condition.kind === 'all') return [];
    if (condition.kind === 'test') return [[condition.field, condition.anycase]];
    if (condition.kind === 'and' || condition.kind === 'or') return condition.of.flatMap(folded);
    return folded(condition.of as Condition);
  };
  const of = (index: number) => listeners[index]!.guards.flatMap(({ when }) => folded(when));
  assert.deepEqual(of(0), [
    ['path', true],
    ['header', false],
    ['path', true],
  ]);
  assert.deepEqual(of(1), [
    ['path', false],
    ['header', false],
  ]);
});

test('an error in a `paths` line is reported at its place', async () => {
  const codes = async (lines: string, context: 'listener' | 'backend' = 'listener') =>
    codesOf((await compileText(inContext(context, lines))).diagnostics);
  assert.deepEqual(await codes('paths'), ['SL0117 2:3']);
  assert.deepEqual(await codes('paths for lighttpd'), ['SL0614 2:13']);
  assert.deepEqual(await codes('paths keep empty'), ['SL0118 2:9']);
  assert.deepEqual(await codes('paths keep parameters strip parameters'), ['SL0122 2:25']);
  assert.deepEqual(await codes('paths keep parameters\npaths refuse parameters'), ['SL0122 3:9']);
  assert.deepEqual(await codes('paths keep empty segments', 'backend'), ['SL0117 5:9']);
  assert.deepEqual(await codes('paths for nginx\npaths for iis', 'backend'), ['SL0122 6:3']);
});

test('a line on paths is formatted as it is written', () => {
  const text = inContext('listener', 'paths for tomcat, iis keep case\npaths refuse empty segments');
  const formatted = formatText(text);
  assert.equal('text' in formatted ? formatted.text : null, text);
});

test('rules may name hosts that RFC 3986 allows, without a dot at their end', async () => {
  const codes = async (lines: string) => codesOf((await compileText(inContext('listener', lines))).diagnostics);
  assert.deepEqual(await codes('deny host "a=b"'), []);
  for (const bad of [
    'host a.example.',
    'host ends .example.com.',
    'host like *.example.com.',
    'host www.*',
    'host "127.1"',
  ]) {
    assert.deepEqual(await codes(`deny ${bad}`), [`SL0603 2:${8 + bad.lastIndexOf(' ') + 1}`], bad);
  }
});
