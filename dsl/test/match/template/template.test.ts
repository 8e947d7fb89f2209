import assert from 'node:assert/strict';
import test from 'node:test';
import { compileTemplate } from '../../../src/match/template/template.ts';
import { facts, readers } from '../requests.ts';

const with2 = new Map(readers)
  .set('cookie', (_, key) => (key === 'sid' ? 'abc' : undefined))
  .set('country', () => 'AT');

const received = facts({
  ip: '2001:DB8::1',
  path: '/a%20b',
  query: 'x=1&y',
  headers: { 'x-team': ['a', 'b'], 'x-bad': 'a\r\nSet-Cookie: b\0' },
});

const hole = (placeholder: string, key: string | null = null) => ({ placeholder, key });

test('placeholders are filled from the request', () => {
  const cases: [ReturnType<typeof hole> | string, string][] = [
    ['text', 'text'],
    [hole('host'), 'www.example.com'],
    [hole('path'), '/a%20b'],
    [hole('query'), '?x=1&y'],
    [hole('scheme'), 'https'],
    [hole('request.id'), '0123456789abcdef0123456789abcdef'],
    [hole('request', 'id'), '0123456789abcdef0123456789abcdef'],
    [hole('client.ip'), '2001:db8::1'],
    [hole('client', 'ip'), '2001:db8::1'],
    [hole('header', 'X-Team'), 'a, b'],
    [hole('header', 'x-none'), ''],
    [hole('cookie', 'sid'), 'abc'],
    [hole('cookie', 'none'), ''],
    [hole('country'), 'AT'],
  ];
  for (const [part, expected] of cases) assert.equal(compileTemplate({ template: [part] }, with2)(received), expected);
  const template = ['https://', hole('host'), hole('path'), hole('query'), '#x'];
  assert.equal(compileTemplate({ template }, with2)(received), 'https://www.example.com/a%20b?x=1&y#x');
  assert.equal(compileTemplate({ template }, with2)(facts({})), 'https://www.example.com/#x');
  assert.equal(compileTemplate({ template: [] }, with2)(received), '');
});

test('line breaks and NUL in values become blanks', () => {
  assert.equal(compileTemplate({ template: [hole('header', 'x-bad')] }, with2)(received), 'a  Set-Cookie: b ');
});

test('unknown placeholders do not compile', () => {
  assert.throws(() => compileTemplate({ template: [hole('hots')] }, with2), /unknown placeholder `\{hots\}`/);
  assert.throws(
    () => compileTemplate({ template: [hole('cookie', 'a')] }, readers),
    /unknown placeholder `\{cookie\.a\}`/,
  );
  assert.throws(() => compileTemplate({ template: [hole('header')] }, with2), /needs a name/);
});

test('an IPv6 host has brackets in texts, but not in lookups', () => {
  const request = facts({ host: '2001:db8::1' });
  const template = ['https://', hole('host'), '/'];
  assert.equal(compileTemplate({ template }, with2)(request), 'https://[2001:db8::1]/');
  assert.equal(compileTemplate({ template: [hole('host')] }, with2)(request), '[2001:db8::1]');
  assert.equal(compileTemplate({ template: [{ ...hole('host'), isCompared: true }] }, with2)(request), '2001:db8::1');
});
