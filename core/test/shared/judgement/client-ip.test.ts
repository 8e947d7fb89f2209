import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { IpSet, parseIp } from '@sluice/dsl/match';
import { clientOf, passedHops } from '../../../src/shared/judgement/client-ip.ts';

const TRUSTED = IpSet.from(['10.0.0.0/8', 'fd00::/8']);
const PROXY = parseIp('10.0.0.1')!;

function client(value: string | readonly string[] | undefined, name = 'x-forwarded-for', peer = PROXY): string | null {
  return clientOf(peer, name, value, TRUSTED)?.text ?? null;
}

describe('X-Forwarded-For', () => {
  const forms: readonly (readonly [written: string, client: string])[] = [
    ['198.51.100.7', '198.51.100.7'],
    ['198.51.100.7:4711', '198.51.100.7'],
    ['2001:db8::9', '2001:db8::9'],
    ['2001:DB8:0::9', '2001:db8::9'],
    ['[2001:db8::9]', '2001:db8::9'],
    ['[2001:db8::9]:4711', '2001:db8::9'],
    ['"198.51.100.7"', '198.51.100.7'],
    ['"[2001:db8::9]:4711"', '2001:db8::9'],
    ['" 198.51.100.7 "', '198.51.100.7'],
    ['198.51.100.7,', '198.51.100.7'],
    ['198.51.100.7 , ,\t,', '198.51.100.7'],
    [', 198.51.100.7', '198.51.100.7'],
    ['\t198.51.100.7\t', '198.51.100.7'],
    ['198.51.100.7:_secret', '198.51.100.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:80', 'fe80::1'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['[::ffff:198.51.100.7]:80', '198.51.100.7'],
    ['::ffff:10.9.9.9', '10.9.9.9'],
    ['203.0.113.9, 198.51.100.7', '198.51.100.7'],
    ['rubbish, 198.51.100.7', '198.51.100.7'],
    ['"open, 198.51.100.7', '198.51.100.7'],
    ['203.0.113.9, 198.51.100.7:1, 10.0.0.3:2, [fd00::1]:3', '198.51.100.7'],
    ['10.0.0.4, 10.0.0.3', '10.0.0.4'],
  ];
  for (const [written, read] of forms) test(written, () => assert.equal(client(written), read));

  const unreadable = [
    '',
    ' ',
    ',',
    'unknown',
    '_hidden',
    '"unknown"',
    '198.51.100.7 evil',
    '198.51.100.7:',
    '198.51.100.7:port',
    '198.51.100.7:123456',
    '198.51.100',
    '198.51.100.07',
    '198.51.100.7/32',
    '[198.51.100.7]',
    '[2001:db8::9',
    '2001:db8::9]',
    '[2001:db8::9]x',
    '[2001:db8::9]:',
    '2001:db8::9%',
    '2001:db8::g',
    '"198.51.100.7',
    '198.51.100.7"',
    '"203.0.113.9, 198.51.100.7"',
    'for=198.51.100.7',
    '203.0.113.9, unknown',
    '203.0.113.9, unknown, 10.0.0.3',
    '_hidden, 10.0.0.3',
    'http://198.51.100.7/',
    '\x00198.51.100.7',
  ];
  for (const written of unreadable) {
    test(`no client is found in ${JSON.stringify(written)}`, () => assert.equal(client(written), null));
  }

  test('several fields are one list', () => {
    assert.equal(client(['203.0.113.9', '198.51.100.7', '10.0.0.3,']), '198.51.100.7');
    assert.equal(client(['203.0.113.9', '']), '203.0.113.9');
    assert.equal(client(['203.0.113.9', 'unknown']), null);
    assert.equal(client(['', '']), null);
  });

  test('the trusted proxies on the way are kept, nearest to the client first', () => {
    client('203.0.113.9, 198.51.100.7:1, 10.0.0.4, [fd00::1]:3');
    assert.equal(passedHops.text, ', 10.0.0.4, fd00::1');
    client('198.51.100.7');
    assert.equal(passedHops.text, '');
  });

  test('an untrusted peer is the client, whatever it sends', () => {
    const stranger = parseIp('203.0.113.1')!;
    assert.equal(client('198.51.100.7', 'x-forwarded-for', stranger), '203.0.113.1');
    assert.equal(client('unknown', 'x-forwarded-for', stranger), '203.0.113.1');
  });

  test('a trusted peer that forwards no client is the client', () => assert.equal(client(undefined), '10.0.0.1'));
});

describe('Forwarded', () => {
  const forms: readonly (readonly [written: string, client: string])[] = [
    ['for=198.51.100.7', '198.51.100.7'],
    ['For="198.51.100.7:4711"', '198.51.100.7'],
    ['for=198.51.100.7:4711', '198.51.100.7'],
    ['for="[2001:db8::9]"', '2001:db8::9'],
    ['for="[2001:db8::9]:4711";proto=https;by=203.0.113.43', '2001:db8::9'],
    ['for=[2001:db8::9]', '2001:db8::9'],
    ['proto=https; FOR=198.51.100.7 ;host="a.example:80"', '198.51.100.7'],
    ['for=203.0.113.9;host="a, for=10.0.0.9", for=198.51.100.7', '198.51.100.7'],
    ['for="198.51.100.\\7"', '198.51.100.7'],
    ['for=_hidden, for=198.51.100.7, for=10.0.0.4', '198.51.100.7'],
    [', for=198.51.100.7,', '198.51.100.7'],
    ['for=198.51.100.7;', '198.51.100.7'],
  ];
  for (const [written, read] of forms) test(written, () => assert.equal(client(written, 'forwarded'), read));

  const unreadable = [
    '',
    'for=unknown',
    'for=_hidden',
    'for="_SEVKISEK"',
    'proto=https',
    'for=198.51.100.7, proto=https',
    'for=',
    'for="198.51.100.7',
    'for=198.51.100.7;for=198.51.100.8',
    'for =198.51.100.7',
    'for=198.51.100.7 10.0.0.2',
    'for="198.51.100.7"x',
    '198.51.100.7',
    // What a proxy adds lands in what the client left open.
    'for=10.0.0.9;x=", for=198.51.100.7',
    'for=10.0.0.9;x=", for="[2001:db8::9]"',
    'for=10.0.0.9;x=", for=198.51.100.7;host="a.example:8080"',
  ];
  for (const written of unreadable) {
    test(`no client is found in ${JSON.stringify(written)}`, () => assert.equal(client(written, 'forwarded'), null));
  }

  test('what a client leaves open ends with its field', () => {
    assert.equal(client(['for=10.0.0.9;x="', 'for=198.51.100.7'], 'forwarded'), '198.51.100.7');
    assert.equal(client(['for=198.51.100.7', 'for=10.0.0.4'], 'forwarded'), '198.51.100.7');
  });
});
