import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hostsOf, searched, systemNames } from '../../../src/control/members/name-resolver.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-names-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a hosts file has addresses of both families, names in any case, and comments', () => {
  const text =
    '127.0.0.1 localhost\n10.0.0.1\tApp.internal app # the app\n::1 app.internal\n#10.0.0.2 app\nrubbish app\n\n';
  assert.deepEqual(hostsOf(text, 'app.internal'), ['10.0.0.1', '::1']);
  assert.deepEqual(hostsOf(text, 'app'), ['10.0.0.1']);
  assert.deepEqual(hostsOf(text, 'none'), []);
});

test('search domains are tried after a name with enough dots, and before any other', () => {
  const conf = 'nameserver 10.0.0.53\nsearch a.test b.test. # two\noptions timeout:1 ndots:2\n';
  assert.deepEqual(searched('app', conf), ['app.a.test', 'app.b.test', 'app']);
  assert.deepEqual(searched('app.x', conf), ['app.x.a.test', 'app.x.b.test', 'app.x']);
  assert.deepEqual(searched('app.x.y', conf), ['app.x.y', 'app.x.y.a.test', 'app.x.y.b.test']);
  assert.deepEqual(searched('app.', conf), ['app.']);
  assert.deepEqual(searched('app', ''), ['app']);
});

test('names in the hosts file are not queried by DNS', async () => {
  const hostsFile = join(folder, 'hosts');
  writeFileSync(hostsFile, '10.1.2.3 app.internal\n');
  const names = systemNames({ hostsFile, servers: ['127.0.0.1:1'], system: () => assert.fail('asked the system') });
  const { signal } = new AbortController();
  assert.deepEqual(await names.resolve('app.internal', signal), { addresses: ['10.1.2.3'], ttlMs: 5000 });
  writeFileSync(hostsFile, '10.1.2.4 app.internal\n');
  assert.deepEqual((await names.resolve('app.internal', signal)).addresses, ['10.1.2.4']);
  await assert.rejects(names.resolve('other.internal', signal), /^Error: no DNS server is there$/);
});

test('localhost always is this machine', async () => {
  const names = systemNames({ hostsFile: join(folder, 'none'), servers: ['127.0.0.1:1'] });
  for (const name of ['localhost', 'a.localhost']) {
    assert.deepEqual((await names.resolve(name, new AbortController().signal)).addresses, ['127.0.0.1', '::1']);
  }
});
