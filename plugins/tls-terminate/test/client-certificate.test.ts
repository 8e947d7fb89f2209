import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alternativeNames, commonName, distinguishedName } from '../src/client-certificate.ts';
import { handshakeReason } from '../src/handshake-reason.ts';

test('a name begins with its most specific part', () => {
  assert.equal(distinguishedName('C=DE\nO=Ex\\, ample\nCN=ann'), 'CN=ann,O=Ex\\, ample,C=DE');
  assert.equal(distinguishedName('O=Example\nCN=ann + UID=7'), 'CN=ann+UID=7,O=Example');
  assert.equal(distinguishedName('CN=a \\+ b'), 'CN=a \\+ b');
  assert.equal(distinguishedName('CN=Jürgen\u2028'), 'CN=J\\C3\\BCrgen\\E2\\80\\A8');
  assert.equal(distinguishedName(undefined), '');
});

test('the common name is the last one, without escapes but those that are needed', () => {
  assert.equal(commonName('CN=root\nO=x\nCN=ann'), 'ann');
  assert.equal(commonName('CN=ann + UID=7'), 'ann');
  assert.equal(commonName('O=x,CN=root'), '');
  assert.equal(commonName('CN=a\\, b\\+c\\\\d'), 'a, b+c\\5Cd');
  assert.equal(commonName('CN=\\ a\\0Ab\\ '), '\\20a\\0Ab\\20');
  assert.equal(commonName('CN=\\C3\\BC'), '\\C3\\BC');
  assert.equal(commonName('CN=\\'), '\\5C');
  assert.equal(commonName(undefined), '');
});

test('alternative names are distinguished by their type, not by their content', () => {
  assert.deepEqual(
    alternativeNames('DNS:A.test, DNS:*.b.test, URI:spiffe://x/y, email:ann@example.com, IP Address:10.0.0.1'),
    {
      dns: ['a.test', '*.b.test'],
      uris: ['spiffe://x/y'],
      emails: ['ann@example.com'],
    },
  );
  assert.deepEqual(alternativeNames('DNS:"a.test\\u002c DNS:root.test", DNS:b.test'), {
    dns: ['a.test\\2c dns:root.test', 'b.test'],
    uris: [],
    emails: [],
  });
  assert.deepEqual(alternativeNames('URI:"x\\"\\r\\ny"').uris, ['x"\\0D\\0Ay']);
  assert.deepEqual(alternativeNames(''), { dns: [], uris: [], emails: [] });
});

test('names that cannot be read in one way are none', () => {
  for (const text of ['DNS:a.test,DNS:b.test', 'DNS:a.test, "x"', 'DNS:"a', 'nothing']) {
    assert.deepEqual(alternativeNames(text), { dns: [], uris: [], emails: [] }, text);
  }
});

test('every error maps to one of a few reasons', () => {
  const reasonOf = (code = ''): string => handshakeReason(Object.assign(new Error('x'), { code }));
  assert.equal(reasonOf('ERR_SSL_HTTP_REQUEST'), 'it speaks HTTP without TLS');
  assert.equal(reasonOf('ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN'), 'it refuses the handshake (certificate unknown)');
  assert.equal(reasonOf('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), 'it refuses the handshake (unknown ca)');
  assert.equal(reasonOf('ERR_SSL_BAD_KEY_SHARE'), 'it does not speak TLS that fits (bad key share)');
  assert.equal(reasonOf('anything\nelse'), 'it does not speak TLS that fits');
  assert.equal(reasonOf(), 'it does not speak TLS that fits');
});
