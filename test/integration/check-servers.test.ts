/**
 * Health checks against the real servers of each protocol: what is well passes, what is not fails with the server's own words.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ServerStats } from '@sluice/core';
import {
  eventually,
  freePort,
  MARIADB_PROGRAMS,
  plainRules,
  skipUnless,
  skipUnlessPostgresql,
  startGateway,
  startMariadb,
  startNginx,
  startPostgresql,
  startRedis,
  startSlapd,
  temporaryFolder,
} from '../kit/index.ts';
import type { Address } from '../kit/wire.ts';

/** checked runs a gateway with this check until it has a result other than unknown, and returns what it knows. */
async function checked(t: TestContext, address: Address, check: string): Promise<ServerStats> {
  const rules = plainRules([address], '', `check ${check} every 200ms timeout 5s`);
  const { gateway, stop } = await startGateway(rules);
  t.after(stop);
  return eventually('a result', () => {
    const server = gateway.stats().backends[0]!.servers[0]!;
    return server.lastCheck === 'unknown' ? null : server;
  });
}

async function passes(t: TestContext, address: Address, check: string, reason: RegExp): Promise<void> {
  const server = await checked(t, address, check);
  assert.deepEqual([server.lastCheck, server.state], ['passed', 'running'], server.reason);
  assert.match(server.reason, reason);
}

async function fails(t: TestContext, address: Address, check: string, reason: RegExp): Promise<void> {
  const server = await checked(t, address, check);
  assert.deepEqual([server.lastCheck, server.state], ['failed', 'stopped'], server.reason);
  assert.match(server.reason, reason);
}

test('mysql, with MariaDB', skipUnless(...MARIADB_PROGRAMS), async (t) => {
  const { address, program } = await startMariadb(
    "CREATE USER probe@'%';\nCREATE USER locked@'%' IDENTIFIED BY 'x';\nSET GLOBAL max_connect_errors=3;\n",
  );
  t.after(() => program.stop());
  await passes(t, address, 'mysql user "probe"', /^let in by .*MariaDB/);
  await fails(t, address, 'mysql user "locked"', /^1045: Access denied/);
  await fails(t, address, 'redis', /not Redis|closed/);
  await t.test('more probes than the server allows errors do not lock the gateway out', async (u) => {
    const { gateway, stop } = await startGateway(plainRules([address], '', 'check mysql user "probe" every 10ms'));
    u.after(stop);
    const [entry] = await eventually('ten probes', () => {
      const history = gateway.server(`app/${address.host}:${address.port}`).history;
      return (history[0]?.count ?? 0) >= 10 ? history : null;
    });
    assert.equal(entry!.status, 'passed');
  });
});

test('postgresql, with PostgreSQL', skipUnlessPostgresql(), async (t) => {
  const { address, program } = await startPostgresql('trust');
  t.after(() => program.stop());
  await passes(t, address, 'postgresql user "postgres"', /^ready for a query$/);
  await fails(t, address, 'postgresql user "nobody-here"', /^28000: role "nobody-here" does not exist$/);
  await fails(t, address, 'postgresql user "postgres" database "none"', /^3D000: database "none" does not exist$/);
});

test('postgresql, with PostgreSQL that wants passwords', skipUnlessPostgresql(), async (t) => {
  const { address, program } = await startPostgresql('scram-sha-256');
  t.after(() => program.stop());
  await passes(t, address, 'postgresql user "probe"', /^asks for a password$/);
});

test('ldap, with OpenLDAP', skipUnless('slapd'), async (t) => {
  const open = await startSlapd();
  const closed = await startSlapd('disallow bind_anon');
  t.after(() => Promise.all([open.program.stop(), closed.program.stop()]));
  await passes(t, open.address, 'ldap', /^bound$/);
  await fails(t, closed.address, 'ldap', /^inappropriateAuthentication \(48\): anonymous bind disallowed$/);
});

test('redis, with Redis', skipUnless('redis-server'), async (t) => {
  const open = await startRedis();
  const locked = await startRedis('--requirepass', 'open sesame');
  t.after(() => Promise.all([open.program.stop(), locked.program.stop()]));
  await passes(t, open.address, 'redis', /^PONG$/);
  await passes(t, locked.address, 'redis password "open sesame"', /^PONG$/);
  await passes(t, locked.address, 'redis user "default" password "open sesame"', /^PONG$/);
  await fails(t, locked.address, 'redis', /^NOAUTH/);
  await fails(t, locked.address, 'redis password "wrong"', /^WRONGPASS/);
  await fails(t, open.address, 'GET /', /^the answer is not HTTP|closed/);
  await fails(t, open.address, 'mysql user "probe"', /in time|closed/);
});

