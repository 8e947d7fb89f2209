import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { bareName, hostText, isSameAuthority, readAuthority } from '../../../src/match/request/host.ts';

const RUNS = Number(process.env.SLUICE_PROPERTY_RUNS ?? 1) * 2000;

test('every spelling of a name comes to the same name', () => {
  const spellings: Record<string, readonly string[]> = {
    'admin.example.com': [
      'admin.example.com',
      'ADMIN.Example.COM',
      'admin.example.com.',
      'admin.example.com..',
      '%61dmin.example.com',
      'admin%2Eexample%2ecom',
      'admin.example.com:',
      'admin.example.com.:',
    ],
    '127.0.0.1': ['127.0.0.1', '127.0.0.1.', '[::ffff:127.0.0.1]', '[::FFFF:7f00:1]'],
    '2001:db8::1': ['[2001:db8::1]', '[2001:DB8:0:0::0:1]', '[2001:0db8::0001]:'],
    'xn--mnchen-3ya.de': ['xn--mnchen-3ya.de', 'XN--MNCHEN-3YA.DE.'],
    'a=b': ['a=b', 'A=B', 'a=b.'],
    "x!$&'()*+y_~-": ["x!$&'()*+y_~-"],
  };
  for (const [host, written] of Object.entries(spellings)) {
    for (const text of written) {
      assert.deepEqual(readAuthority(text), { host, port: null, text: hostText(host) }, text);
      if (text.endsWith(':')) continue;
      assert.deepEqual(readAuthority(`${text}:08080`), { host, port: 8080, text: `${hostText(host)}:8080` }, text);
    }
  }
});

test('invalid and ambiguous hosts are refused', () => {
  const bad = [
    ...[
      '',
      '.',
      '..',
      ':',
      ':80',
      '.a',
      'a b',
      'a/b',
      'a?b',
      'a#b',
      'a@b',
      'a\\b',
      'a,b',
      'a;b',
      'a"b',
      'a<b',
      'a|b',
      'a^b',
    ],
    ...['a\tb', 'a\0', '\xe9', 'a%', 'a%2', 'a%00', 'a%2Fb', 'a%40b', 'a%2Cb', 'a%C3%A9', '%2Ea', '%252E'],
    ...['[', '[]', '[::1', '::1', '[::1]x', '[::1]:x', '[127.0.0.1]', '[....]', '[::::]', '[fe80::1%25eth0]', 'a[b]'],
    ...['a:-1', 'a:http', 'a:1:2', 'a:65536', 'a:999999', 'a:8080 '],
    // An IPv4 address in other digits.
    ...[
      '127.1',
      '2130706433',
      '0x7f.1',
      '0x7f000001',
      '017700000001',
      '0177.0.0.1',
      '1.2.3.4.5',
      '256.0.0.1',
      '127.0.0.0x1',
      'a.1',
    ],
    `${'a'.repeat(255)}`,
  ];
  for (const text of bad) assert.equal(readAuthority(text), null, JSON.stringify(text));
});

test('a host and port are the same when one leaves out the port of the scheme', () => {
  const same = (one: string, other: string, scheme: string): boolean =>
    isSameAuthority(readAuthority(one)!, readAuthority(other)!, scheme);
  assert.equal(same('A.', 'a:80', 'http'), true);
  assert.equal(same('a', 'a:443', 'https'), true);
  assert.equal(same('a', 'a:443', 'http'), false);
  assert.equal(same('a:1', 'a:2', 'http'), false);
});

test('the form of a name is stable, and safe in a head, a log and a URL', () => {
  const part = fc.constantFrom(
    'a',
    'B',
    '.',
    '..',
    '1',
    ':',
    '[',
    ']',
    '%41',
    '%2e',
    '%',
    '=',
    ',',
    '*',
    '-',
    'xn--',
    '::1',
    '\r\n',
    ' ',
    '/',
    '@',
    '\xe9',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const authority = readAuthority(parts.join(''));
      if (authority === null) return;
      assert.deepEqual(readAuthority(authority.text), authority);
      assert.equal(bareName(authority.host), authority.host);
      assert.match(authority.text, /^(?:[a-z0-9._~!$&'()*+=-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/);
      assert.doesNotMatch(authority.host, /\.$/);
    }),
    { numRuns: RUNS },
  );
});
