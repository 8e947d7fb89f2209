/**
 * The admin API over TLS: who is let in, by which certificate, and what those hear who are not.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';
import { Authority, type Client, ClientAuthority, hasOpenssl } from '@sluice/plugin-kit/tls';
import { pino } from 'pino';
import { createGateway } from 'sluice';
import { eventually, temporaryFolder } from '../kit/index.ts';

const TOKEN = 'read-only-token-0123';
const NEEDS_OPENSSL = { skip: hasOpenssl ? false : 'openssl is not there' };
const hasCurl = spawnSync('curl', ['--version']).status === 0;

const CLIENTS = new ClientAuthority('operators');
const STRANGERS = new ClientAuthority('strangers');
const named = (name: string, more = {}) => CLIENTS.client({ subject: [['CN', name]], ...more });

/** TestLog keeps what a gateway logs, for a test to wait for. */
class TestLog {
  readonly messages: string[] = [];
  readonly logger = pino({}, { write: (line: string) => void this.messages.push(JSON.parse(line).msg) });

  find(pattern: RegExp): Promise<string> {
    return eventually(`a message like ${pattern}`, () => this.messages.find((message) => pattern.test(message)));
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
}

interface Ask {
  readonly method?: string;
  readonly client?: Client;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly tls?: ConnectionOptions;
}

const MUTUAL = 'client certificate from "clients.pem"';

/** closed resolves when a socket has closed, by an error or not. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.on('error', () => {}).on('close', () => resolve()));
}

/** open starts a gateway with an admin API whose certificate is for 127.0.0.1. */
async function open(tls: string, lines = '', write?: (folder: string) => void) {
  const folder = temporaryFolder();
  const authority = new Authority(folder);
  authority.issue('admin', ['127.0.0.1', 'localhost']);
  writeFileSync(join(folder, 'clients.pem'), CLIENTS.pem);
  writeFileSync(join(folder, 'token'), TOKEN);
  write?.(folder);
  const file = join(folder, 'gateway.sluice');
  const text = (settings: string) => `settings {
  secrets from "${folder}"
  admin on 127.0.0.1:0
  ${settings}
  admin audit to "audit.log"
}
listener web on 127.0.0.1:0 { otherwise send to app }
backend app { server one 127.0.0.1:9 }
`;
  const rewrite = (settings: string) => writeFileSync(file, text(settings));
  rewrite(`admin tls terminate cert "admin.pem" ${tls}\n  ${lines}`);
  const log = new TestLog();
  const gateway = await createGateway({ rules: { file }, threads: 0, logger: log.logger });
  await gateway.start();
  const { port } = gateway.adminAddress as { port: number };
  const ca = authority.read('root.crt');
  const ask = (path: string, { method = 'GET', client, headers = {}, body, tls = {} }: Ask = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const json = body === undefined ? {} : { 'content-type': 'application/json' };
      const options = { host: '127.0.0.1', port, method, path, ca, agent: false as const };
      const sent = request({ ...options, ...client, ...tls, headers: { ...json, ...headers } });
      sent.on('error', reject);
      sent.on('response', async (response) => {
        let text = '';
        for await (const piece of response.setEncoding('utf8')) text += piece;
        const isJson = response.headers['content-type']?.startsWith('application/json') === true;
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          json: isJson ? JSON.parse(text) : text,
        });
      });
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return {
    ...{ gateway, folder, authority, log, rewrite, ask, port, ca, file },
    audit: () =>
      readFileSync(join(folder, 'audit.log'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    [Symbol.asyncDispose]: async () => void (await gateway.stop({ deadline: 0 })),
  };
}

const ROLES = `admin client certificate "grafana" may read
  admin client certificate "deploy.example.com" may operate
  admin client certificate "Ann@example.com" may configure
  admin client certificate "spiffe://example/ci" may operate`;

test(
  'with a certificate, the API speaks TLS 1.2 and 1.3, and its tokens are those of plain HTTP',
  NEEDS_OPENSSL,
  async () => {
    await using here = await open('', `admin token grafana secret "token" may read`);
    const headers = { authorization: `Bearer ${TOKEN}` };
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const tls = { minVersion: version, maxVersion: version };
      assert.equal((await here.ask('/v1/status', { headers, tls })).status, 200, version);
      const { status, json } = await here.ask('/v1/status', { tls });
      assert.deepEqual([status, json.error.code], [401, 'SA0101'], version);
    }
    assert.equal((await here.ask('/-/ready')).json, 'ready\n');
  },
);

test('a client of TLS 1.0 or 1.1 is refused', NEEDS_OPENSSL, async () => {
  await using here = await open('');
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    const tls = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
    await assert.rejects(here.ask('/-/live', { tls }), /alert protocol version/, version);
  }
  await here.log.find(/TLS handshake with a client of the admin API failed: no version of TLS in common/);
});

