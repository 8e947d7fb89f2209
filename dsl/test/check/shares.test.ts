import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, listenerOf, problemOf } from '../compile-text.ts';

test('consecutive lines with the same key split the requests; any other line in between starts a new split', async () => {
  const { routes } = await listenerOf(`send 10% to app by cookie sid when path is /a
    send 20% to app by cookie sid
    send 0.5% to app by cookie sid
    send 10% to app
    send 10% to app by ip
    send to app when path is /b
    send 90% to app`);
  assert.deepEqual(
    routes.slice(0, -1).map(({ args, isPartial }) => [args.share, args.shareBefore, isPartial]),
    [
      [10, undefined, true],
      [20, 10, true],
      [0.5, 30, true],
      [10, undefined, true],
      [10, 10, true],
      [undefined, undefined, undefined],
      [90, undefined, true],
    ],
  );
});

test('a share needs no condition, and does not make later lines unreachable', async () => {
  const { guards, routes } = await listenerOf(
    'limit 20/s per ip when all\nlimit 60/m burst 5 per header X-Key\ndeny path is /a\nsend 5% to app when all\nsend to app when path is /b',
  );
  assert.deepEqual(
    guards.map(({ args, isPartial }) => [args, isPartial]),
    [
      [{ rate: [20, 1000], key: ['ip'] }, true],
      [{ rate: [60, 60_000], burst: 5, key: ['header', 'x-key'] }, true],
      [{ status: 403 }, undefined],
    ],
  );
  assert.equal(routes.length, 3);
});

const WRONG: readonly (readonly [line: string, code: string])[] = [
  ['limit 20 per ip', 'SL0606'],
  ['limit 20/x per ip', 'SL0607'],
  ['limit 0/s per ip', 'SL0616'],
  ['limit 20/s', 'SL0117'],
  ['limit 20/s per user', 'SL0614'],
  ['limit 20/s per cookie', 'SL0203'],
  ['limit 20/s per header "a b"', 'SL0611'],
  ['send to app by ip when path is /a', 'SL0118'],
  ['send 5% to app by host', 'SL0614'],
  ['send 60% to app\nsend 41% to app', 'SL0340'],
];
for (const [line, code] of WRONG) {
  test(`\`${line.replace('\n', '; ')}\` is ${code}`, async () => assert.equal((await problemOf(line)).code, code));
}

test('a share of connections is by address only', async () => {
  const codesOf = async (line: string) => {
    const text = `listener db on :5432 tcp { ${line}; otherwise send to db }\nbackend db of a:80`;
    return (await compileText(text)).diagnostics.map(({ code }) => code);
  };
  assert.deepEqual(await codesOf('send 5% to db by cookie sid'), ['SL0407']);
  assert.deepEqual(await codesOf('send 5% to db by ip'), []);
  assert.deepEqual(await codesOf('limit 20/s per ip'), ['SL0407']);
});
