/**
 * The admin API with several tokens: who may do what, what is written down of it, and what becomes of those who guess.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OPERATIONS } from '@sluice/core/admin';
import { createGateway } from 'sluice';
import { AdminClient, eventually, temporaryFolder } from '../kit/index.ts';

const TOKENS = { read: 'read-only-token-0123', operate: 'operator-token-01234', configure: 'configure-token-0123' };
type Role = keyof typeof TOKENS;
const ROLES = Object.keys(TOKENS) as Role[];

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Bodies that get past an operation's schema, and change nothing. */
const BODIES: Readonly<Record<string, unknown>> = {
  findSticky: {},
  changeServer: { weight: 1 },
  endSessions: { id: '0'.repeat(32) },
  renewCertificate: { name: 'nowhere.test' },
  explain: { request: 'GET http://www.example.com/' },
};

async function open(lines: string) {
  const folder = temporaryFolder();
  for (const [role, token] of Object.entries(TOKENS)) writeFileSync(join(folder, `${role}-token`), `${token}\n`);
  const file = join(folder, 'gateway.sluice');
  const write = (settings: string) =>
    writeFileSync(
      file,
      `settings { secrets from "${folder}"; admin on 127.0.0.1:0; ${settings} }
listener web on 127.0.0.1:0 { otherwise send to app }
backend app { server one 127.0.0.1:9 }`,
    );
  write(lines);
  const gateway = await createGateway({ rules: { file }, threads: 0, logger: false });
  await gateway.start();
  return {
    gateway,
    folder,
    write,
    client: new AdminClient(gateway.adminAddress!),
    [Symbol.asyncDispose]: async () => void (await gateway.stop({ deadline: 0 })),
  };
}

const THREE = ROLES.map((role) => `admin token ${role} secret "${role}-token" may ${role}`).join('; ');

test('each operation asks for its role, and a token has its own and those below', async () => {
  await using here = await open(THREE);
  for (const [id, operation] of Object.entries(OPERATIONS)) {
    const { method, role: needed } = operation;
    if ('isOpen' in operation) continue;
    const path = operation.path.replace('{backend}', 'app').replace('{server}', 'one');
    for (const role of ROLES) {
      const body = method === 'GET' ? undefined : (BODIES[id] ?? {});
      const { status, json } = await here.client.ask(method, path, { body, headers: bearer(TOKENS[role]) });
      const isEnough = ROLES.indexOf(role) >= ROLES.indexOf(needed);
      if (isEnough) assert.ok(status !== 401 && status !== 403, `${id} by ${role}: ${status}`);
      else assert.deepEqual([status, json.error.code], [403, 'SA0113'], `${id} by ${role}`);
    }
    assert.equal((await here.client.ask(method, path)).status, 401, `${id} by nobody`);
  }
  for (const role of ROLES) assert.equal((await here.client.get('/openapi.json', bearer(TOKENS[role]))).status, 200);
});

test('a refusal names the token, its role and the one that is needed', async () => {
  await using here = await open(THREE);
  const { json } = await here.client.ask('POST', '/v1/reload', { body: {}, headers: bearer(TOKENS.read) });
  assert.equal(json.error.message, '`read` may read, and POST /v1/reload needs a token that may operate');
});

test('a token is replaced without a moment in which neither is valid: two of one name, or its file and a reload', async () => {
  await using here = await open('admin token deploy secret "read-token" may operate');
  const statusOf = async (role: Role) => (await here.client.get('/v1/status', bearer(TOKENS[role]))).status;
  assert.deepEqual([await statusOf('read'), await statusOf('operate')], [200, 401]);
  const both = ['read', 'operate'].map((each) => `admin token deploy secret "${each}-token" may operate`);
  here.write(both.join('; '));
  await here.gateway.reload();
  assert.deepEqual([await statusOf('read'), await statusOf('operate')], [200, 200]);
  here.write(both[1]!);
  await here.gateway.reload();
  assert.deepEqual([await statusOf('read'), await statusOf('operate')], [401, 200]);
  writeFileSync(join(here.folder, 'operate-token'), TOKENS.configure);
  await here.gateway.reload();
  assert.deepEqual([await statusOf('operate'), await statusOf('configure')], [401, 200]);
});