test('redis: a password may be a secret, which no result shows', skipUnless('redis-server'), async (t) => {
  const { address, program } = await startRedis('--requirepass', 'topsecret');
  t.after(() => program.stop());
  const secrets = temporaryFolder();
  writeFileSync(join(secrets, 'redis-password'), 'topsecret\n');
  const rules = `settings { secrets from "${secrets}" }
${plainRules([address], '', 'check redis password secret "redis-password" every 200ms')}`;
  const { gateway, stop } = await startGateway(rules);
  t.after(stop);
  const server = await eventually('a result', () => {
    const now = gateway.stats().backends[0]!.servers[0]!;
    return now.lastCheck === 'unknown' ? null : now;
  });
  assert.equal(server.lastCheck, 'passed');
  assert.ok(!JSON.stringify([gateway.stats(), gateway.plan]).includes('topsecret'));
});

/** certificate makes an authority, and a certificate of its for `site.test` and 127.0.0.1. */
function certificates(): { ca: string; cert: string; key: string } {
  const folder = temporaryFolder();
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '2', '-subj', '/CN=Test CA');
  openssl('req', ...key, '-keyout', at('site.key'), '-out', at('site.csr'), '-subj', '/CN=site.test');
  writeFileSync(at('ext'), 'subjectAltName=DNS:site.test,IP:127.0.0.1');
  const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2', '-extfile', at('ext')];
  openssl('x509', '-req', '-in', at('site.csr'), '-out', at('site.pem'), ...signed);
  return { ca: at('ca.pem'), cert: at('site.pem'), key: at('site.key') };
}

test('http and https, with nginx', skipUnless('nginx', 'openssl'), async (t) => {
  const { ca, cert, key } = certificates();
  const [plain, secure, proxied] = [await freePort(), await freePort(), await freePort()];
  const { program } = await startNginx(
    secure,
    `server { listen 127.0.0.1:${plain}; location = /well { return 200 "all is ok"; } location / { return 404; } }
server { listen 127.0.0.1:${secure} ssl; ssl_certificate ${cert}; ssl_certificate_key ${key};
  location / { return 200 "$ssl_server_name $host"; } }
server { listen 127.0.0.1:${proxied} proxy_protocol; location / { return 200 "from $proxy_protocol_addr"; } }`,
  );
  t.after(() => program.stop());
  const [http, https, proxy] = [plain, secure, proxied].map((port) => ({ host: '127.0.0.1', port }));

  await passes(t, http!, 'GET /well expect 200 expect body contains "ok"', /^status 200$/);
  await fails(t, http!, 'GET /well expect body contains "sick"', /^body does not contain "sick"$/);
  await fails(t, http!, 'GET /missing', /^status 404, expected 200\.\.399$/);
  const draining = await checked(t, http!, 'GET /missing drain on 404');
  assert.deepEqual([draining.lastCheck, draining.state], ['condpass', 'stopping']);

  await passes(t, https!, `https GET / ca "${ca}" name site.test expect body contains "site.test"`, /^status 200$/);
  await passes(t, https!, `https GET / ca "${ca}" host site.test expect body contains "site.test site.test"`, /200/);
  await passes(t, https!, `https GET / ca "${ca}"`, /^status 200$/);
  await passes(t, https!, 'https GET / insecure', /^status 200$/);
  await fails(t, https!, 'https GET /', /authority that is not trusted$/);
  await fails(t, https!, `https GET / ca "${ca}" name other.test`, /certificate is for another name/);
  await fails(t, http!, 'https GET /well insecure', /does not speak TLS|no TLS/);

  await passes(t, proxy!, 'GET / send proxy v1 expect body contains "from 127.0.0.1"', /^status 200$/);
  await passes(t, proxy!, 'GET / send proxy v2 expect 200', /^status 200$/);
  await fails(t, proxy!, 'GET /', /closed|400/);
});

test('https sends the PROXY header before TLS', skipUnless('nginx', 'openssl'), async (t) => {
  const { ca, cert, key } = certificates();
  const port = await freePort();
  const { program } = await startNginx(
    port,
    `server { listen 127.0.0.1:${port} ssl proxy_protocol; ssl_certificate ${cert}; ssl_certificate_key ${key};
  location / { return 200 ok; } }`,
  );
  t.after(() => program.stop());
  await passes(t, { host: '127.0.0.1', port }, `https GET / ca "${ca}" send proxy v1`, /^status 200$/);
});

test('a server whose name cannot be resolved is stopped, with the reason', async (t) => {
  const rules = plainRules([{ host: 'no-such-host.invalid', port: 80 }], '', 'check tcp every 1s timeout 5s');
  const { gateway, stop } = await startGateway(rules);
  t.after(stop);
  const { state, reason } = gateway.stats().backends[0]!.servers[0]!;
  assert.equal(state, 'stopped');
  assert.match(
    reason,
    /^its name no-such-host\.invalid (does not resolve|is being looked up|cannot be looked up: .+)$/,
  );
});
