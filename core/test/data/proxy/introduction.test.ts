import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CertificateFacts, parseIp, type TlsFacts } from '@sluice/dsl/match';
import fc from 'fast-check';
import { type IntroducedClient, introduce } from '../../../src/data/proxy/introduction.ts';
import { type ProxiedConnection, ProxyReader } from '../../../src/data/proxy/proxy-reader.ts';

const ALL = { version: 'v2', hasTls: true, hasId: true, hasChecksum: true } as const;
const NOBODY: IntroducedClient = { source: null, destination: null, serverName: '', tls: null, proxied: null, id: '' };

function read(header: string): ProxiedConnection {
  const reader = new ProxyReader();
  const got = reader.read(Buffer.from(header, 'latin1'));
  assert.ok(typeof got === 'object', `${JSON.stringify(header)}: ${String(got)}`);
  assert.equal(reader.restAt, header.length);
  return got;
}

const ip = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => parseIp(text)!.text);
const end = fc.record({ host: ip, port: fc.integer({ min: 0, max: 65_535 }) });
const safe = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 400,
});
const certificate = fc.record({ problem: fc.constantFrom('', 'expired'), commonName: safe }) as fc.Arbitrary<object>;
const tls = fc.record({
  version: fc.constantFrom('1.2', '1.3'),
  cipher: fc.constant('TLS_AES_128_GCM_SHA256'),
  alpn: fc.constantFrom('', 'h2', 'http/1.1'),
  isResumed: fc.boolean(),
  certificate: fc.option(certificate),
}) as fc.Arbitrary<object>;

test('the header contains exactly what is known about the client', () => {
  const client = fc.record({
    source: fc.option(end),
    destination: fc.option(end),
    serverName: fc.constantFrom('', 'a.example', 'x'.repeat(255), 'x'.repeat(256)),
    tls: fc.option(tls),
    id: fc.constantFrom('c0ffee', '00'.repeat(16), 'ab'.repeat(128)),
  });
  fc.assert(
    fc.property(client, (made) => {
      const given = { ...NOBODY, ...made } as IntroducedClient;
      const got = read(introduce(given, ALL));
      const ends = given.source === null ? null : `${got.source?.ip.text} ${got.source?.port}`;
      assert.equal(ends, given.source === null ? null : `${given.source.host} ${given.source.port}`);
      if (given.source === null) assert.equal(got.source, null);
      assert.equal(got.authority, given.serverName.length > 255 ? '' : given.serverName);
      assert.equal(got.uniqueId, given.id);
      assert.equal(got.alpn, given.tls?.alpn ?? '');
      const shown = given.tls?.certificate ?? null;
      const isGood = shown !== null && shown.problem === '';
      assert.equal(got.tls === null, given.tls === null);
      assert.equal(got.tls?.hasClientCertificate ?? false, shown !== null);
      assert.equal(got.tls?.isVerified ?? false, isGood);
      // A name that is too long is no name, and what is not verified has none.
      assert.equal(got.tls?.commonName ?? '', isGood && shown.commonName.length <= 255 ? shown.commonName : '');
    }),
    { seed: 7, numRuns: 500 },
  );
});

test('addresses of two families meet as IPv6, in both versions', () => {
  const client = {
    ...NOBODY,
    source: { host: '192.0.2.7', port: 1 },
    destination: { host: '2001:db8::1', port: 2 },
  };
  const got = read(introduce(client, ALL));
  assert.equal(got.source?.ip.text, '192.0.2.7');
  assert.equal(got.destination?.ip.text, '2001:db8::1');
  const line = introduce(client, { ...ALL, version: 'v1' });
  assert.equal(line, 'PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 1 2\r\n');
  assert.equal(
    introduce({ ...client, destination: null }, { ...ALL, version: 'v1' }),
    'PROXY TCP4 192.0.2.7 0.0.0.0 1 0\r\n',
  );
});

test('the values of a proxy in front are forwarded, unless TLS is terminated here', () => {
  const proxied: ProxiedConnection = {
    source: null,
    destination: null,
    alpn: 'h2',
    authority: 'a.example',
    uniqueId: '',
    tls: { version: 'TLSv1.2', cipher: 'AES', commonName: 'ann', hasClientCertificate: true, isVerified: true },
  };
  const passed = read(introduce({ ...NOBODY, proxied, id: '01' }, ALL));
  assert.deepEqual([passed.alpn, passed.authority, passed.tls], ['h2', 'a.example', proxied.tls]);
  const own: TlsFacts = {
    version: '1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    alpn: '',
    serverName: '',
    isResumed: false,
    certificate: null as CertificateFacts | null,
  };
  const ended = read(introduce({ ...NOBODY, proxied, tls: own, id: '01' }, ALL));
  assert.deepEqual([ended.alpn, ended.tls?.version, ended.tls?.commonName], ['', 'TLSv1.3', '']);
  const bare = read(introduce({ ...NOBODY, proxied, tls: own, id: '01' }, { ...ALL, hasTls: false }));
  assert.deepEqual([bare.alpn, bare.authority, bare.tls], ['', '', null]);
});