test('who changes what is written to the audit log, with before and after, and so is who was refused', async () => {
  const audit = join(temporaryFolder(), 'audit.log');
  await using here = await open(`${THREE}; admin audit to "${audit}"`);
  const path = '/v1/backends/app/servers/one';
  const as = (role: Role) => bearer(TOKENS[role]);
  assert.equal((await here.client.get(path, as('read'))).status, 200);
  assert.equal((await here.client.ask('PATCH', path, { body: { weight: 7 }, headers: as('operate') })).status, 200);
  assert.equal((await here.client.ask('PATCH', path, { body: { weight: 9 }, headers: as('read') })).status, 403);
  assert.equal((await here.client.get('/v1/status')).status, 401);
  assert.equal((await here.client.get('/v1/status', bearer('wrong-token-wrong-token'))).status, 401);
  assert.equal((await here.client.ask('POST', '/v1/reload', { body: {}, headers: as('configure') })).status, 200);
  const read = () =>
    readFileSync(audit, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  await eventually('five lines', () => read().length === 5);
  const lines = read();
  assert.deepEqual(
    lines.map(({ who, role, operation, status, code }) => [who, role, operation, status, code]),
    [
      ['operate', 'operate', 'changeServer', 200, null],
      ['read', 'read', 'changeServer', 403, 'SA0113'],
      [null, null, 'getStatus', 401, 'SA0101'],
      [null, null, 'getStatus', 401, 'SA0102'],
      ['configure', 'configure', 'reload', 200, null],
    ],
  );
  const [changed] = lines;
  assert.deepEqual(
    [changed.before.weight, changed.after.weight, changed.peer, changed.path],
    [1, 7, '127.0.0.1', path],
  );
  assert.ok(!Number.isNaN(Date.parse(changed.time)));
  assert.deepEqual([lines[4].before, lines[4].after], [1, 2]);
  const text = readFileSync(audit, 'utf8');
  for (const token of [...Object.values(TOKENS), 'wrong-token']) assert.ok(!text.includes(token));
  assert.equal(statSync(audit).mode & 0o007, 0, 'not for everybody');
});

test('without a file of its own, audit lines are in the gateway’s log', async () => {
  const lines: Record<string, unknown>[] = [];
  const { pino } = await import('pino');
  const gateway = await createGateway({
    rules: 'listener web on 127.0.0.1:0 { otherwise deny 404 }',
    threads: 0,
    logger: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
    admin: { address: '127.0.0.1:0', tokens: [{ name: 'ci', token: TOKENS.operate, role: 'operate' }] },
  });
  await gateway.start();
  const client = new AdminClient(gateway.adminAddress!);
  await client.ask('POST', '/v1/reload', { body: {}, headers: bearer(TOKENS.operate) });
  const isAudit = (line: Record<string, unknown>) => line.audit === true;
  await eventually('the line', () => lines.some(isAudit));
  const { who, operation, status, msg } = lines.find(isAudit)!;
  assert.deepEqual([who, operation, status, msg], ['ci', 'reload', 200, 'ci: reload: 200']);
  await gateway.stop({ deadline: 0 });
});

test('an address with twenty wrong tokens in a minute has to wait, with a right one too', async () => {
  await using here = await open(THREE);
  for (let count = 0; count < 20; count++) {
    assert.equal((await here.client.get('/v1/status', bearer(`wrong-token-number-${count}`))).status, 401);
  }
  for (const token of ['wrong-token-number-20', TOKENS.configure]) {
    const { status, json, headers } = await here.client.get('/v1/status', bearer(token));
    assert.deepEqual([status, json.error.code], [429, 'SA0114']);
    assert.ok(Number(headers['retry-after']) > 0);
  }
  assert.equal((await here.client.get('/-/live')).status, 200, 'probes are answered all the same');
});

test('what another site has a browser send is refused, whether or not it says which', async () => {
  await using here = await open(THREE);
  const ask = async (site: string) =>
    (await here.client.get('/v1/status', { ...bearer(TOKENS.read), 'sec-fetch-site': site })).status;
  assert.deepEqual(
    await Promise.all(['cross-site', 'same-site', 'same-origin', 'none'].map(ask)),
    [403, 403, 200, 200],
  );
});

test('tokens that leave open who a caller is, and an audit log that cannot be written, keep rules from running', async () => {
  const create = (admin: object, settings = '') =>
    createGateway({
      rules: `${settings}\nlistener web on 127.0.0.1:0 { otherwise deny 404 }`,
      threads: 0,
      logger: false,
      admin: { address: '127.0.0.1:0', ...admin },
    });
  const token = TOKENS.operate;
  const same = [
    { name: 'one', token, role: 'read' },
    { name: 'two', token, role: 'read' },
  ];
  await assert.rejects(create({ tokens: same }), { code: 'SG0606' });
  await assert.rejects(create({ token, tokens: [{ name: 'admin', token, role: 'read' }] }), { code: 'SG0606' });
  await assert.rejects(create({ tokens: [{ name: 'one', token: 'short', role: 'read' }] }), { code: 'SG0602' });
  const missing = join(temporaryFolder(), 'none', 'audit.log');
  await assert.rejects(create({}, `settings { admin audit to "${missing}" }`), { code: 'SG0607' });
});
