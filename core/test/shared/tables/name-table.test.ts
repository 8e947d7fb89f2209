import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { NameTable } from '../../../src/shared/tables/name-table.ts';

let now: number;
let names: NameTable;

beforeEach(() => {
  now = 0;
  names = new NameTable(() => now);
});

test('connections take the addresses of a name in turn', () => {
  names.update({ app: ['10.0.0.1', '10.0.0.2', '::1'] });
  assert.deepEqual(
    [names.next('app'), names.next('app'), names.next('app'), names.next('app')].map((each) => each.join()),
    ['10.0.0.1,10.0.0.2,::1', '10.0.0.2,::1,10.0.0.1', '::1,10.0.0.1,10.0.0.2', '10.0.0.1,10.0.0.2,::1'],
  );
});

test('an address that could not be reached is tried last for half a minute', () => {
  names.update({ app: ['10.0.0.1', '10.0.0.2'] });
  names.failed('app', ['10.0.0.1']);
  for (let turn = 0; turn < 4; turn++) assert.equal(names.next('app').join(), '10.0.0.2,10.0.0.1');
  now = 30_001;
  assert.deepEqual(new Set([names.next('app')[0], names.next('app')[0]]), new Set(['10.0.0.1', '10.0.0.2']));
});

test('the state of an address is kept when its name gets others', () => {
  names.update({ app: ['10.0.0.1', '10.0.0.2'] });
  names.failed('app', ['10.0.0.1']);
  names.update({ app: ['10.0.0.1', '10.0.0.3'] });
  for (let turn = 0; turn < 4; turn++) assert.equal(names.next('app').join(), '10.0.0.3,10.0.0.1');
});

test('a connection to an address that a name has no more is not current, unless it has none at all', () => {
  names.update({ app: ['10.0.0.1'] });
  assert.deepEqual([names.has('app', '10.0.0.1'), names.has('app', '10.0.0.2')], [true, false]);
  names.update({ app: [] });
  assert.equal(names.has('app', '10.0.0.2'), true);
});

test('a lookup answers immediately, in the requested form', () => {
  names.update({ app: ['10.0.0.1', '::1'], none: [], gone: ['10.0.0.9'] });
  names.update({ gone: null });
  const answers: unknown[] = [];
  const take = (...answer: unknown[]): void => void answers.push(answer);
  names.lookup('app', { all: true }, take as never);
  names.lookup('app', {}, take as never);
  assert.deepEqual(answers, [
    [
      null,
      [
        { address: '10.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ],
    ],
    [null, '::1', 6],
  ]);
  for (const name of ['none', 'gone', 'never']) {
    names.lookup(name, {}, (error) =>
      assert.deepEqual([error?.code, error?.message], ['ENOTFOUND', `${name} does not resolve`]),
    );
  }
});
