import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Args } from '@sluice/dsl/plan';
import { certify, makeKey } from '@sluice/plugin-kit/tls';
import { checkCertificates } from '../src/terminate-check.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
const key = makeKey();
const otherKey = makeKey();
const site = certify('site.test', key);
const other = certify('other.test', otherKey);

function write(name: string, text: string | Buffer): void {
  writeFileSync(join(folder, name), text);
}

before(() => {
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'folder'));
  write('site.crt', site.cert);
  write('site.key', key);
  write('site.pem', `a comment\r\n${site.cert}${key}`.replaceAll('\n', '\r\n'));
  write('key-first.pem', key + site.cert);
  write('other.key', otherKey);
  write('both.crt', other.cert + site.cert);
  write('mixed.pem', site.cert + otherKey);
  write('expired.crt', certify('old.test', key, { fromDay: -60, toDay: -30 }).cert);
  write('early.crt', certify('new.test', key, { fromDay: 2 }).cert);
  write('empty.pem', '');
  write('text.pem', 'here is no certificate\n');
  write('der.crt', new X509Certificate(site.cert).raw);
  write('broken.crt', site.cert.replace(/\n[^\n]{20}/, '\nAAAAAAAAAAAAAAAAAAAA'));
  write('broken.key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
  const secret = { cipher: 'aes-256-cbc', passphrase: 'secret', format: 'pem' } as const;
  write('locked.key', createPrivateKey(key).export({ type: 'pkcs8', ...secret }));
  mkdirSync(join(folder, 'many'));
  for (const name of ['b', 'a']) write(`many/${name}.pem`, certify(`${name}.test`, key).cert + key);
  write('lonely.crt', site.cert);
  write('locked-1.key', createPrivateKey(key).export({ type: 'pkcs1', ...secret }));
  write('large.pem', Buffer.alloc(1024 * 1024 + 1));
  write('closed.crt', site.cert);
  chmodSync(join(folder, 'closed.crt'), 0);
  symlinkSync('round', join(folder, 'round'));
});

after(() => rmSync(folder, { recursive: true }));

const warnings: string[] = [];
const host = {
  secret: (name: string) => (name === 'right' ? 'secret' : 'wrong'),
  warn: (said: string) => void warnings.push(said.replaceAll(folder, 'FOLDER')),
};
const check = (options: Args): Promise<Args> => checkCertificates(options, folder, host);

/** What of the checked options says where files are and whose. */
function found({ cert, key, names, keyTypes }: Args) {
  return { cert, key, names, keyTypes };
}

test('a certificate with its key after it, before it, or in a separate file is accepted, with absolute paths', async () => {
  const at = (name: string): string => join(folder, name);
  const site = (cert: string, key: string) => ({
    cert: [at(cert)],
    key: [at(key)],
    names: ['site.test'],
    keyTypes: ['rsa'],
  });
  assert.deepEqual(found(await check({ cert: 'site.pem' })), site('site.pem', 'site.pem'));
  assert.deepEqual(found(await check({ cert: at('key-first.pem') })), site('key-first.pem', 'key-first.pem'));
  assert.deepEqual(found(await check({ cert: 'site.crt', key: 'site.key' })), site('site.crt', 'site.key'));
});

test('a key beside its certificate need not be named', async () => {
  assert.deepEqual((await check({ cert: 'site.crt' })).key, [join(folder, 'site.key')]);
});

test('several files, and patterns, are taken in the order in which they are written', async () => {
  const { cert, names } = await check({ cert: ['site.pem', 'many/*.pem'] });
  assert.deepEqual(
    cert,
    ['site.pem', 'many/a.pem', 'many/b.pem'].map((name) => join(folder, name)),
  );
  assert.deepEqual(names, ['site.test', 'a.test', 'b.test']);
  assert.deepEqual((await check({ cert: 'many/*.pem' })).folders, [join(folder, 'many')]);
});

test('an encrypted key opens with its password', async () => {
  const password = { secret: 'right' };
  for (const key of ['locked.key', 'locked-1.key']) {
    assert.deepEqual((await check({ cert: 'site.crt', key, password })).password, password, 'the secret stays one');
  }
});

