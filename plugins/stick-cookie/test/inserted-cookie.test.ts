import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Args } from '@sluice/dsl/plan';
import { FakePool, fakeFacts, fakeStickHost } from '@sluice/plugin-kit';
import { stickiness } from '../src/data.ts';

const withCookie = (cookie: string | string[]) => fakeFacts({ headers: { cookie } });

function setUp(options: Args = {}, size = 3) {
  const pool = new FakePool(Array.from({ length: size }, () => 1));
  const host = fakeStickHost(pool);
  const sticky = stickiness['with cookie']!({ cookie: 'srv', ...options }, host);
  /** The pair that the client sends back. */
  const pairOf = (server: number): string => sticky.learn(fakeFacts(), pool, server, []).split(';')[0]!;
  return { pool, host, sticky, pairOf };
}

test('a client is sent back to the server whose cookie it was given', () => {
  const { pool, host, sticky, pairOf } = setUp();
  for (let server = 0; server < 3; server++) {
    assert.equal(sticky.find(withCookie(`a=1; ${pairOf(server)}; b=2`), pool), server);
  }
  assert.equal(sticky.find(fakeFacts(), pool), -1);
  assert.equal(host.refused, 0);
});

test('the cookie is opaque, and of one length', () => {
  const { pool, pairOf } = setUp();
  const pairs = [0, 1, 2].map(pairOf);
  assert.equal(new Set(pairs).size, 3);
  for (const [server, pair] of pairs.entries()) {
    assert.match(pair, /^srv=[\w-]{32}$/);
    assert.ok(!pair.includes(pool.name(server)));
    assert.ok(!Buffer.from(pair.slice(4), 'base64url').toString('latin1').includes('server'));
  }
});

test('it is HttpOnly, Lax and for all paths, and Secure where the client speaks TLS', () => {
  const { pool, sticky } = setUp();
  const plain = sticky.learn(fakeFacts(), pool, 0, []);
  assert.equal(plain.replace(/^[^;]*/, ''), '; Path=/; HttpOnly; SameSite=Lax');
  assert.equal(sticky.learn(fakeFacts({ scheme: 'https' }), pool, 0, []), `${plain}; Secure`);
});

const ATTRIBUTES: readonly [options: Args, attributes: string][] = [
  [{ ttl: 90_000 }, '; Path=/; Max-Age=90; HttpOnly; SameSite=Lax'],
  [{ domain: 'example.com' }, '; Path=/; Domain=example.com; HttpOnly; SameSite=Lax'],
  [{ path: '/shop' }, '; Path=/shop; HttpOnly; SameSite=Lax'],
  [{ samesite: 'strict' }, '; Path=/; HttpOnly; SameSite=Strict'],
  [{ samesite: 'none' }, '; Path=/; HttpOnly; SameSite=None; Secure'],
  [{ secure: true }, '; Path=/; HttpOnly; SameSite=Lax; Secure'],
];
for (const [options, attributes] of ATTRIBUTES) {
  test(`with ${JSON.stringify(options)} its attributes are ${attributes.slice(2)}`, () => {
    const { pool, sticky } = setUp(options);
    assert.equal(sticky.learn(fakeFacts(), pool, 1, []).replace(/^[^;]*/, ''), attributes);
  });
}

test('a client that has the right cookie is given none; one with another server’s is given a new one', () => {
  const { pool, sticky, pairOf } = setUp();
  assert.equal(sticky.learn(withCookie(pairOf(1)), pool, 1, ['theme=dark']), '');
  assert.ok(sticky.learn(withCookie(pairOf(1)), pool, 2, []).startsWith(pairOf(2)));
  assert.equal(sticky.isRenewing, false);
});

test('with a ttl every answer renews the cookie', () => {
  const { pool, sticky, pairOf } = setUp({ ttl: 60_000 });
  assert.equal(sticky.isRenewing, true);
  assert.ok(sticky.learn(withCookie(pairOf(1)), pool, 1, []).startsWith(pairOf(1)));
});

test('gateways with the same key have the same values, and others do not', () => {
  const pair = setUp({ key: 'a secret of two gateways' }).pairOf(1);
  assert.equal(setUp({ key: 'a secret of two gateways' }).pairOf(1), pair);
  assert.notEqual(setUp({ key: 'another secret' }).pairOf(1), pair);
  assert.notEqual(setUp().pairOf(1), pair);
});

test('a cookie for a server that is gone is no cookie, and no forgery', () => {
  const gone = setUp({}, 3).pairOf(2);
  const { pool, host, sticky } = setUp({}, 2);
  assert.equal(sticky.find(withCookie(gone), pool), -1);
  assert.equal(host.refused, 0);
  assert.match(sticky.describe!(withCookie(gone), pool), /a server that was removed/);
});

test('a changed, cut, lengthened or invented cookie is no cookie, and is counted once a request', () => {
  const { pool, host, sticky, pairOf } = setUp();
  const pair = pairOf(1);
  const forged = [
    ...Array.from({ length: 32 }, (_, at) => {
      const place = 4 + at;
      return `${pair.slice(0, place)}${pair[place] === 'A' ? 'B' : 'A'}${pair.slice(place + 1)}`;
    }),
    pair.slice(0, -1),
    `${pair}A`,
    `srv="${pair.slice(4)}"`,
    'srv=server-1',
    'srv=101',
    `srv=${'A'.repeat(32)}`,
    `srv=${'x'.repeat(4096)}`,
    `srv=${'é'.repeat(32)}`,
    Array.from({ length: 500 }, () => 'srv=x').join(';'),
  ];
  for (const [index, cookie] of forged.entries()) {
    assert.equal(sticky.find(withCookie(cookie), pool), -1, cookie);
    assert.equal(host.refused, index + 1, cookie);
    assert.match(sticky.describe!(withCookie(cookie), pool), /none that this gateway made/);
  }
});

test('the cookie of another backend with the same name is not taken for its own', () => {
  const { pool, sticky } = setUp({ key: 'k' });
  const other = fakeStickHost(Object.assign(new FakePool([1, 1]), { backend: 'api' }));
  const pair = stickiness['with cookie']!({ cookie: 'srv', key: 'k' }, other)
    .learn(fakeFacts(), pool, 0, [])
    .split(';')[0]!;
  assert.equal(sticky.find(withCookie(pair), pool), -1);
});

const SPELLINGS: readonly [name: string, (pair: string) => string | string[], isFound: boolean][] = [
  ['behind a forged one of its name', (pair) => `srv=forged; ${pair}`, true],
  ['in a second field', (pair) => ['a=1', pair], true],
  ['behind a field with a forged one', (pair) => ['srv=forged', pair], true],
  ['with blanks around', (pair) => `a=1 ;\t${pair.replace('=', ' = ')} ; b`, true],
  ['behind pieces without a value', (pair) => `;;a;=;srv;srv=;${pair}`, true],
  ['in other case', (pair) => pair.toUpperCase(), false],
  ['as the end of a longer name', (pair) => `x${pair}`, false],
  ['behind eight others of its name', (pair) => `${'srv=x;'.repeat(8)}${pair}`, false],
];
for (const [name, spell, isFound] of SPELLINGS) {
  test(`a cookie ${name} is ${isFound ? 'found' : 'not taken for it'}`, () => {
    const { pool, sticky, pairOf } = setUp();
    assert.equal(sticky.find(withCookie(spell(pairOf(2))), pool), isFound ? 2 : -1);
  });
}
