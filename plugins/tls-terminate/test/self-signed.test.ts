import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stateFolder } from '@sluice/certificates/store';
import type { ValidateHost } from '@sluice/core/plugin';
import { selfSignedFile, selfSignedNames } from '../src/self-signed.ts';
import { checkCertificates } from '../src/terminate-check.ts';

const home = mkdtempSync(join(tmpdir(), 'sluice-state-'));
after(() => rmSync(home, { recursive: true }));
const DAY_MS = 86_400_000;

test('the folder is that of systemd, or otherwise the user’s', () => {
  assert.equal(stateFolder({ STATE_DIRECTORY: '/var/lib/sluice:/x', XDG_STATE_HOME: '/y' }), '/var/lib/sluice');
  assert.equal(stateFolder({ XDG_STATE_HOME: '/y' }), '/y/sluice');
  assert.match(stateFolder({ XDG_STATE_HOME: 'relative' }), /\/\.local\/state\/sluice$/);
});

test('a certificate is made once, for its owner alone, and used again', async () => {
  const folder = join(home, 'one');
  const [file, same] = [await selfSignedFile('localhost', folder), await selfSignedFile('LOCALHOST', folder)];
  assert.equal(file, same);
  assert.deepEqual(readdirSync(folder), ['self-signed-localhost.pem']);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  const certificate = new X509Certificate(readFileSync(file));
  assert.ok(certificate.checkHost('localhost') && certificate.checkIP('127.0.0.1') && certificate.checkIP('::1'));
  const before = readFileSync(file, 'utf8');
  await selfSignedFile('localhost', folder);
  assert.equal(readFileSync(file, 'utf8'), before);
});

test('a certificate that is about to expire, damaged or for another name is created again', async () => {
  const folder = join(home, 'anew');
  const file = await selfSignedFile('*.a.test', folder);
  const first = readFileSync(file, 'utf8');
  await selfSignedFile('*.a.test', folder);
  assert.equal(readFileSync(file, 'utf8'), first);
  await selfSignedFile('*.a.test', folder, new Date(Date.now() + 380 * DAY_MS));
  assert.notEqual(readFileSync(file, 'utf8'), first);
  writeFileSync(file, 'rubbish');
  await selfSignedFile('*.a.test', folder);
  assert.match(readFileSync(file, 'utf8'), /BEGIN CERTIFICATE/);
  const other = await selfSignedFile('b.test', folder);
  writeFileSync(file, readFileSync(other));
  await selfSignedFile('*.a.test', folder);
  assert.ok(new X509Certificate(readFileSync(file)).checkHost('x.a.test'));
});

test('many that begin at once all get a whole one', async () => {
  const folder = join(home, 'race');
  const files = await Promise.all(Array.from({ length: 8 }, () => selfSignedFile('a.test', folder)));
  assert.equal(new Set(files).size, 1);
  assert.deepEqual(readdirSync(folder), ['self-signed-a.test.pem']);
  new X509Certificate(readFileSync(files[0]!));
});

test('a folder that is not writable is reported in one line', async () => {
  writeFileSync(join(home, 'file'), '');
  await assert.rejects(
    selfSignedFile('a.test', join(home, 'file', 'x')),
    /cannot be stored in .*: ENOTDIR: set XDG_STATE_HOME/,
  );
});

test('invalid names and contradicting options are refused', async () => {
  assert.throws(() => selfSignedNames('a/b'), /is neither a hostname/);
  const host: ValidateHost = { secret: () => '', warn: () => {}, isTrial: true };
  await assert.rejects(checkCertificates({ selfSigned: 'a b' }, home, host), /is neither a hostname/);
  await assert.rejects(
    checkCertificates({ selfSigned: 'a', cert: 'x' }, home, host),
    /`self-signed` and `cert` contradict/,
  );
  await assert.rejects(checkCertificates({}, home, host), /there is no certificate: write `cert "FILE"`/);
});

test('a trial warns and makes nothing; what will run gets the file', async () => {
  const warnings: string[] = [];
  const before = process.env.XDG_STATE_HOME;
  process.env.XDG_STATE_HOME = join(home, 'state');
  try {
    const host = (isTrial: boolean): ValidateHost => ({
      secret: () => '',
      warn: (said) => void warnings.push(said),
      isTrial,
    });
    assert.deepEqual(await checkCertificates({ selfSigned: 'a.test' }, home, host(true)), { selfSigned: 'a.test' });
    assert.throws(() => readdirSync(join(home, 'state')));
    const options = await checkCertificates({ selfSigned: 'a.test' }, home, host(false));
    assert.deepEqual(options.cert, [join(home, 'state/sluice/self-signed-a.test.pem')]);
    assert.deepEqual(
      warnings.map((said) => /^self-signed for `a\.test`: no client trusts it/.test(said)),
      [true, true],
    );
  } finally {
    if (before === undefined) delete process.env.XDG_STATE_HOME;
    else process.env.XDG_STATE_HOME = before;
  }
});
