import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CertificateFacts, ProxiedFacts, TlsFacts } from '@sluice/dsl/match';
import { type FakeRequest, fakeFacts } from '@sluice/plugin-kit';
import { fields } from '../src/data.ts';
import plugin from '../src/index.ts';

const CERTIFICATE: CertificateFacts = {
  problem: '',
  subject: 'CN=ann,O=Example',
  commonName: 'ann',
  issuer: 'CN=Staff',
  dnsNames: ['ann.test'],
  emails: [],
  uris: ['spiffe://example.com/ann'],
  serial: '0a01',
  fingerprint: 'ab'.repeat(32),
  expires: '2027-01-31T00:00:00Z',
  der: () => 'MIIB',
};
const TLS: TlsFacts = {
  version: '1.3',
  cipher: 'TLS_AES_128_GCM_SHA256',
  alpn: 'h2',
  serverName: 'site.test',
  isResumed: true,
  certificate: CERTIFICATE,
};
const PROXIED: ProxiedFacts = {
  alpn: 'h2',
  authority: 'pay.example.com',
  uniqueId: 'c0ffee',
  tls: { version: 'TLSv1.2', cipher: 'AES', commonName: 'a\\b\nü ', hasClientCertificate: true, isVerified: true },
};

/** all are the values of all fields. */
function all(request: FakeRequest): Record<string, unknown> {
  const whole = fakeFacts(request);
  const values = Object.entries(fields).map(([name, read]) => [name, read(whole, null)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

test('every declared word has a function, and vice versa', () => {
  assert.deepEqual(Object.keys(fields).sort(), plugin.words!.map(({ name }) => name).sort());
});

test('what a connection shows is read as it is', () => {
  assert.deepEqual(all({ tls: TLS, proxied: PROXIED }), {
    'tls version': '1.3',
    'tls cipher': 'TLS_AES_128_GCM_SHA256',
    'tls alpn': 'h2',
    'tls session': 'resumed',
    'client certificate': 'verified',
    'client certificate subject': 'CN=ann,O=Example',
    'client certificate cn': 'ann',
    'client certificate issuer': 'CN=Staff',
    'client certificate dns': ['ann.test'],
    'client certificate uri': ['spiffe://example.com/ann'],
    'client certificate serial': '0a01',
    'client certificate fingerprint': 'ab'.repeat(32),
    'client certificate expires': '2027-01-31T00:00:00Z',
    'proxy sni': 'pay.example.com',
    'proxy alpn': 'h2',
    'proxy id': 'c0ffee',
    'proxy tls version': 'TLSv1.2',
    'proxy tls cipher': 'AES',
    'proxy client certificate': 'verified',
    'proxy client certificate cn': 'a\\5Cb\\0A\\C3\\BC\\20',
  });
});

test('an invalid certificate only has the reason and its fingerprint', () => {
  const certificate = { ...CERTIFICATE, problem: 'expired' };
  assert.deepEqual(all({ tls: { ...TLS, alpn: '', isResumed: false, certificate } }), {
    'tls version': '1.3',
    'tls cipher': 'TLS_AES_128_GCM_SHA256',
    'tls session': 'new',
    'client certificate': 'unverified',
    'client certificate problem': 'expired',
    'client certificate fingerprint': 'ab'.repeat(32),
    'proxy client certificate': 'none',
  });
});

test('where there is nothing, there is no certificate either', () => {
  for (const facts of [{}, { tls: null, proxied: null }]) {
    assert.deepEqual(all(facts), { 'client certificate': 'none', 'proxy client certificate': 'none' });
  }
});

test('what a proxy did not find good has no name', () => {
  const proxied = { ...PROXIED, tls: { ...PROXIED.tls!, isVerified: false } };
  const got = all({ proxied });
  assert.equal(got['proxy client certificate'], 'unverified');
  assert.equal(got['proxy client certificate cn'], undefined);
});