for (const [what, client, role] of [
  ['its common name', named('grafana'), 'read'],
  ['a DNS name, in any case', named('x', { names: [{ type: 2, value: 'Deploy.Example.com' }] }), 'operate'],
  ['an email address', named('x', { names: [{ type: 1, value: 'Ann@example.com' }] }), 'configure'],
  ['a URI', named('x', { names: [{ type: 6, value: 'spiffe://example/ci' }] }), 'operate'],
  ['the first line that fits', named('grafana', { names: [{ type: 1, value: 'Ann@example.com' }] }), 'read'],
] as const) {
  test(`a client certificate has its role by ${what}`, async () => {
    await using here = await open(MUTUAL, ROLES);
    const { status, headers } = await here.ask('/v1/status', { client });
    assert.deepEqual([status, headers['sluice-role']], [200, role]);
    const changed = await here.ask('/v1/backends/app/servers/one', { method: 'PATCH', client, body: { weight: 3 } });
    assert.equal(changed.status, role === 'read' ? 403 : 200);
  });
}

test('the audit log has the name of the line and the fingerprint of the certificate', NEEDS_OPENSSL, async () => {
  await using here = await open(MUTUAL, ROLES);
  const client = named('x', { names: [{ type: 2, value: 'deploy.example.com' }] });
  await here.ask('/v1/backends/app/servers/one', { method: 'PATCH', client, body: { weight: 3 } });
  const [line] = here.audit();
  assert.deepEqual(
    [line.who, line.role, line.operation, line.status, line.peer],
    ['deploy.example.com', 'operate', 'changeServer', 200, '127.0.0.1'],
  );
  assert.match(line.certificate, /^[0-9a-f]{64}$/);
});

test('a certificate that no line names is refused, and hears which line it needs', NEEDS_OPENSSL, async () => {
  await using here = await open(MUTUAL, ROLES);
  for (const name of ['mallory', 'GRAFANA', 'grafana.evil', 'deploy']) {
    const { status, json } = await here.ask('/v1/status', { client: named(name) });
    assert.deepEqual([status, json.error.code], [401, 'SA0118'], name);
    assert.match(json.error.message, new RegExp(`admin client certificate "${name}" may read`));
  }
});

test(
  'without a certificate, or with one that is expired or of another authority, nothing is answered',
  NEEDS_OPENSSL,
  async () => {
    await using here = await open(MUTUAL, ROLES);
    const refused = /TLS handshake with a client of the admin API failed: /;
    for (const [client, reason] of [
      [undefined, /it shows no certificate/],
      [named('grafana', { toDay: -1, fromDay: -9 }), /its certificate is not good: .*expired/],
      [STRANGERS.client({ subject: [['CN', 'grafana']] }), /its certificate is not good: /],
    ] as const) {
      await assert.rejects(here.ask('/v1/status', { ...(client === undefined ? {} : { client }) }));
      await here.log.find(new RegExp(refused.source + reason.source));
    }
  },
);

test('optional: a token does where there is no certificate, and counts before one', NEEDS_OPENSSL, async () => {
  await using here = await open(`${MUTUAL} optional`, `${ROLES}\n  admin token prometheus secret "token" may read`);
  const headers = { authorization: `Bearer ${TOKEN}` };
  const client = named('deploy.example.com');
  const roleOf = async (ask: Ask) => {
    const { status, headers: got, json } = await here.ask('/v1/status', ask);
    return status === 200 ? got['sluice-role'] : json.error.code;
  };
  assert.equal(await roleOf({ headers }), 'read');
  assert.equal(await roleOf({ client }), 'operate');
  assert.equal(await roleOf({ client, headers }), 'read');
  assert.equal(await roleOf({ client, headers: { authorization: 'Bearer something-else-entirely' } }), 'SA0102');
  assert.equal(await roleOf({}), 'SA0119');
});

