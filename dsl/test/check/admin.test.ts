import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretsOf } from '../../src/plan/index.ts';
import { codesOf, compileText, inContext } from '../compile-text.ts';
import { inFolder } from '../rule-folder.ts';

const ENV = { SLUICE_SECRET_ADMIN_TOKEN: 'correct-horse-battery', SLUICE_SECRET_CI: 'battery-horse', TOKEN: 'plain' };

const compiled = (lines: string) => compileText(inContext('settings', lines), { env: ENV });

for (const [line, address] of [
  ['admin on 127.0.0.1:9900', { host: '127.0.0.1', port: 9900 }],
  ['admin on 127.8.9.1:0', { host: '127.8.9.1', port: 0 }],
  ['admin on [::1]:9900', { host: '::1', port: 9900 }],
  ['admin on unix:/run/sluice.sock', { path: '/run/sluice.sock' }],
] as const) {
  test(`the admin API needs no token where only this machine reaches it: ${line}`, async () => {
    const { plan, diagnostics } = await compiled(line);
    assert.deepEqual(diagnostics, []);
    const { place, ...admin } = plan!.settings.admin!;
    assert.equal(place!.line, 6);
    assert.deepEqual(admin, { address, token: null });
  });
}

test('the token of the admin API is a secret: a name in the plan, never its value', async () => {
  for (const on of [':9900', '10.0.0.1:9900', '127.0.0.1:9900', '[2001:db8::1]:9900']) {
    const { plan, diagnostics } = await compiled(`admin on ${on} token secret "admin-token"`);
    assert.deepEqual(diagnostics, []);
    assert.equal(plan!.settings.admin!.token, 'admin-token');
    assert.deepEqual([...secretsOf(plan!)], ['admin-token']);
    assert.doesNotMatch(JSON.stringify(plan), /correct-horse/);
  }
});

for (const [line, code] of [
  ['admin on :9900', 'SL0651'],
  ['admin on 0.0.0.0:9900', 'SL0651'],
  ['admin on [::]:9900', 'SL0651'],
  ['admin on [::ffff:127.0.0.1]:9900', 'SL0609'],
  ['admin on 10.0.0.1:9900', 'SL0651'],
  ['admin on 127.0.0.1:9900 token open-sesame', 'SL0650'],
  ['admin on 127.0.0.1:9900 token env "TOKEN"', 'SL0650'],
  ['admin on 127.0.0.1:9900 token secret "other"', 'SL0632'],
  ['admin token ci secret "ci"', 'SL0117'],
  ['admin token ci secret "ci" may everything', 'SL0614'],
  ['admin token ci open-sesame may read', 'SL0650'],
  ['admin token ci secret "other" may read', 'SL0632'],
  ['admin token "the ci" secret "ci" may read', 'SL0652'],
  ['admin on :9900\nadmin tls terminate cert "admin.pem"', 'SL0651'],
  ['admin on unix:/run/x\nadmin tls terminate cert "admin.pem"', 'SL0653'],
  ['admin client certificate "ci" may read', 'SL0117'],
  ['admin tls terminate cert "a.pem"\nadmin client certificate "" may read', 'SL0654'],
  ['admin tls terminate cert "a.pem"\nadmin client certificate secret "ci" may read', 'SL0654'],
  ['admin tls terminate cert "a.pem"\nadmin client certificate ci may everything', 'SL0614'],
  [
    'admin tls terminate cert "a.pem"\nadmin client certificate ci may read\nadmin client certificate ci may operate',
    'SL0122',
  ],
  ['admin tls terminate cert "a.pem"\nadmin tls terminate cert "b.pem"', 'SL0122'],
  ['admin audit', 'SL0117'],
  ['admin on localhost:9900', 'SL0609'],
  ['admin on 9900', 'SL0609'],
  ['admin on unix:run/x', 'SL0609'],
  ['admin', 'SL0117'],
  ['admin 127.0.0.1:9900', 'SL0117'],
  ['admin on 127.0.0.1:9900 tokn secret "admin-token"', 'SL0118'],
  ['admin on 127.0.0.1:9900\nadmin on 127.0.0.1:9901', 'SL0122'],
] as const) {
  test(`the admin API is refused: ${line.replace('\n', '; ')}`, async () => {
    const { plan, diagnostics } = await compiled(line);
    assert.equal(plan, null);
    assert.deepEqual(
      codesOf(diagnostics).map((at) => at.split(' ')[0]),
      [code],
    );
  });
}

test('named tokens have a role, several may have one name, and with one any address may be listened on', async () => {
  const { plan, diagnostics } = await compiled(`admin on :9900
admin token ci secret "ci" may operate
admin token ci secret "admin-token" may operate
admin token grafana secret "admin-token" may read
admin audit to "/var/log/sluice/audit.log"`);
  assert.deepEqual(diagnostics, []);
  const { admin, adminTokens, adminAudit } = plan!.settings;
  assert.equal(admin!.token, null);
  assert.deepEqual(adminTokens, [
    { name: 'ci', secret: 'ci', role: 'operate' },
    { name: 'ci', secret: 'admin-token', role: 'operate' },
    { name: 'grafana', secret: 'admin-token', role: 'read' },
  ]);
  assert.equal(adminAudit, '/var/log/sluice/audit.log');
  assert.deepEqual([...secretsOf(plan!)], ['ci', 'admin-token']);
});

test('client certificates have a role by their names, and with one any address may be listened on', async () => {
  const { plan, diagnostics } = await compiled(`admin on :9900
admin tls terminate cert "admin.pem" password secret "ci"
admin client certificate "deploy.example.com" may operate
admin client certificate ann@example.com may read`);
  assert.deepEqual(diagnostics, []);
  const { adminTls, adminClients } = plan!.settings;
  assert.deepEqual([adminTls!.slot, adminTls!.name], ['tls', 'terminate']);
  assert.deepEqual(adminClients, [
    { name: 'deploy.example.com', role: 'operate' },
    { name: 'ann@example.com', role: 'read' },
  ]);
  assert.deepEqual([...secretsOf(plan!)], ['ci']);
});

test('the token is looked for in the folder of secrets wherever the settings name it', async () => {
  await inFolder({ 'keys/admin-token': 'correct-horse-battery\n' }, async (folder) => {
    for (const lines of [
      ['admin on :9900 token secret "admin-token"', `secrets from "${folder}/keys"`],
      [`secrets from "${folder}/keys"`, 'admin on :9900 token secret "admin-token"'],
    ]) {
      const { diagnostics } = await compileText(inContext('settings', lines.join('\n')), { env: {} });
      assert.deepEqual(diagnostics, []);
    }
  });
});
