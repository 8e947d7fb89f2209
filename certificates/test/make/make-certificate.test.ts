import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { certificateName, makeCertificate, makeKeyPair } from '../../src/make/index.ts';

const now = new Date('2026-05-05T12:00:00Z');

test('names are converted to lower case and ASCII, and invalid names are refused', () => {
  assert.equal(certificateName('WWW.Example.com'), 'www.example.com');
  assert.equal(certificateName('*.Bücher.example'), '*.xn--bcher-kva.example');
  assert.equal(certificateName('10.0.0.1'), '10.0.0.1');
  assert.equal(certificateName('2001:DB8::1'), '2001:db8::1');
  for (const wrong of [
    '',
    '*',
    '*.',
    'a..b',
    '-a',
    'a-',
    'a b',
    'a/b',
    '..',
    'a:1',
    '*.*.a',
    'a.*.b',
    '0x7f.1',
    `${'a'.repeat(64)}.b`,
  ]) {
    assert.throws(() => certificateName(wrong), /is neither a hostname nor an IP address/, wrong);
  }
});

test('addresses of every form are in the certificate', async () => {
  const { publicKey, privateKey } = await makeKeyPair('ecdsa');
  const names = [
    '10.1.2.3',
    '::',
    '::1',
    '2001:db8::',
    '2001:db8::7:0:1',
    '1:2:3:4:5:6:7:8',
    '::ffff:10.1.2.3',
    'fe80::1:2',
  ];
  const pem = makeCertificate({ publicKey, commonName: 'x', names, isAuthority: false, days: 1, now }, privateKey);
  const certificate = new X509Certificate(pem);
  for (const name of names) assert.notEqual(certificate.checkIP(name), undefined, name);
  assert.equal(certificate.checkIP('10.1.2.4'), undefined);
  assert.ok(certificate.verify(publicKey));
});

test('dates reach beyond 2049, and serial numbers are positive and different', async () => {
  const { publicKey, privateKey } = await makeKeyPair('ecdsa');
  const wish = { publicKey, commonName: 'x', names: ['a'], isAuthority: true, days: 36_500, now };
  const serials = new Set<string>();
  for (let count = 0; count < 20; count++) {
    const certificate = new X509Certificate(makeCertificate(wish, privateKey));
    assert.equal(certificate.validToDate.getUTCFullYear(), 2126);
    assert.equal(certificate.validFromDate.toISOString(), '2026-05-05T11:00:00.000Z');
    assert.match(certificate.serialNumber, /^[4-7][0-9A-F]{31}$/);
    serials.add(certificate.serialNumber);
  }
  assert.equal(serials.size, 20);
});

test('a long or strange common name is cut and kept as text', async () => {
  const { publicKey, privateKey } = await makeKeyPair('ecdsa');
  const wish = {
    publicKey,
    commonName: `Müller & Söhne\n${'x'.repeat(100)}`,
    names: [],
    isAuthority: true,
    days: 1,
    now,
  };
  const certificate = new X509Certificate(makeCertificate(wish, privateKey));
  assert.match(certificate.subject, /Müller/);
  assert.ok(certificate.ca);
});