/** What is wrong, and what is said of it: one line, `FOLDER` being where the files are. */
const WRONG: Readonly<Record<string, readonly [options: Args, message: string | RegExp]>> = {
  'a missing file': [{ cert: 'none.pem' }, 'cert `FOLDER/none.pem`: there is no such file'],
  'a missing key file': [{ cert: 'site.crt', key: 'none.key' }, 'key `FOLDER/none.key`: there is no such file'],
  'a file in a file': [{ cert: 'site.pem/x' }, 'cert `FOLDER/site.pem/x`: a part of its path is no folder'],
  'links in a circle': [{ cert: 'round' }, 'cert `FOLDER/round`: its links lead round in a circle'],
  'a folder': [{ cert: 'folder' }, 'cert `FOLDER/folder`: it is a folder: name a PEM file in it'],
  'a device': [{ cert: '/dev/zero' }, 'cert `/dev/zero`: it is not a file'],
  'a huge file': [
    { cert: 'large.pem' },
    'cert `FOLDER/large.pem`: it has 1048577 bytes, which is too large for a certificate or key',
  ],
  'an empty file': [{ cert: 'empty.pem' }, 'cert `FOLDER/empty.pem`: it is empty'],
  'a file without PEM': [
    { cert: 'text.pem' },
    'cert `FOLDER/text.pem`: it is not PEM: PEM has lines such as `-----BEGIN CERTIFICATE-----`',
  ],
  DER: [{ cert: 'der.crt', key: 'site.key' }, 'cert `FOLDER/der.crt`: a PKCS#12 file contains its key: remove `key`'],
  'a key as certificate': [
    { cert: 'site.key' },
    'cert `FOLDER/site.key`: it contains no certificate, only PRIVATE KEY',
  ],
  'a broken certificate': [
    { cert: 'broken.crt', key: 'site.key' },
    /^cert `FOLDER\/broken\.crt`: its certificate 1 is broken: [^:]+$/,
  ],
  'no key': [
    { cert: 'lonely.crt' },
    'cert `FOLDER/lonely.crt`: there is no private key in it: add one, or name its file with `key`',
  ],
  'a certificate as key': [
    { cert: 'site.pem', key: 'site.crt' },
    'key `FOLDER/site.crt`: there is no private key in it',
  ],
  'an encrypted key': [
    { cert: 'site.crt', key: 'locked.key' },
    'key `FOLDER/locked.key`: the private key is encrypted: add `password secret "NAME"`',
  ],
  'a key encrypted the old way': [
    { cert: 'site.crt', key: 'locked-1.key' },
    /^key `FOLDER\/locked-1\.key`: the private key is encrypted: /,
  ],
  'a wrong password': [
    { cert: 'site.crt', key: 'locked.key', password: { secret: 'other' } },
    'key `FOLDER/locked.key`: the private key cannot be decrypted with this password',
  ],
  'a password that all can read': [
    { cert: 'site.crt', key: 'locked.key', password: 'secret' },
    'the password would be readable by others: write `password secret "NAME"`',
  ],
  'a pattern that no file has': [{ cert: 'none/*.pem' }, 'cert `none/*.pem`: no file matches'],
  'one key for several certificates': [
    { cert: ['site.pem', 'many/*.pem'], key: 'site.key' },
    "one key cannot belong to 3 certificates: store each key in its certificate's file, or next to it",
  ],
  'an authority that is none': [
    { cert: 'site.pem', client: 'site.crt' },
    'client certificate from `FOLDER/site.crt`: `site.test` is not an authority: name the certificate that signs those of the clients',
  ],
  'a broken key': [
    { cert: 'site.crt', key: 'broken.key' },
    /^key `FOLDER\/broken\.key`: the private key is broken: [^:]+$/,
  ],
  'the key of another certificate': [
    { cert: 'site.crt', key: 'other.key' },
    'cert `FOLDER/site.crt`: key `FOLDER/other.key` does not match the certificate of `site.test`: use the key that it was issued for',
  ],
  'the key of another certificate in one file': [
    { cert: 'mixed.pem' },
    'cert `FOLDER/mixed.pem`: its private key does not match the certificate of `site.test`: use the key that it was issued for',
  ],
  'the certificates in the wrong order': [
    { cert: 'both.crt', key: 'site.key' },
    'cert `FOLDER/both.crt`: key `FOLDER/site.key` belongs to certificate 2, `site.test`: put that one first',
  ],
  'an expired certificate': [
    { cert: 'expired.crt', key: 'site.key' },
    /^cert `FOLDER\/expired\.crt`: the certificate of `old\.test` expired on \d{4}-\d\d-\d\d \d\d:\d\d UTC: renew it$/,
  ],
  'a certificate of tomorrow': [
    { cert: 'early.crt', key: 'site.key' },
    /^cert `FOLDER\/early\.crt`: the certificate of `new\.test` is not valid before \d{4}-.* UTC: check this machine's clock, or wait$/,
  ],
};

describe('one line is said of', () => {
  for (const [name, [options, message]] of Object.entries(WRONG)) {
    test(name, async () => {
      await assert.rejects(check(options), (thrown) => {
        assert.ok(thrown instanceof Error);
        assert.doesNotMatch(thrown.message, /\n/);
        const said = thrown.message.replaceAll(folder, 'FOLDER');
        if (typeof message === 'string') assert.equal(said, message);
        else assert.match(said, message);
        return true;
      });
    });
  }

  test('a file that may not be read', async (t) => {
    const isRoot = process.getuid?.() === 0;
    if (process.getuid === undefined) return t.skip('this system has no file permissions');
    if (isRoot) process.seteuid!(65_534);
    try {
      await assert.rejects(check({ cert: 'closed.crt' }), {
        message: `cert \`${join(folder, 'closed.crt')}\`: permission denied: let the user that runs the gateway read it`,
      });
    } finally {
      if (isRoot) process.seteuid!(0);
    }
  });

  test('what only OpenSSL refuses', async () => {
    const weak = makeKey(1024);
    write('weak.pem', certify('weak.test', weak).cert + weak);
    await assert.rejects(check({ cert: 'weak.pem' }), {
      message: `cert \`${join(folder, 'weak.pem')}\` is refused by OpenSSL: ee key too small`,
    });
  });
});

test('dates are judged by the time that is given', async () => {
  const later = new Date(Date.now() + 31 * 86_400_000);
  await assert.rejects(checkCertificates({ cert: 'site.pem' }, folder, host, later), /expired on/);
});

test('what openssl makes of elliptic curves is taken, parameters and all', async (t) => {
  let made: string;
  try {
    const run = (...args: string[]) =>
      execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
    run('ecparam', '-name', 'prime256v1', '-genkey', '-out', 'ec.key');
    made = run('req', '-x509', '-new', '-key', 'ec.key', '-days', '9', '-subj', '/CN=ec.test').toString();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return t.skip('openssl not installed');
  }
  write('ec.crt', made);
  assert.deepEqual((await check({ cert: 'ec.crt', key: 'ec.key' })).keyTypes, ['ec']);
  return undefined;
});
