import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeFacts } from '@sluice/plugin-kit';
import { fields, verbs } from '../src/data.ts';
import plugin from '../src/index.ts';

const read = (field: string, key: string | null, request: Parameters<typeof fakeFacts>[0]) =>
  fields[field]!(fakeFacts(request), key);

test('path, method, host and scheme read the request as it was received', () => {
  assert.equal(read('path', null, { path: '/a%20b' }), '/a%20b');
  assert.equal(read('method', null, { method: 'PURGE' }), 'PURGE');
  assert.equal(read('host', null, { host: 'shop.example.com' }), 'shop.example.com');
  assert.equal(read('scheme', null, { scheme: 'https' }), 'https');
});

test('header reads one value, several, or none', () => {
  assert.equal(read('header', 'x-team', { headers: { 'x-team': 'blue' } }), 'blue');
  assert.deepEqual(read('header', 'x-team', { headers: { 'x-team': ['blue', 'red'] } }), ['blue', 'red']);
  assert.equal(read('header', 'x-team', {}), undefined);
});

const COOKIES: readonly [name: string, header: string | string[], value: unknown][] = [
  ['a single cookie', 'sid=abc', 'abc'],
  ['the one among several', 'a=1; sid=abc; b=2', 'abc'],
  ['no blank behind the semicolon', 'a=1;sid=abc;b=2', 'abc'],
  ['blanks and tabs around it', 'a=1;\t sid = abc \t; b=2', 'abc'],
  ['double quotes as part of the value', 'sid="abc"', '"abc"'],
  ['an equals sign within the value', 'sid=a=b==', 'a=b=='],
  ['an empty value', 'sid=; a=1', ''],
  ['several of one name, in order', 'sid=1; a=2; sid=3', ['1', '3']],
  ['several fields', ['a=1; sid=2', 'sid=3'], ['2', '3']],
  ['not a longer name', 'sid2=abc; xsid=abc', undefined],
  ['not a name in other case', 'SID=abc', undefined],
  ['not its name within a value', 'a=sid=abc', undefined],
  ['not a piece without equals sign', 'sid; a=1', undefined],
  ['not an empty field', '', undefined],
  ['only semicolons', ';;;', undefined],
];
for (const [name, header, value] of COOKIES) {
  test(`cookie finds ${name}`, () => {
    assert.deepEqual(read('cookie', 'sid', { headers: { cookie: header } }), value);
  });
}

test('cookie is absent without a Cookie field', () => {
  assert.equal(read('cookie', 'sid', {}), undefined);
});

test('cookie names such as __proto__ are just names', () => {
  assert.equal(read('cookie', '__proto__', { headers: { cookie: '__proto__=x' } }), 'x');
  assert.equal(read('cookie', 'constructor', { headers: { cookie: 'a=x' } }), undefined);
});

const QUERIES: readonly [name: string, query: string, value: unknown][] = [
  ['a single parameter', 'debug=1', '1'],
  ['the one among several', 'a=1&debug=yes&b=2', 'yes'],
  ['a parameter without equals sign', 'a=1&debug', ''],
  ['an empty value', 'debug=', ''],
  ['several of one name, in order', 'debug=1&debug=2', ['1', '2']],
  ['a plus as a blank', 'debug=a+b', 'a b'],
  ['percent escapes', 'debug=%41%2fb%26', 'A/b&'],
  ['UTF-8 escapes', 'debug=%C3%A9', 'é'],
  ['an escaped name', '%64ebug=1', '1'],
  ['escaped and plain names together', 'debug=1&%64%65bug=2', ['1', '2']],
  ['a stray percent sign as itself', 'debug=100%&a=1', '100%'],
  ['half an escape as itself', 'debug=%4&a=1', '%4'],
  ['bytes that are no UTF-8 as U+FFFD', 'debug=%ff%41', '\ufffdA'],
  ['an equals sign within the value', 'debug=a=b', 'a=b'],
  ['not a longer name', 'debugger=1&xdebug=1', undefined],
  ['not other case', 'Debug=1', undefined],
  ['not a semicolon as separator', 'a=1;debug=1', undefined],
  ['not an empty query', '', undefined],
  ['not empty pieces', '&&', undefined],
];
for (const [name, query, value] of QUERIES) {
  test(`query finds ${name}`, () => {
    assert.deepEqual(read('query', 'debug', { query }), value);
  });
}

test('query compares a name with a plus in it after decoding', () => {
  assert.equal(read('query', 'a+b', { query: 'a+b=1' }), undefined);
  assert.equal(read('query', 'a+b', { query: 'a%2Bb=1' }), '1');
  assert.equal(read('query', 'a b', { query: 'a+b=1' }), '1');
});

test('every declared word has a function, and vice versa', () => {
  const declared = (kind: string) => plugin.words!.filter((word) => word.kind === kind).map((word) => word.name);
  assert.deepEqual(declared('field').sort(), Object.keys(fields).sort());
  assert.deepEqual(declared('verb').sort(), Object.keys(verbs).sort());
});
