import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect, createSecureContext } from 'node:tls';
import { folderOf, sluice } from './sluice.ts';

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test('an authority and a certificate of it, which a client that trusts the authority accepts', async (t) => {
  const cwd = await folderOf(t, {});
  assert.equal((await sluice(['cert', 'ca', 'Our own'], { cwd })).code, 0);
  const { code, stdout } = await sluice(['cert', 'leaf', 'LOCALHOST', '127.0.0.1', '::1', '*.example.com'], { cwd });
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^✓ localhost\.pem: localhost, 127\.0\.0\.1, ::1, \*\.example\.com, with its key, valid until 20/,
  );
  assert.deepEqual((await readdir(cwd)).sort(), ['ca.key', 'ca.pem', 'localhost.pem']);
  assert.deepEqual(await Promise.all(['ca.key', 'ca.pem', 'localhost.pem'].map((name) => modeOf(join(cwd, name)))), [
    ...[0o600, 0o644, 0o600],
  ]);
  const ca = await readFile(join(cwd, 'ca.pem'), 'utf8');
  const pem = await readFile(join(cwd, 'localhost.pem'), 'utf8');
  assert.equal(createPrivateKey(pem).asymmetricKeyType, 'ec');
  const server = createServer({ cert: pem, key: pem }, (_request, response) => response.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  for (const servername of ['localhost', 'a.example.com']) {
    const socket = connect({ host: '127.0.0.1', port, ca, servername });
    await once(socket, 'secureConnect');
    assert.equal(socket.authorized, true);
    socket.destroy();
  }
  await assert.rejects(once(connect({ host: '127.0.0.1', port, ca, servername: 'other.test' }), 'secureConnect'), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
});

test('certificates that it creates pass check without warnings', async (t) => {
  const rules = `listener web on 127.0.0.1:8443 { tls terminate cert "certs/localhost.pem"; otherwise send to app }
backend app of 127.0.0.1:9001 { tls bridge ca "certs/ca.pem" certificate "certs/client.pem" }
`;
  const cwd = await folderOf(t, { 'a.sluice': rules });
  await sluice(['cert', 'ca', '--out', 'certs'], { cwd });
  for (const name of ['localhost', 'client']) {
    assert.equal((await sluice(['cert', 'leaf', name, '--out', 'certs'], { cwd })).code, 0);
  }
  const { code, stdout, stderr } = await sluice(['check', 'a.sluice'], { cwd });
  assert.deepEqual([code, stderr], [0, '']);
  assert.doesNotMatch(stdout, /warning/);
});

test('RSA and ECDSA sign each other, and OpenSSL finds nothing wrong', {
  skip: !hasOpenssl && 'openssl not installed',
}, async (t) => {
  for (const [authority, leaf] of [
    [[], ['--rsa']],
    [['--rsa'], []],
  ] as const) {
    const cwd = await folderOf(t, {});
    await sluice(['cert', 'ca', ...authority], { cwd });
    await sluice(['cert', 'leaf', 'bücher.example', ...leaf], { cwd });
    const name = 'xn--bcher-kva.example';
    const args = ['verify', '-x509_strict', '-CAfile', 'ca.pem', '-verify_hostname', name, `${name}.pem`];
    const verified = spawnSync('openssl', args, { cwd });
    assert.equal(verified.status, 0, String(verified.stderr));
  }
});

test('PKCS#12 opens with the password in the file, and only with that', async (t) => {
  const cwd = await folderOf(t, { password: 'geheim\n' });
  await sluice(['cert', 'leaf', 'client', '--self-signed', '--p12', '--password-file', 'password'], { cwd });
  const pfx = await readFile(join(cwd, 'client.p12'));
  assert.equal(await modeOf(join(cwd, 'client.p12')), 0o600);
  createSecureContext({ pfx, passphrase: 'geheim' });
  assert.throws(() => createSecureContext({ pfx, passphrase: 'other' }));
});

test('nothing is written over another file unless that is said, and nothing is left beside it', async (t) => {
  const cwd = await folderOf(t, { 'ca.key': 'precious', 'localhost.pem': 'precious' });
  for (const args of [['ca'], ['leaf', 'localhost', '--self-signed']]) {
    const { code, stderr } = await sluice(['cert', ...args], { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /already exists \(use --force to overwrite it\)/);
  }
  assert.deepEqual((await readdir(cwd)).sort(), ['ca.key', 'localhost.pem']);
  assert.equal(await readFile(join(cwd, 'ca.key'), 'utf8'), 'precious');
  assert.equal((await sluice(['cert', 'leaf', 'localhost', '--self-signed', '--force'], { cwd })).code, 0);
  assert.match(await readFile(join(cwd, 'localhost.pem'), 'utf8'), /BEGIN CERTIFICATE/);
  assert.equal(await modeOf(join(cwd, 'localhost.pem')), 0o600);
  assert.deepEqual((await readdir(cwd)).sort(), ['ca.key', 'localhost.pem']);
});

test('a certificate does not outlive its authority', async (t) => {
  const cwd = await folderOf(t, {});
  await sluice(['cert', 'ca', '--days', '10'], { cwd });
  await sluice(['cert', 'leaf', 'a.test', '--days', '90'], { cwd });
  const [ca, leaf] = await Promise.all(
    ['ca.pem', 'a.test.pem'].map(async (name) => new X509Certificate(await readFile(join(cwd, name)))),
  );
  assert.equal(leaf!.validTo, ca!.validTo);
});

test('errors are reported in one line', async (t) => {
  const cwd = await folderOf(t, { rubbish: 'rubbish', empty: '' });
  await sluice(['cert', 'leaf', 'a.test', '--self-signed'], { cwd });
  await sluice(['cert', 'ca'], { cwd: await folderOf(t, {}) });
  const cases: readonly (readonly [string[], number, RegExp])[] = [
    [['leaf', 'b.test'], 1, /`ca\.pem` does not exist: create it with `sluice cert ca`/],
    [['leaf', 'b.test', '--ca', 'nowhere.pem'], 1, /cannot read `nowhere\.pem`: there is no such file/],
    [['leaf', 'b.test', '--ca', 'rubbish'], 1, /contains no certificate/],
    [['leaf', 'b.test', '--ca', 'a.test.pem'], 1, /is not a CA certificate/],
    [['leaf', 'a b', '--self-signed'], 1, /is neither a hostname nor an IP address/],
    [['leaf', '../x', '--self-signed'], 1, /is neither a hostname nor an IP address/],
    [['leaf', 'b.test', '--self-signed', '--p12'], 1, /--p12 needs a password/],
    [['leaf', 'b.test', '--self-signed', '--p12', '--password-file', 'empty'], 1, /is empty/],
    [['leaf', 'b.test', '--self-signed', '--out', 'rubbish/x'], 1, /no folder/],
    [['leaf', 'b.test', '--self-signed', '--ca', 'ca.pem'], 2, /cannot be used with/],
    [['leaf'], 2, /missing required argument/],
    [['ca', '--days', '0'], 2, /whole number from 1/],
    [['authority'], 2, /unknown command/],
  ];
  for (const [args, wanted, said] of cases) {
    const { code, stderr } = await sluice(['cert', ...args], { cwd });
    assert.equal(code, wanted, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, said);
    assert.doesNotMatch(stderr, /\n {4}at /);
  }
  assert.deepEqual((await readdir(cwd)).sort(), ['a.test.pem', 'empty', 'rubbish']);
});

test('the key of another authority is refused', async (t) => {
  const cwd = await folderOf(t, {});
  await sluice(['cert', 'ca', '--out', 'one'], { cwd });
  await sluice(['cert', 'ca', '--out', 'two'], { cwd });
  const { code, stderr } = await sluice(['cert', 'leaf', 'a', '--ca', 'one/ca.pem', '--ca-key', 'two/ca.key'], { cwd });
  assert.equal(code, 1);
  assert.match(stderr, /does not match its certificate/);
  await writeFile(join(cwd, 'none.key'), 'none');
  const other = await sluice(['cert', 'leaf', 'a', '--ca', 'one/ca.pem', '--ca-key', 'none.key'], { cwd });
  assert.match(other.stderr, /contains no private key/);
});
