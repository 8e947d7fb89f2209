/**
 * `sluice ctl` over TLS: which files it takes, and what it says when it is not let in, or does not trust the gateway.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { type Certified, ClientAuthority, certify, makeKey } from '@sluice/plugin-kit/tls';
import { createGateway, type Gateway } from '../src/index.ts';
import { type Ended, sluice } from './sluice.ts';

const CLIENTS = new ClientAuthority('operators');
let folder: string;
let gateway: Gateway;
let admin: string;
const at = (name: string): string => join(folder, name);
const write = (name: string, text: string) => writeFileSync(at(name), text);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-ctl-tls-'));
  const own = certify('localhost', makeKey(), { isAuthority: true });
  write('admin.pem', own.cert + own.key);
  write('ca.pem', own.cert);
  write('strangers.pem', new ClientAuthority('strangers').pem);
  write('clients.pem', CLIENTS.pem);
  const { cert, key } = CLIENTS.client({ subject: [['CN', 'deploy']] });
  write('deploy.pem', cert + key);
  write('split.crt', cert);
  write('split.key', key);
  write('other.key', makeKey());
  write('expired.pem', CLIENTS.client({ subject: [['CN', 'deploy']], fromDay: -9, toDay: -1 }).cert + key);
  write('nobody.pem', CLIENTS.client({ subject: [['CN', 'nobody']] }).cert + key);
  write('no-certificate.pem', 'nothing\n');
  write(
    'gateway.sluice',
    `settings {
  admin on 127.0.0.1:0
  admin tls terminate cert "admin.pem" client certificate from "clients.pem"
  admin client certificate "deploy" may operate
}
listener web on 127.0.0.1:0 { otherwise send to app }
backend app { server one 127.0.0.1:9 }
`,
  );
  gateway = await createGateway({ rules: { file: at('gateway.sluice') }, threads: 0, logger: false });
  await gateway.start();
  admin = `localhost:${(gateway.adminAddress as { port: number }).port}`;
});

after(async () => {
  await gateway.stop({ deadline: 0 });
  rmSync(folder, { recursive: true });
});

const ctl = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  sluice(['ctl', ...args], { cwd: folder, env });
const status = (...args: string[]) => ctl(['status', ...args]);

test('the options name an authority and a certificate, and mean TLS', async () => {
  for (const own of [
    ['--cert', 'deploy.pem'],
    ['--cert', 'split.crt'],
    ['--cert', 'split.crt', '--key', 'split.key'],
  ]) {
    for (const address of [admin, `https://${admin}`, `https://${admin}/`]) {
      const { code, stdout, stderr } = await status('--admin', address, '--ca', 'ca.pem', ...own);
      assert.deepEqual([code, stderr], [0, ''], own.join(' '));
      assert.match(stdout, /^running for /);
    }
  }
});

test('the environment does as well, and an option counts before it', async () => {
  const env = {
    SLUICE_ADMIN: `https://${admin}`,
    SLUICE_ADMIN_CA: at('ca.pem'),
    SLUICE_ADMIN_CERT: at('split.crt'),
    SLUICE_ADMIN_KEY: at('split.key'),
  };
  assert.equal((await ctl(['drain', 'app/one'], env)).code, 0);
  assert.equal((await ctl(['ready', 'app/one'], env)).code, 0);
  assert.match((await ctl(['top', '--once'], env)).stdout, /app/);
  assert.equal((await ctl(['status'], { ...env, SLUICE_ADMIN: admin })).code, 0);
  const other = await ctl(['status', '--cert', 'nobody.pem', '--key', 'nobody.pem'], env);
  assert.deepEqual([other.code, /`nobody` has no role here/.test(other.stderr)], [1, true], other.stderr);
});

for (const [what, args, code, message] of [
  [
    'an authority that is not named',
    ['--cert', 'deploy.pem'],
    3,
    /its certificate is self-signed\. Name the file of its authority with --ca/,
  ],
  [
    'another authority',
    ['--ca', 'strangers.pem', '--cert', 'deploy.pem'],
    3,
    /certificate .*\. Name the authority that signed it with --ca/,
  ],
  ['no client certificate', ['--ca', 'ca.pem'], 3, /name(s|) (it|one) with --cert|Name one with --cert/],
  [
    'an expired client certificate',
    ['--ca', 'ca.pem', '--cert', 'expired.pem'],
    3,
    /may not accept the client certificate/,
  ],
  [
    'a client certificate without a role',
    ['--ca', 'ca.pem', '--cert', 'nobody.pem'],
    1,
    /no role here: add `admin client certificate "nobody"/,
  ],
  [
    'the key of another certificate',
    ['--ca', 'ca.pem', '--cert', 'split.crt', '--key', 'other.key'],
    2,
    /cannot be used: key values mismatch/,
  ],
  ['a file that is not there', ['--ca', 'nowhere.pem'], 2, /ENOENT.*nowhere\.pem/],
  ['a file without a certificate', ['--ca', 'no-certificate.pem'], 2, /no-certificate\.pem contains no certificate/],
] as const) {
  test(`says what is wrong: ${what}`, async () => {
    const ended = await status('--admin', `https://${admin}`, ...args);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, message);
    assert.equal(ended.stdout, '');
  });
}

test('says that the address speaks TLS, where plain HTTP is spoken to it', async () => {
  for (const address of [admin, `http://${admin}`]) {
    const { code, stderr } = await status('--admin', address);
    assert.deepEqual([code, /this address speaks TLS: use https:/.test(stderr)], [1, true], stderr);
  }
});

test('says that a certificate is for another name, or has expired, and that something does not speak TLS', async (t) => {
  const { port } = gateway.adminAddress as { port: number };
  const misnamed = await status('--admin', `https://127.0.0.1:${port}`, '--ca', 'ca.pem', '--cert', 'deploy.pem');
  assert.deepEqual(
    [misnamed.code, /is for another name.*Connect to a name that it has/.test(misnamed.stderr)],
    [3, true],
  );
  const old: Certified = certify('localhost', makeKey(), { fromDay: -9, toDay: -1, isAuthority: true });
  write('old.pem', old.cert);
  const expired = createTlsServer(old, (socket) => socket.destroy());
  const plain = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  for (const [server, message] of [
    [expired, /its certificate has expired/],
    [plain, /it does not speak TLS.*without https/],
  ] as const) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const address = `https://localhost:${(server.address() as { port: number }).port}`;
    const { code, stderr } = await status('--admin', address, '--ca', 'old.pem');
    assert.equal(code, 3);
    assert.match(stderr, message);
  }
});