test('plain HTTP on the TLS port is answered 400, and says what to do', NEEDS_OPENSSL, async () => {
  await using here = await open(MUTUAL, ROLES);
  const sent = plainRequest({ host: '127.0.0.1', port: here.port, path: '/v1/status', agent: false }).end();
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const piece of response.setEncoding('utf8')) text += piece;
  assert.deepEqual([response.statusCode, response.headers['sluice-admin']], [400, '1']);
  assert.match(JSON.parse(text).error.message, /^this address speaks TLS: use https:/);
});

test('what is neither TLS nor HTTP is closed without a word', NEEDS_OPENSSL, async () => {
  await using here = await open('');
  const socket = connect({ host: '127.0.0.1', port: here.port });
  const heard: Buffer[] = [];
  socket.on('data', (piece: Buffer) => heard.push(piece)).on('error', () => {});
  socket.write(Buffer.from([0, 1, 2, 3]));
  await closed(socket);
  assert.equal(Buffer.concat(heard).length, 0);
});

test('clients that say nothing, or stop in the middle of the handshake, are closed, and keep nobody out for long', {
  ...NEEDS_OPENSSL,
  timeout: 60_000,
}, async () => {
  await using here = await open('');
  const silent = connect({ host: '127.0.0.1', port: here.port });
  const halfway = connect({ host: '127.0.0.1', port: here.port });
  halfway.write(Buffer.from([22, 3, 1, 2, 0, 1]));
  for (const socket of [silent, halfway]) socket.on('error', () => {}).resume();
  assert.equal((await here.ask('/-/live')).status, 200);
  await Promise.all([closed(silent), closed(halfway)]);
});

test('a stop does not wait for handshakes', NEEDS_OPENSSL, async () => {
  const here = await open('');
  const sockets = [0, 1].map(() => connect({ host: '127.0.0.1', port: here.port }));
  for (const socket of sockets) socket.on('error', () => {}).resume();
  sockets[1]!.write(Buffer.from([22, 3, 1, 2, 0, 1]));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  await Promise.all([here.gateway.stop({ deadline: 0 }), ...sockets.map(closed)]);
});

test(
  'a new certificate is presented once its file has changed, also where connections are kept',
  NEEDS_OPENSSL,
  async () => {
    await using here = await open('');
    const fingerprint = async () => {
      const socket = tlsConnect({ host: '127.0.0.1', port: here.port, ca: here.ca });
      await once(socket, 'secureConnect');
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };
    const before = await fingerprint();
    here.authority.issue('next', ['127.0.0.1']);
    copyFileSync(here.authority.at('next.pem'), here.authority.at('admin.pem'));
    await eventually('the new certificate', async () => (await fingerprint()) !== before);
    const { json } = await here.ask('/v1/certificates');
    assert.deepEqual(
      json.certificates.map(({ listeners, names }: { listeners: string[]; names: string[] }) => [listeners, names]),
      [[['admin API'], ['127.0.0.1']]],
    );
  },
);

test(
  'new files that are no good are refused: the old certificate stays, and the log says why',
  NEEDS_OPENSSL,
  async () => {
    await using here = await open('');
    here.authority.issue('other', ['127.0.0.1']);
    writeFileSync(here.authority.at('admin.pem'), here.authority.read('admin.crt') + here.authority.read('other.key'));
    await here.log.find(/files used by the rules have changed, but were not reloaded/);
    assert.equal((await here.ask('/v1/status')).status, 200);
  },
);

test('a reload gives and takes roles at once, turns TLS on and off, and keeps the address', NEEDS_OPENSSL, async () => {
  await using here = await open(MUTUAL, 'admin client certificate "grafana" may read');
  const client = named('grafana');
  const tls = `admin tls terminate cert "admin.pem" ${MUTUAL}`;
  assert.equal((await here.ask('/v1/status', { client })).headers['sluice-role'], 'read');
  here.rewrite(`${tls}\n  admin client certificate "grafana" may operate`);
  await here.gateway.reload();
  assert.equal((await here.ask('/v1/status', { client })).headers['sluice-role'], 'operate');
  here.rewrite('');
  await here.gateway.reload();
  const sent = plainRequest({ host: '127.0.0.1', port: here.port, path: '/v1/status', agent: false }).end();
  const [response] = await once(sent, 'response');
  assert.equal(response.resume().statusCode, 200);
  here.rewrite(`${tls}\n  admin client certificate "deploy" may read`);
  await here.gateway.reload();
  assert.equal((await here.ask('/v1/status', { client })).json.error.code, 'SA0118');
  assert.equal((here.gateway.adminAddress as { port: number }).port, here.port);
});

