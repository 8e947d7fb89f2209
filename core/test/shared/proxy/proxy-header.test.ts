import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '../../../src/shared/proxy/crc32c.ts';
import { CHECKSUM, proxyHeaderV1, proxyHeaderV2, proxyValue } from '../../../src/shared/proxy/proxy-header.ts';

const CLIENT = { host: '192.0.2.7', port: 56_324 };
const SERVER = { host: '198.51.100.1', port: 443 };
const CLIENT6 = { host: '2001:db8::7', port: 56_324 };
const SERVER6 = { host: '2001:DB8:0:0::1', port: 443 };
const SIGNATURE = '0d0a0d0a000d0a515549540a';

test('version 1 is one line of text', () => {
  assert.equal(proxyHeaderV1(CLIENT, SERVER).toString(), 'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n');
  assert.equal(proxyHeaderV1(CLIENT6, SERVER6).toString(), 'PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n');
});

test('version 1 writes an IPv4 end beside an IPv6 one as mapped', () => {
  assert.equal(proxyHeaderV1(CLIENT, SERVER6).toString(), 'PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 56324 443\r\n');
  const mapped = { host: '::ffff:192.0.2.7', port: 1 };
  assert.equal(proxyHeaderV1(mapped, SERVER).toString(), 'PROXY TCP4 192.0.2.7 198.51.100.1 1 443\r\n');
});

test('the checksum covers the whole header, with zeros in its own place', () => {
  assert.equal(crc32c(Buffer.from('123456789'), -4), 0xe3069283);
  const header = proxyHeaderV2(CLIENT, SERVER, [CHECKSUM]);
  assert.equal(header.readUInt32BE(header.length - 4), crc32c(header, header.length - 4));
  assert.equal(proxyValue(0x22, 'ann').toString('hex'), '220003616e6e');
});

test('version 1 without addresses is unknown', () => {
  assert.equal(proxyHeaderV1(null, null).toString(), 'PROXY UNKNOWN\r\n');
  assert.equal(proxyHeaderV1({ host: '/run/x.sock', port: 0 }, SERVER).toString(), 'PROXY UNKNOWN\r\n');
});

test('version 2 is its signature, version, family, length, addresses and ports', () => {
  assert.equal(proxyHeaderV2(CLIENT, SERVER).toString('hex'), `${SIGNATURE}2111000cc0000207c6336401dc0401bb`);
  assert.equal(
    proxyHeaderV2({ host: 'fe80::1%eth0', port: 1 }, SERVER6).toString('hex'),
    `${SIGNATURE}21210024fe80000000000000000000000000000120010db8000000000000000000000001000101bb`,
  );
  assert.equal(proxyHeaderV2(CLIENT, SERVER6).toString('hex', 16, 32), '00000000000000000000ffffc0000207');
});

test('version 2 without addresses is local, and holds values', () => {
  assert.equal(proxyHeaderV2(null, null).toString('hex'), `${SIGNATURE}20000000`);
  const value = { type: 0x02, value: Buffer.from('a.test') };
  assert.equal(proxyHeaderV2(null, null, [value]).toString('hex'), `${SIGNATURE}20000009020006612e74657374`);
  assert.equal(proxyHeaderV2({ host: '/x', port: 0 }, SERVER).toString('hex'), `${SIGNATURE}21000000`);
});

test('version 2 refuses more than its length field can hold', () => {
  const value = { type: 0xea, value: Buffer.alloc(65_530) };
  assert.throws(() => proxyHeaderV2(CLIENT, SERVER, [value]), RangeError);
});
