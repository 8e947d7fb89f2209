import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { secretsOf } from '../../src/plan/index.ts';
import { compileText, planOf } from '../compile-text.ts';

const rulesOf = (listener: string, backend: string): string => `listener web on :8443 {
  ${listener}
}
${backend}
`;
const TLS = 'tls terminate cert "site.pem"\n otherwise send to app';

test('a backend sets TLS to its servers', async () => {
  const plan = await planOf(
    rulesOf('otherwise send to app', 'backend app of a.internal:8443 { tls bridge ca "ca.pem" }'),
  );
  const { tls } = plan.backends[0]!;
  assert.deepEqual(
    [tls?.slot, tls?.name, tls?.options],
    ['server tls', 'bridge', { ca: resolve('ca.pem'), insecure: false, level: 'intermediate' }],
  );
  const other = await planOf(rulesOf('otherwise send to app', 'backend app of a.internal:8443'));
  assert.equal(other.backends[0]!.tls, undefined);
});

test('a password for its key is a secret that the plan needs', async () => {
  process.env.SLUICE_SECRET_CLIENT_KEY = 'x';
  const plan = await planOf(
    rulesOf(
      'otherwise send to app',
      'backend app of a:1 { tls bridge certificate "client.pem" password secret "client-key" }',
    ),
  );
  assert.deepEqual([...secretsOf(plan)], ['client-key']);
});

test('probes use TLS if the backend does, unless the check disables it', async () => {
  const plan = await planOf(
    rulesOf('otherwise send to app', 'backend app of a:1 { tls bridge; check tcp without tls }'),
  );
  assert.equal(plan.backends[0]!.check?.isPlain, true);
  const other = await planOf(rulesOf('otherwise send to app', 'backend app of a:1 { tls bridge; check tcp }'));
  assert.equal(other.backends[0]!.check?.isPlain, undefined);
});

test('errors in the line are reported', async () => {
  const codes = async (backend: string): Promise<string[]> => {
    const { diagnostics } = await compileText(rulesOf('otherwise send to app', `backend app of a:1 { ${backend} }`));
    return diagnostics.map(({ code }) => code).filter((code) => code !== 'SL0502');
  };
  assert.deepEqual(await codes('tls bridge; tls bridge'), ['SL0122']);
  assert.deepEqual(await codes('tls brige'), ['SL0711']);
  assert.deepEqual(await codes('tls'), ['SL0117']);
  assert.deepEqual(await codes('tls terminate'), ['SL0711']);
});

test('requests received over TLS and forwarded in plain text to a public address are warned about', async () => {
  const warned = async (listener: string, backend: string): Promise<string[]> => {
    const { diagnostics } = await compileText(rulesOf(listener, backend));
    return diagnostics.filter(({ code }) => code === 'SL0740').map(({ message }) => message);
  };
  const said = (address: string) => [
    `backend \`app\` receives in plain text what arrived over TLS, at the public address ${address}`,
  ];
  assert.deepEqual(await warned(TLS, 'backend app of 203.0.113.7:80'), said('203.0.113.7'));
  assert.deepEqual(await warned(TLS, 'backend app of 10.0.0.1:80, [2001:db8::1]:80'), said('2001:db8::1'));
  for (const own of ['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.7.7', '[::1]', '[fd00::1]', 'app.example.com']) {
    assert.deepEqual(await warned(TLS, `backend app of ${own}:80`), [], own);
  }
  assert.deepEqual(await warned(TLS, 'backend app of unix:/run/app.sock'), []);
  assert.deepEqual(await warned(TLS, 'backend app of 203.0.113.7:443 { tls bridge }'), []);
  assert.deepEqual(await warned('otherwise send to app', 'backend app of 203.0.113.7:80'), []);
  const behind = 'backend app of 10.0.0.1:80 { fall back to far }\nbackend far of 203.0.113.7:80';
  assert.match((await warned(TLS, behind))[0]!, /backend `far`/);
});

test('a site by https is spoken with over TLS, by the rules of a `tls` line if there is one', async () => {
  const siteOf = async (lines: string) =>
    (await planOf(rulesOf('otherwise send to app', `backend app { ${lines} }`))).backends[0]!;
  const site = await siteOf('serve site "https://sorry.example.net"');
  assert.deepEqual(site.servers[0]!.address, { host: 'sorry.example.net', port: 443 });
  assert.equal(site.siteHost, 'sorry.example.net');
  assert.deepEqual([site.tls?.slot, site.tls?.name], ['server tls', 'bridge']);
  for (const lines of [
    'tls bridge ca "x.pem"; serve site "https://a"',
    'serve site "https://a"; tls bridge ca "x.pem"',
  ]) {
    assert.deepEqual((await siteOf(lines)).tls?.options, {
      ca: resolve('x.pem'),
      insecure: false,
      level: 'intermediate',
    });
  }
  assert.equal((await siteOf('serve site "http://a"')).tls, undefined);
});