test('over TLS, pages of the same name without TLS are other pages', NEEDS_OPENSSL, async () => {
  await using here = await open(MUTUAL, ROLES);
  const ask = (origin: string) =>
    here.ask('/v1/status', { client: named('grafana'), headers: { host: 'localhost', origin } });
  assert.equal((await ask('https://localhost')).status, 200);
  for (const origin of ['http://localhost', 'https://localhost:444', 'https://evil.test', 'null']) {
    assert.equal((await ask(origin)).json.error.code, 'SA0104', origin);
  }
  const crossed = await here.ask('/v1/status', {
    client: named('grafana'),
    headers: { 'sec-fetch-site': 'cross-site' },
  });
  assert.equal(crossed.json.error.code, 'SA0115');
});

test('curl and openssl s_client come in with a client certificate, and not without', {
  skip: hasOpenssl && hasCurl ? false : 'curl or openssl is not there',
}, async () => {
  await using here = await open(MUTUAL, ROLES);
  const { cert, key } = named('grafana');
  writeFileSync(join(here.folder, 'me.pem'), cert + key);
  const root = here.authority.at('root.crt');
  const curl = ['-sS', '--max-time', '20', '--cacert', root, `https://127.0.0.1:${here.port}/metrics`];
  const run = (command: string, args: string[], input = '') =>
    new Promise<{ status: number | null; out: string }>((resolve) => {
      import('node:child_process').then(({ spawn }) => {
        const child = spawn(command, args);
        let out = '';
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (out += piece));
        child.on('close', (status) => resolve({ status, out }));
        child.stdin.end(input);
      });
    });
  const scraped = await run('curl', ['--cert', join(here.folder, 'me.pem'), ...curl]);
  assert.match(scraped.out, /^# HELP sluice_/m);
  assert.notEqual((await run('curl', curl)).status, 0);
  const asked = await run(
    'openssl',
    [
      ...['s_client', '-quiet', '-connect', `127.0.0.1:${here.port}`, '-CAfile', root, '-verify_return_error'],
      ...['-cert', join(here.folder, 'me.pem'), '-ign_eof'],
    ],
    'GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  );
  assert.match(asked.out, /HTTP\/1\.1 200 OK[\s\S]*sluice-role: read/);
});

for (const [tls, lines, code] of [
  ['level old', '', 'SP0207'],
  [`${MUTUAL} left to rules`, '', 'SP0207'],
  ['known names only', '', 'SP0207'],
  ['', 'admin client certificate "x" may read', 'SP0208'],
  ['client certificate from "nowhere.pem"', '', 'SP0101'],
  ['key "other.key"', '', 'SP0116'],
] as const) {
  test(`refused: admin tls … ${tls} ${lines}`, NEEDS_OPENSSL, async () => {
    const other = (folder: string) =>
      writeFileSync(
        join(folder, 'other.key'),
        execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout']),
      );
    await assert.rejects(open(tls, lines, other), (error: { diagnostics: { code: string }[] }) => {
      assert.deepEqual(
        error.diagnostics.map((each) => each.code),
        [code],
      );
      return true;
    });
  });
}

test('`admin tls` and a Unix socket of the command line are refused together', NEEDS_OPENSSL, async () => {
  await using here = await open('');
  const admin = { address: `unix:${join(here.folder, 'admin.sock')}` };
  await assert.rejects(createGateway({ rules: { file: here.file }, admin, logger: false }), { code: 'SG0608' });
});

test(
  'an address that other machines can reach is warned about without TLS, and not with it',
  NEEDS_OPENSSL,
  async () => {
    await using here = await open('');
    for (const isSecure of [true, false]) {
      const log = new TestLog();
      if (!isSecure) here.rewrite('');
      const gateway = await createGateway({
        rules: { file: here.file },
        threads: 0,
        logger: log.logger,
        admin: { address: '0.0.0.0:0', token: TOKEN },
      });
      await gateway.start();
      await gateway.stop({ deadline: 0 });
      const warned = log.messages.filter((message) => /and is not encrypted/.test(message));
      assert.equal(warned.length, isSecure ? 0 : 1);
    }
  },
);
