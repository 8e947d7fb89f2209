import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakePool, FakeStickTable, fakeFacts, fakeStickHost } from '@sluice/plugin-kit';
import { stickiness } from '../src/data.ts';

const withCookie = (cookie: string | string[]) => fakeFacts({ headers: { cookie } });

function setUp(options: Record<string, string | number> = { cookie: 'sid', ttl: 1000 }) {
  const table = new FakeStickTable();
  const pool = new FakePool([1, 1, 1]);
  return { table, pool, sticky: stickiness['on cookie']!(options, fakeStickHost(pool, table)) };
}

test('a client goes back to the server that set its cookie', () => {
  const { pool, sticky } = setUp();
  sticky.learn(fakeFacts(), pool, 2, ['theme=dark', 'sid=abc; Path=/; HttpOnly']);
  assert.equal(sticky.find(withCookie('theme=dark; sid=abc'), pool), 2);
  assert.equal(sticky.find(withCookie('sid=xyz'), pool), -1);
});

test('a client with an unknown cookie stays on the server that answered it', () => {
  const { pool, sticky } = setUp();
  assert.equal(sticky.find(withCookie('sid=abc'), pool), -1);
  sticky.learn(withCookie('sid=abc'), pool, 1, []);
  assert.equal(sticky.find(withCookie('sid=abc'), pool), 1);
});

test('a client answered by another server than its own stays there from then on', () => {
  const { pool, sticky } = setUp();
  sticky.learn(withCookie('sid=abc'), pool, 1, []);
  sticky.learn(withCookie('sid=abc'), pool, 0, []);
  assert.equal(sticky.find(withCookie('sid=abc'), pool), 0);
});

test('a new cookie in the answer is learned in place of the one that the client brought', () => {
  const { table, pool, sticky } = setUp();
  sticky.learn(withCookie('sid=old'), pool, 1, ['sid=new']);
  assert.deepEqual([...table.entries], [['new', 101]]);
});

test('nothing is learned from clients without the cookie, empty values, or a cookie that is taken away', () => {
  const { table, pool, sticky } = setUp();
  sticky.learn(fakeFacts(), pool, 1, []);
  sticky.learn(withCookie('sid='), pool, 1, ['sid=; Max-Age=0', 'side=1', 'theme=sid=2']);
  assert.equal(table.entries.size, 0);
  assert.equal(sticky.find(withCookie('sid='), pool), -1);
  assert.equal(sticky.find(fakeFacts(), pool), -1);
});

test('a server that has left the pool is not found', () => {
  const { table, pool, sticky } = setUp();
  table.set('abc', 999, 1);
  assert.equal(sticky.find(withCookie('sid=abc'), pool), -1);
});

test('a value longer than browsers keep counts as none', () => {
  const { table, pool, sticky } = setUp();
  sticky.learn(withCookie(`sid=${'x'.repeat(4097)}`), pool, 1, [`sid=${'y'.repeat(4097)}`]);
  assert.equal(table.entries.size, 0);
  sticky.learn(withCookie(`sid=${'x'.repeat(4096)}`), pool, 1, []);
  assert.equal(table.entries.size, 1);
});

test('the ttl is handed to the table, and is 8 hours when left out', () => {
  const { table, pool, sticky } = setUp();
  sticky.learn(withCookie('sid=abc'), pool, 1, []);
  sticky.find(withCookie('sid=abc'), pool);
  assert.deepEqual(new Set(table.ttls), new Set([1000]));
  const long = setUp({ cookie: 'sid' });
  long.sticky.learn(fakeFacts(), long.pool, 1, ['sid=abc']);
  assert.deepEqual(long.table.ttls, [28_800_000]);
});

const SPELLINGS: readonly [name: string, cookie: string | string[], isFound: boolean][] = [
  ['first', 'sid=abc; a=1', true],
  ['last, without a blank', 'a=1;sid=abc', true],
  ['with blanks and tabs', 'a=1; \tsid = abc\t', true],
  ['in a second field', ['a=1', 'sid=abc'], true],
  ['behind an empty one of its name', 'sid=; sid=abc', true],
  ['in other case', 'SID=abc', false],
  ['as the end of a longer name', 'xsid=abc', false],
  ['as the beginning of a longer name', 'sid2=abc', false],
  ['within another value', 'a=sid=abc', false],
  ['without an equals sign', 'sid abc', false],
  ['with a longer value', 'sid=abcd', false],
];
for (const [name, cookie, isFound] of SPELLINGS) {
  test(`a cookie ${name} is ${isFound ? 'found' : 'not taken for it'}`, () => {
    const { pool, sticky } = setUp();
    sticky.learn(fakeFacts(), pool, 2, ['sid=abc']);
    assert.equal(sticky.find(withCookie(cookie), pool), isFound ? 2 : -1);
  });
}
