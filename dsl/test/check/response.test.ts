import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition } from '../../src/plan/index.ts';
import { compileText, inContext, listenerOf, planOf, problemOf } from '../compile-text.ts';

const show = (condition: Condition | null): string => {
  if (condition === null) return 'always';
  if (condition.kind === 'or') return condition.of.map(show).join(' or ');
  assert.equal(condition.kind, 'test');
  const { field, key, operator, values } = condition as Extract<Condition, { kind: 'test' }>;
  return [field, key, operator, values.join()].filter((part) => part !== null && part !== '').join(' ');
};

const conditionsOf = async (lines: string) =>
  (await listenerOf(`on response {\n${lines}\n}`)).responseChanges.map(({ when }) => show(when));

test('changes to responses are separate rules, before or after `otherwise`', async () => {
  const lines = 'on response { set header X-A to "a"; remove header Server when status 500..599 }';
  for (const text of [
    inContext('listener', lines),
    `listener web on :8080 {\n otherwise send to app\n ${lines}\n}\nbackend app of a:80`,
  ]) {
    const [listener] = (await planOf(text)).listeners;
    assert.deepEqual(
      listener!.responseChanges.map(({ part, verb, text }) => [part, verb, text]),
      [
        ['change', 'set header', 'set header X-A to "a"'],
        ['change', 'remove header', 'remove header Server when status 500..599'],
      ],
    );
  }
});

test('header means the answer’s inside, and the request’s outside and in definitions', async () => {
  assert.deepEqual(await conditionsOf('remove header A when header X-B is c\nremove header A when path is /a'), [
    'response header x-b is c',
    'path is /a',
  ]);
  const text = `define mine = header X-B is c\n${inContext('listener', 'deny header X-B is d\non response { remove header A when mine }')}`;
  const [listener] = (await planOf(text)).listeners;
  assert.equal(show(listener!.guards[0]!.when), 'header x-b is d');
  const when = listener!.responseChanges[0]!.when!;
  assert.equal(when.kind === 'named' && show(when.of), 'header x-b is c');
});

test('numbers have ranges, alone and among others', async () => {
  assert.deepEqual(await conditionsOf('remove header A when status 404, 500..599, 410'), [
    'status is 404,410 or status between 500,599',
  ]);
  assert.deepEqual(await conditionsOf('remove header A when status in 500..599'), ['status between 500,599']);
  assert.deepEqual(await conditionsOf('remove header A when status over 499'), ['status over 499']);
  assert.equal((await problemOf('deny port 90..80')).fix, 'Write `80..90`');
});

const WRONG: readonly (readonly [lines: string, code: string, fix: string])[] = [
  ['deny status 500', 'SL0407', 'on response'],
  ['deny response header X-A is b', 'SL0407', 'on response'],
  ['set cookie a to "b"', 'SL0407', 'on response'],
  ['on response { deny all }', 'SL0440', 'guard'],
  ['on response { send to app }', 'SL0440', 'route'],
  ['on response { otherwise deny }', 'SL0440', 'route'],
  ['on response { rewrite /a to /b }', 'SL0440', 'requests'],
  ['on response { set heder X-A to "b" }', 'SL0101', 'set header'],
  ['on response', 'SL0120', 'remove header'],
  ['on response always { remove header A }', 'SL0118', ''],
  ['on response when path is /a { remove header A }', 'SL0123', 'block'],
  ['on response { remove header A }\ndeny path is /a', 'SL0401', 'on response'],
  ['on response { remove header A }\non response { remove header B }', 'SL0122', ''],
];
for (const [lines, code, fix] of WRONG) {
  test(`\`${lines.replace('\n', '; ')}\` is reported with where it belongs`, async () => {
    const problem = await problemOf(lines);
    assert.equal(problem.code, code);
    assert.ok((problem.fix ?? '').includes(fix), problem.fix ?? 'no fix');
  });
}

test('a tcp listener has no answers', async () => {
  const { diagnostics } = await compileText(
    'listener db on :5432 tcp { on response { remove header A }; otherwise send to db }\nbackend db of a:80',
  );
  assert.deepEqual(
    diagnostics.map(({ code }) => code),
    ['SL0406'],
  );
});
