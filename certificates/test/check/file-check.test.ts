/**
 * What is wrong with a certificate's file has a code of its own, so that it can be looked up.
 */
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PluginError } from '@sluice/core/plugin';
import { checkOwnCertificate, checkRevoked, checkTrusted } from '../../src/check/index.ts';
import { keyPem, makeCertificate, makeKeyPair } from '../../src/make/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-'));
const now = new Date('2026-05-05T12:00:00Z');
const later = new Date('2027-05-05T12:00:00Z');
const host = { secret: () => 'wrong', warn: () => {} };

function write(name: string, content: string | Buffer): void {
  writeFileSync(join(folder, name), content);
}

before(async () => {
  const { publicKey, privateKey } = await makeKeyPair('ecdsa');
  const other = await makeKeyPair('rsa');
  const wish = { publicKey, commonName: 'a.test', names: ['a.test'], isAuthority: false, days: 90, now };
  const cert = makeCertificate(wish, privateKey);
  const otherCert = makeCertificate({ ...wish, publicKey: other.publicKey, names: ['b.test'] }, other.privateKey);
  write('good.pem', cert + keyPem(privateKey));
  write('empty.pem', '');
  write('text.pem', 'no certificate');
  write('der.pem', new X509Certificate(cert).raw);
  write('keyless.pem', cert);
  write('key.pem', keyPem(privateKey));
  write('other.pem', cert + keyPem(other.privateKey));
  write('second.pem', otherCert + cert + keyPem(privateKey));
  write('chain.pem', cert + otherCert + keyPem(privateKey));
  const sealed = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'right' } as const;
  write('sealed.pem', cert + createPrivateKey(keyPem(privateKey)).export(sealed));
  write('stapled.pem', cert + keyPem(privateKey));
  write('stapled.pem.ocsp', 'no answer');
});
after(() => rmSync(folder, { recursive: true }));

const check = (name: string, time = now, password: { secret: string } | null = null, key: string | null = null) =>
  checkOwnCertificate({ cert: name, key, password }, folder, host, time);

test('a valid certificate is read with its names, key type and expiry', async () => {
  const file = join(folder, 'good.pem');
  assert.deepEqual(await check('good.pem'), {
    ...{ cert: file, key: file, names: ['a.test'], keyType: 'ec' },
    expiresMs: now.getTime() + 90 * 86_400_000,
  });
});

for (const [what, code, attempt] of [
  ['a file that is not there', 'SP0101', () => check('none.pem')],
  ['a folder', 'SP0102', () => check('.')],
  ['a device', 'SP0103', () => check('/dev/null')],
  ['an empty file', 'SP0105', () => check('empty.pem')],
  ['text that is no PEM', 'SP0106', () => check('text.pem')],
  ['authorities as DER', 'SP0107', () => checkTrusted(join(folder, 'der.pem'))],
  ['a key instead of a certificate', 'SP0108', () => check('key.pem')],
  ['a certificate without a key', 'SP0110', () => check('keyless.pem')],
  ['a certificate where the key should be', 'SP0111', () => check('keyless.pem', now, null, 'second.crt')],
  ['an encrypted key without a password', 'SP0112', () => check('sealed.pem')],
  ['an encrypted key with another password', 'SP0113', () => check('sealed.pem', now, { secret: 'password' })],
  ['the key of a later certificate', 'SP0115', () => check('second.pem')],
  ['the key of another certificate', 'SP0116', () => check('other.pem')],
  ['an expired certificate', 'SP0117', () => check('good.pem', later)],
  ['one that is not valid yet', 'SP0118', () => check('good.pem', new Date('2020-01-01'))],
  ['a root with something behind it', 'SP0120', () => check('chain.pem')],
  ['an OCSP answer that is none', 'SP0123', () => check('stapled.pem')],
  ['a certificate as DER', 'SP0133', () => check('der.pem')],
  ['no certificate revocation list', 'SP0142', () => checkRevoked(join(folder, 'good.pem'), now)],
] as const) {
  test(`${what} is ${code}`, async () => {
    if (code === 'SP0111') write('second.crt', '-----BEGIN X-----\nAAAA\n-----END X-----\n');
    await assert.rejects(attempt(), (thrown) => {
      assert.ok(thrown instanceof PluginError, String(thrown));
      assert.equal(thrown.code, code, thrown.message);
      assert.doesNotMatch(thrown.message, /[{}\n]/, 'one line, with all its values');
      return true;
    });
  });
}
