import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProbeResult } from '@sluice/core/plugin';
import { LDAP_CONVERSATION } from '../src/ldap-check.ts';

function element(tag: number, ...parts: (Buffer | string | number)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part as string))),
  );
  return Buffer.concat([Buffer.from([tag, body.length]), body]);
}

function response(code: number, text = '', id = 1, tag = 0x61): Buffer {
  return element(0x30, element(0x02, id), element(tag, element(0x0a, code), element(0x04, ''), element(0x04, text)));
}

function hear(bytes: Buffer): ProbeResult | null {
  const heard = LDAP_CONVERSATION.receive(bytes, false);
  if (heard === null) return null;
  assert.ok('result' in heard);
  return heard.result;
}

test('a bind that is taken passes, and the probe unbinds', () => {
  const heard = LDAP_CONVERSATION.receive(response(0), false);
  assert.ok(heard !== null && 'result' in heard);
  assert.deepEqual(heard.result, { status: 'passed', reason: 'bound' });
  assert.equal((heard.say as Buffer).toString('hex'), '30050201024200');
});

test('a length of several bytes is read', () => {
  const short = response(0);
  const long = Buffer.concat([Buffer.from([0x30, 0x84, 0, 0, 0, short[1]!]), short.subarray(2)]);
  assert.equal(hear(long)?.status, 'passed');
});

test('a refusal is reported by name, with the server’s message', () => {
  assert.equal(
    hear(response(48, 'anonymous bind disallowed'))?.reason,
    'inappropriateAuthentication (48): anonymous bind disallowed',
  );
  assert.equal(hear(response(77))?.reason, 'result (77)');
  assert.equal(hear(response(52, 'going down', 0, 0x78))?.reason, 'disconnected: unavailable (52): going down');
});

test('an answer in pieces is waited for', () => {
  const whole = response(0, 'text');
  for (let end = 0; end < whole.length; end++) assert.equal(hear(whole.subarray(0, end)), null);
});

const WRONG: Readonly<Record<string, Buffer>> = {
  'an HTTP answer': Buffer.from('HTTP/1.1 200 OK\r\n\r\n'),
  'an indefinite length': Buffer.from('3080020101', 'hex'),
  'a length of four gigabytes': Buffer.from('3084ffffffff', 'hex'),
  'a length inside that is longer than the whole': Buffer.from('300a0201016105 0a7f00'.replace(' ', ''), 'hex'),
  'another operation': response(0, '', 1, 0x65),
  'an answer to another message': response(0, '', 7),
  'a message without anything': Buffer.from('3000', 'hex'),
};
for (const [name, bytes] of Object.entries(WRONG)) {
  test(`${name} fails`, () => {
    const result = hear(bytes.length < 12 ? Buffer.concat([bytes, Buffer.alloc(12)]) : bytes);
    assert.equal(result?.status, 'failed');
  });
}
