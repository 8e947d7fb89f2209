import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { ValidateHost } from '@sluice/core/plugin';
import type { Args, ServerPlan } from '@sluice/dsl/plan';
import { Authority, hasOpenssl } from '@sluice/plugin-kit/tls';
import { checkBridge } from '../src/bridge-check.ts';
import manifest from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-bridge-'));
after(() => rmSync(folder, { recursive: true }));

const place = { file: 'x', line: 1, column: 1, length: 1 };
const serverOf = (address: ServerPlan['address']): ServerPlan => ({
  ...{ name: 'web1', address, weight: 1, max: 0, queue: 0, isBackup: false, place },
});

async function check(
  options: Args,
  servers: readonly ServerPlan[] = [],
): Promise<{ options: Args; warnings: string[] }> {
  const warnings: string[] = [];
  const host: ValidateHost = { secret: () => 'hidden', warn: (message) => void warnings.push(message), servers };
  return { options: await checkBridge(options, folder, host), warnings };
}

describe('the files of a bridge', { skip: hasOpenssl ? false : 'openssl not installed' }, () => {
  const authority = hasOpenssl ? new Authority(folder) : null!;
  if (hasOpenssl) {
    authority.issue('client', ['client.internal']);
    authority.issue('other', ['other.internal']);
    authority.pkcs12('client', 'hidden');
    writeFileSync(join(folder, 'rubbish.pem'), 'rubbish');
    writeFileSync(join(folder, 'empty.pem'), '');
    mkdirSync(join(folder, 'folder'));
  }

  test('paths become absolute, and the stamp changes with the content of files', async () => {
    const first = await check({ ca: 'root.crt', certificate: 'client.crt' });
    assert.equal(first.options.ca, join(folder, 'root.crt'));
    assert.equal(first.options.key, join(folder, 'client.key'));
    assert.deepEqual(first.warnings, []);
    assert.equal((await check({ ca: 'root.crt', certificate: 'client.crt' })).options.stamp, first.options.stamp);
    for (const end of ['crt', 'key']) {
      renameSync(join(folder, `client.${end}`), join(folder, `client.${end}.old`));
      renameSync(join(folder, `other.${end}`), join(folder, `client.${end}`));
    }
    assert.notEqual((await check({ ca: 'root.crt', certificate: 'client.crt' })).options.stamp, first.options.stamp);
    for (const end of ['crt', 'key']) {
      renameSync(join(folder, `client.${end}`), join(folder, `other.${end}`));
      renameSync(join(folder, `client.${end}.old`), join(folder, `client.${end}`));
    }
    const [bridge] = manifest.components!;
    assert.deepEqual(bridge!.files!(first.options), [
      ...[join(folder, 'root.crt'), join(folder, 'client.crt'), join(folder, 'client.key')],
    ]);
  });

  test('a PKCS#12 file is decrypted with its secret, which is not in the plan', async () => {
    const { options } = await check({ certificate: 'client.p12', password: { secret: 'p12' } });
    assert.deepEqual(options.password, { secret: 'p12' });
    assert.doesNotMatch(JSON.stringify(options), /hidden/);
  });

  const WRONG: readonly (readonly [string, Args, RegExp])[] = [
    ['no such file', { ca: 'nowhere.pem' }, /ca `.*nowhere\.pem`: there is no such file/],
    ['a folder', { ca: 'folder' }, /it is a folder/],
    ['no PEM', { ca: 'rubbish.pem' }, /it is not PEM/],
    ['an empty file', { ca: 'empty.pem' }, /it is empty/],
    ['a key in place of authorities', { ca: 'client.key' }, /it contains no certificate/],
    ['a certificate that is not there', { certificate: 'nowhere.pem' }, /there is no such file/],
    ['another key', { certificate: 'client.crt', key: 'other.key' }, /does not match/],
    ['a password in the open', { certificate: 'client.p12', password: 'hidden' }, /write `password secret "NAME"`/],
    ['PKCS#12 without a password', { certificate: 'client.p12' }, /it needs a password/],
    ['a key of nothing', { key: 'client.key' }, /belong to a `certificate`/],
    ['ca and insecure', { ca: 'root.crt', insecure: true }, /contradict each other/],
  ];
  for (const [name, options, message] of WRONG) {
    test(`${name}: one clear line`, async () => {
      await assert.rejects(check(options), ({ message: said }: Error) => {
        assert.match(said, message);
        assert.doesNotMatch(said, /\n/);
        return true;
      });
    });
  }
});

test('names are names of hosts, or addresses', async () => {
  for (const name of ['api.internal', 'a', '_dmarc.example.com', '10.0.0.1', '2001:db8::1']) await check({ name });
  for (const name of ['', 'a b', 'a..b', '-a', 'a/b', 'a:1', '*.a', 'ä', 'a'.repeat(64), `${'a.'.repeat(127)}a`]) {
    if (name === '') continue;
    await assert.rejects(check({ name }), /is not a hostname/, name);
  }
});

test('a Unix socket needs a name, as it has none to verify', async () => {
  const servers = [serverOf({ host: 'a', port: 1 }), serverOf({ path: '/run/app.sock' })];
  await assert.rejects(check({}, servers), /server `web1` is a Unix socket, which has no name to verify/);
  await check({ name: 'app.internal' }, servers);
  await check({ insecure: true }, servers);
});

test('`insecure` is warned of', async () => {
  assert.match((await check({ insecure: true })).warnings.join(), /takes any certificate/);
  assert.deepEqual((await check({})).warnings, []);
});
