/**
 * The admin API over real sockets: what it tells, what it changes, and whom it lets in.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isLoopback } from '@sluice/dsl/plan';
import { Ajv } from 'ajv';
import { type AdminOptions, createGateway } from 'sluice';
import {
  type Address,
  AdminClient,
  answering,
  connectTo,
  eventually,
  ok,
  RawServer,
  runSluice,
  temporaryFolder,
} from '../kit/index.ts';

const TOKEN = 'correct-horse-battery-staple';
const BEARER = { authorization: `Bearer ${TOKEN}` };
const LOOPBACK: AdminOptions = { address: '127.0.0.1:0' };

const rulesFor = (server: Address, more = '') => `
listener web on 127.0.0.1:0 { otherwise send to app }
backend app {
  server one ${server.host}:${server.port} weight 2
  server two ${server.host}:${server.port} max 5 backup
  stick on header X-User
}
${more}`;

async function open(admin: AdminOptions | undefined, threads = 0, more = '') {
  const server = await RawServer.start(answering(() => ok()));
  const file = join(temporaryFolder(), 'gateway.sluice');
  writeFileSync(file, rulesFor(server.address, more));
  const gateway = await createGateway({
    rules: { file },
    threads,
    logger: false,
    ...(admin === undefined ? {} : { admin }),
  });
  await gateway.start().catch(async (thrown) => {
    await server.stop();
    throw thrown;
  });
  const at = gateway.adminAddress!;
  return {
    gateway,
    server,
    file,
    at,
    client: new AdminClient(at),
    async [Symbol.asyncDispose]() {
      await gateway.stop({ deadline: 0 });
      await server.stop();
    },
  };
}

/** changeRules adds a remark to the rules over the API, so that they have a history. */
async function changeRules(client: AdminClient): Promise<void> {
  const { text, tag } = (await client.get('/v1/configuration')).json;
  const options = { body: { text: `${text}\n# a remark\n` }, headers: { 'if-match': `"${tag}"` } };
  assert.equal((await client.ask('PUT', '/v1/configuration', options)).status, 200);
}

describe('queries', () => {
  let here: Awaited<ReturnType<typeof open>>;
  before(async () => {
    here = await open(LOOPBACK, 2, 'list blocked = ips 10.0.0.0/8, 192.0.2.1');
    const client = await connectTo(here.gateway.addresses().web as Address);
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.answer();
    client.destroy();
  });
  after(() => here[Symbol.asyncDispose]());

  test('status: generation, threads, listeners, versions, servers by state', async () => {
    const { status, json } = await here.client.get('/v1/status');
    assert.equal(status, 200);
    assert.equal(json.state, 'running');
    assert.equal(json.generation, 1);
    assert.equal(json.threads.length, 2);
    assert.equal(json.listeners[0].address.port, (here.gateway.addresses().web as Address).port);
    assert.equal(json.servers.running, 2);
    assert.equal(json.servers.ready, 2);
    assert.equal(json.version.node, process.versions.node);
    assert.ok(json.uptimeMs > 0);
  });

  test('backends and servers, all and one', async () => {
    const { json } = await here.client.get('/v1/backends');
    assert.deepEqual(
      json.backends[0].servers.map(({ name, weight, max, isBackup }: never) => [name, weight, max, isBackup]),
      [
        ['one', 2, 0, false],
        ['two', 1, 5, true],
      ],
    );
    assert.deepEqual((await here.client.get('/v1/servers')).json.servers, json.backends[0].servers, 'servers alone');
    assert.deepEqual((await here.client.get('/v1/backends/app')).json, json.backends[0]);
    const one = (await here.client.get('/v1/backends/app/servers/one')).json;
    assert.deepEqual(one, json.backends[0].servers[0]);
    assert.equal(one.counters.requests, 1);
    assert.equal(one.draining, null);
  });

  test('lists by name and number of entries', async () => {
    const { json } = await here.client.get('/v1/lists');
    assert.deepEqual(json.lists, [{ name: 'blocked', type: 'ips', entries: 2, file: null, refreshMs: 0 }]);
  });

  test('explain returns what the gateway would do', async () => {
    const { status, json } = await here.client.ask('POST', '/v1/explain', {
      body: { request: 'GET http://www.example.com/ from 198.51.100.7', headers: ['X-A: 1'] },
    });
    assert.equal(status, 200);
    assert.deepEqual(json.verdict, { kind: 'send', backend: 'app' });
    const bad = await here.client.ask('POST', '/v1/explain', { body: { request: 'nonsense' } });
    assert.deepEqual([bad.status, bad.json.error.code], [400, 'SG0505']);
  });

  test('metrics in the text format, with a histogram whose buckets grow', async () => {
    const { headers, text } = await here.client.get('/metrics');
    assert.match(headers['content-type']!, /^text\/plain/);
    assert.match(text, /^sluice_generation 1$/m);
    assert.match(text, /^sluice_listener_requests_total\{listener="web"\} 1$/m);
    assert.match(text, /^sluice_listener_answers_total\{listener="web",class="2xx"\} 1$/m);
    assert.match(text, /^sluice_server_requests_total\{backend="app",server="one"\} 1$/m);
    assert.match(text, /^sluice_server_state\{backend="app",server="one",state="running"\} 1$/m);
    assert.match(text, /^# TYPE sluice_backend_latency_seconds histogram$/m);
    const buckets = [...text.matchAll(/latency_seconds_bucket\{backend="app",le="([^"]+)"\} (\d+)/g)];
    assert.equal(buckets.at(-1)![1], '+Inf');
    const counts = buckets.map(([, , count]) => Number(count));
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
    );
    assert.equal(counts.at(-1), 1);
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    assert.equal(new Set(samples.map((line) => line.split(' ')[0])).size, samples.length, 'no sample twice');
  });

  test('every response has the shape in the OpenAPI document', async () => {
    const { json: document } = await here.client.get('/openapi.json');
    const ajv = new Ajv({ strict: false });
    let looked = 0;
    await changeRules(here.client);
    for (const [path, methods] of Object.entries<Record<string, never>>(document.paths)) {
      const schema = (methods.get as never as { responses: { 200: { content: Record<string, { schema: object }> } } })
        ?.responses[200].content['application/json']?.schema;
      if (schema === undefined) continue;
      const { status, json } = await here.client.get(
        path
          .replace('{backend}', 'app')
          .replace('{server}', 'one')
          .replace('{list}', 'blocked')
          .replace('{number}', '1'),
      );
      assert.equal(status, 200, path);
      assert.ok(ajv.validate(schema, json), `${path}: ${ajv.errorsText()}`);
      looked++;
    }
    assert.ok(looked >= 8);
    assert.equal(document.openapi, '3.1.0');
  });

  test('events come as they happen', async () => {
    const ask = request({ ...here.at, path: '/v1/events' });
    ask.end();
    const [response] = await once(ask, 'response');
    response.setEncoding('utf8');
    let text = '';
    response.on('data', (piece: string) => {
      text += piece;
    });
    await eventually('the stream to begin', () => text.startsWith(':'));
    here.gateway.server('app/two').weight(9);
    void here.gateway.server('app/two').drain();
    await eventually('the drain to be over', () => text.includes('event: drained'));
    here.gateway.server('app/two').ready();
    await eventually('ready', () => text.includes('"to":"ready"'));
    const events = text.split('\n\n').flatMap((part) => {
      const [, name, data] = /event: (\w+)\ndata: (.*)/.exec(part) ?? [];
      return name === undefined ? [] : [[name, JSON.parse(data!)] as const];
    });
    assert.deepEqual(
      events.map(([name, { to, what }]) => [name, to ?? null, what ?? null]),
      [
        ['set', 9, 'weight'],
        ['admin', 'drain', null],
        ['drained', null, null],
        ['admin', 'ready', null],
      ],
    );
    ask.destroy();
  });
});

describe('changes', () => {
  test('admin state, weight and max of a server, and who is on it', async () => {
    await using here = await open(LOOPBACK);
    const path = '/v1/backends/app/servers/one';
    const { status, json } = await here.client.ask('PATCH', path, {
      body: { admin: 'drain', deadline: '10m', weight: 0, max: 7 },
    });
    assert.equal(status, 200);
    assert.deepEqual([json.admin, json.weight, json.max, json.draining.isMoved], ['drain', 0, 7, false]);
    const drained = await eventually('the drain to end', async () => {
      const { draining } = (await here.client.get(path)).json;
      return draining.isDone && draining;
    });
    assert.equal(drained.isMoved, false);
    const ready = await here.client.ask('PATCH', path, { body: { admin: 'ready' } });
    assert.deepEqual([ready.json.admin, ready.json.draining, ready.json.weight], ['ready', null, 0]);
    const maint = await here.client.ask('PATCH', path, { body: { admin: 'maint', close: true } });
    assert.equal(maint.json.admin, 'maint');
    const sessions = await here.client.get(`${path}/sessions?most=5`);
    assert.deepEqual(sessions.json, { open: 0, returning: 0, sessions: [] });
  });

  for (const [what, body, code] of [
    ['nothing', {}, 'SA0106'],
    ['a weight over 256', { weight: 257 }, 'SA0106'],
    ['a weight that is a text', { weight: '7' }, 'SA0106'],
    ['a max below 0', { max: -1 }, 'SA0106'],
    ['half a weight', { weight: 1.5 }, 'SA0106'],
    ['an unknown admin state', { admin: 'gone' }, 'SA0106'],
    ['an unknown property', { admin: 'ready', state: 'running' }, 'SA0106'],
    ['a deadline without a drain', { admin: 'maint', deadline: '10s' }, 'SA0106'],
    ['a deadline alone', { deadline: '10s' }, 'SA0106'],
    ['a deadline that is no time', { admin: 'drain', deadline: 'soon' }, 'SA0106'],
    ['close with ready', { admin: 'ready', close: true }, 'SA0106'],
    ['a list', [], 'SA0106'],
    ['null', 'null', 'SA0106'],
    ['a prototype', '{"__proto__": {"admin": "maint"}, "weight": 5}', 'SA0106'],
    ['half of JSON', '{"weight": ', 'SA0106'],
    ['no body', '', 'SA0106'],
  ] as const) {
    test(`a change of a server to ${what} is refused, and changes nothing`, async () => {
      await using here = await open(LOOPBACK);
      const path = '/v1/backends/app/servers/one';
      const before = (await here.client.get(path)).json;
      const { status, json } = await here.client.ask('PATCH', path, { body });
      assert.deepEqual([status, json.error.code], [400, code]);
      assert.deepEqual((await here.client.get(path)).json, before);
    });
  }

  test('reload reads the rules again, and returns the problems of invalid rules', async () => {
    await using here = await open(LOOPBACK, 2);
    const good = await here.client.ask('POST', '/v1/reload', { body: {} });
    assert.deepEqual([good.status, good.json], [200, { generation: 2 }]);
    const text = readFileSync(here.file, 'utf8');
    writeFileSync(here.file, text.replace('otherwise', 'othrwise'));
    const bad = await here.client.ask('POST', '/v1/reload', { body: {} });
    assert.equal(bad.status, 422);
    assert.equal(bad.json.error.code, 'SG0201');
    assert.equal(bad.json.error.diagnostics[0].place.line, 2);
    assert.equal((await here.client.get('/v1/status')).json.generation, 2, 'the old rules are still active');
  });

  test('a storm of reloads is a few reloads, one after the other, and all are answered', async () => {
    await using here = await open(LOOPBACK, 2);
    let reloads = 0;
    here.gateway.on('reload', () => reloads++);
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => here.client.ask('POST', '/v1/reload', { body: {} })),
    );
    for (const { status } of answers) assert.equal(status, 200);
    assert.ok(reloads < 50, `${reloads} reloads`);
    const last = Math.max(...answers.map(({ json }) => json.generation));
    assert.equal((await here.client.get('/v1/status')).json.generation, last);
  });
});

describe('stickiness, members and queues', () => {
  test('where a client belongs, why, and since when', async () => {
    const server = await RawServer.start(answering(() => ok()));
    const { port } = server.address;
    const gateway = await createGateway({
      rules: `listener web on 127.0.0.1:0 { otherwise send to app }
        backend app { server one 127.0.0.1:${port}; server two 127.0.0.1:${port}; stick on header X-User ttl 1h }
        backend plain of 127.0.0.1:${port}`,
      threads: 0,
      logger: false,
      admin: LOOPBACK,
    });
    await gateway.start();
    try {
      const admin = new AdminClient(gateway.adminAddress!);
      const find = (user: string) =>
        admin.ask('POST', '/v1/backends/app/sticky', { body: { headers: [`X-User: ${user}`], ip: '198.51.100.7' } });
      const stranger = await find('nobody');
      assert.deepEqual([stranger.status, stranger.json.outcome, stranger.json.server], [200, 'new', null]);
      const client = await connectTo(gateway.addresses().web as Address);
      client.send('GET / HTTP/1.1\r\nHost: a\r\nX-User: alice\r\n\r\n');
      await client.answer();
      client.destroy();
      const { json } = await find('alice');
      assert.deepEqual([json.outcome, json.kind, json.server], ['stays', 'on header', 'one']);
      assert.ok(json.sinceMs >= 0 && json.sinceMs < 60_000, String(json.sinceMs));
      assert.ok(json.expiresInMs > 3_500_000 && json.expiresInMs <= 3_601_000, String(json.expiresInMs));
      const { json: document } = await admin.get('/openapi.json');
      const schema =
        document.paths['/v1/backends/{backend}/sticky'].post.responses[200].content['application/json'].schema;
      assert.ok(new Ajv({ strict: false }).validate(schema, json));
      const none = await admin.ask('POST', '/v1/backends/plain/sticky', { body: {} });
      assert.deepEqual([none.status, none.json.error.code], [404, 'SG0509']);
      for (const body of [{ ip: 'nowhere' }, { headers: ['no header'] }, { cookie: 'x' }]) {
        assert.equal((await admin.ask('POST', '/v1/backends/app/sticky', { body })).status, 400, JSON.stringify(body));
      }
    } finally {
      await gateway.stop({ deadline: 0 });
      await server.stop();
    }
  });

  test('members with where they come from, and how many wait for each', async () => {
    const file = join(temporaryFolder(), 'servers.txt');
    writeFileSync(file, '127.0.0.1:9\n');
    const gateway = await createGateway({
      rules: `listener web on 127.0.0.1:0 { otherwise send to app }
        backend app { server one 127.0.0.1:8 queue at most 7; servers from file "${file}" every 1m }`,
      threads: 0,
      logger: false,
      admin: LOOPBACK,
    });
    await gateway.start();
    try {
      const admin = new AdminClient(gateway.adminAddress!);
      const { json } = await admin.get('/v1/backends/app/members');
      const source = `file "${file}" every 1m`;
      assert.deepEqual(
        json.members.map((each: { name: string; source: string | null }) => [each.name, each.source]),
        [
          ['one', null],
          ['127.0.0.1:9', source],
        ],
      );
      assert.deepEqual([json.sources[0].source, json.sources[0].isOk, json.sources[0].servers], [source, true, 1]);
      assert.equal((await admin.get('/v1/backends/nobody/members')).status, 404);
      const { json: servers } = await admin.get('/v1/servers');
      assert.deepEqual(
        servers.servers.map((each: { waiting: number; mostWaiting: number }) => [each.waiting, each.mostWaiting]),
        [
          [0, 7],
          [0, 0],
        ],
      );
      const found = await admin.get(`/v1/backends/app/servers/${encodeURIComponent('127.0.0.1:9')}`);
      assert.deepEqual([found.status, found.json.name, found.json.isPassedOver], [200, '127.0.0.1:9', false]);
    } finally {
      await gateway.stop({ deadline: 0 });
    }
  });
});

describe('access', () => {
  test('with a token, only who shows it', async () => {
    await using here = await open({ ...LOOPBACK, token: TOKEN });
    const none = await here.client.get('/v1/status');
    assert.deepEqual([none.status, none.json.error.code, none.headers['www-authenticate']], [401, 'SA0101', 'Bearer']);
    for (const authorization of [
      'Bearer x',
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      `Bearer ${'x'.repeat(8000)}`,
    ]) {
      const { status, json } = await here.client.get('/v1/status', { authorization });
      assert.deepEqual([status, json.error.code], [401, 'SA0102']);
    }
    for (const authorization of [TOKEN, `Basic ${TOKEN}`, 'Bearer', 'Bearer ', `Bearer ${TOKEN} ${TOKEN}`]) {
      assert.equal((await here.client.get('/v1/status', { authorization })).status, 401, authorization);
    }
    for (const path of ['/metrics', '/openapi.json', '/v1/events', '/nowhere', `/v1/status?token=${TOKEN}`]) {
      assert.equal((await here.client.get(path)).status, 401, path);
    }
    assert.equal((await here.client.get('/v1/status', BEARER)).status, 200);
    assert.equal((await here.client.get('/v1/status', { ...BEARER, host: 'gateway.example.com' })).status, 200);
  });

  test('without one, a name that is not its own is refused: it may have been pointed here', async () => {
    await using here = await open(LOOPBACK);
    for (const host of [
      'evil.example',
      'evil.example:9900',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '[x]',
    ]) {
      const { status, json } = await here.client.get('/v1/status', { host });
      assert.deepEqual([host, status, json?.error.code], [host, 403, 'SA0103']);
    }
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1', '127.0.0.1:9900', '[::1]:9900', '192.0.2.1']) {
      assert.equal((await here.client.get('/v1/status', { host })).status, 200, host);
    }
  });

  test('what a page of another origin can make a browser send is refused', async () => {
    await using here = await open(LOOPBACK);
    const path = '/v1/reload';
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
    ]) {
      const { status, json } = await here.client.ask('POST', path, { body: '{}', headers: { 'content-type': type } });
      assert.deepEqual([status, json.error.code], [415, 'SA0108'], type);
    }
    assert.equal((await here.client.ask('POST', path)).status, 415, 'without a body');
    const page = await here.client.ask('POST', path, { body: {}, headers: { origin: 'https://evil.example' } });
    assert.deepEqual([page.status, page.json.error.code], [403, 'SA0104']);
    for (const origin of ['null', 'http://127.0.0.1:1', 'file://', 'x']) {
      assert.equal((await here.client.get('/v1/status', { origin })).status, 403, origin);
    }
    const { host, port } = here.at as Address;
    assert.equal((await here.client.get('/v1/status', { origin: `http://${host}:${port}` })).status, 200);
    const asked = await here.client.ask('OPTIONS', path, { headers: { 'content-type': 'application/json' } });
    assert.ok(asked.status >= 400);
    assert.equal(asked.headers['access-control-allow-origin'], undefined);
    assert.equal(here.gateway.stats().generation, 1, 'nothing was reloaded');
  });

  test('an address that others reach needs a token, and a token must not be guessed easily', async () => {
    const server = { host: '127.0.0.1', port: 9 };
    for (const [admin, code] of [
      [{ address: '0.0.0.0:0' }, 'SG0601'],
      [{ address: ':0' }, 'SG0601'],
      [{ address: '127.0.0.1:0', token: 'short' }, 'SG0602'],
      [{ address: 'nowhere' }, 'SG0603'],
      [{ address: '127.0.0.1:0', token: 'has a blank in the middle' }, 'SG0604'],
    ] as const) {
      const created = createGateway({ rules: rulesFor(server), threads: 0, logger: false, admin });
      await assert.rejects(created, { code }, JSON.stringify(admin));
    }
  });

  test('a Unix socket is only accessible to its owner, and a stale one is replaced', async () => {
    const path = join(temporaryFolder(), 'admin.sock');
    {
      await using here = await open({ address: `unix:${path}` });
      assert.deepEqual(here.at, { path });
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal((await here.client.get('/v1/status', { host: 'anything' })).status, 200);
      // A page of that name may have been pointed at a port that SSH forwards here.
      const { status, json } = await here.client.get('/v1/status', { host: 'evil.example:9900' });
      assert.deepEqual([status, json.error.code], [403, 'SA0103']);
      await assert.rejects(open({ address: `unix:${path}` }), { code: 'SG0304' });
    }
    assert.equal(existsSync(path), false);
  });

  test('an address that cannot be bound is reported as the admin API’s, not as a listener’s', async () => {
    await using here = await open(LOOPBACK);
    const folder = temporaryFolder();
    const [socket, file, lost] = [join(folder, 'taken.sock'), join(folder, 'file'), join(folder, 'none', 'admin.sock')];
    await using _taken = await open({ address: `unix:${socket}` });
    writeFileSync(file, '');
    const { host, port } = here.at as Address;
    const token = 'a-token-of-sixteen-or-more';
    for (const [admin, code, message] of [
      [
        { address: `${host}:${port}` },
        'SG0301',
        /^the admin API: address 127\.0\.0\.1:\d+ is in use by another process/,
      ],
      [
        { address: '192.0.2.1:9900', token },
        'SG0303',
        /^the admin API: address 192\.0\.2\.1:9900 does not belong to this machine/,
      ],
      [{ address: `unix:${socket}` }, 'SG0304', /^the admin API: socket \S+taken\.sock is in use by another process/],
      [{ address: `unix:${file}` }, 'SG0305', /^the admin API: \S+file exists and is not a socket/],
      [{ address: `unix:${lost}` }, 'SG0306', /^the admin API: socket \S+ cannot be created: there is no folder/],
    ] as const) {
      await assert.rejects(open(admin), { code, message });
    }
  });
});

describe('arbitrary input', () => {
  let here: Awaited<ReturnType<typeof open>>;
  before(async () => {
    here = await open(LOOPBACK, 0, 'list blocked = ips 10.0.0.0/8');
  });
  after(() => here[Symbol.asyncDispose]());

  const PLACES: Readonly<Record<string, string>> = { backend: 'app', server: 'one', list: 'blocked', number: '1' };

  test('HEAD responds like GET, without the body', async () => {
    const { paths } = (await here.client.get('/openapi.json')).json as { paths: Record<string, object> };
    const readable = Object.keys(paths).filter((path) => 'get' in paths[path]!);
    assert.ok(readable.length > 8);
    await changeRules(here.client);
    for (const template of readable) {
      const path = template.replace(/\{(\w+)\}/g, (_, name: string) => PLACES[name]!);
      const url = `http://127.0.0.1:${(here.at as { port: number }).port}${path}`;
      const stop = new AbortController();
      const got = await fetch(url, { signal: stop.signal });
      stop.abort();
      const head = await fetch(url, { method: 'HEAD' });
      assert.equal(head.status, 200, path);
      assert.equal(head.headers.get('content-type'), got.headers.get('content-type'), path);
      assert.equal(head.headers.get('sluice-admin'), '1', path);
      assert.equal(await head.text(), '', path);
    }
    const { port } = here.at as { port: number };
    assert.equal((await fetch(`http://127.0.0.1:${port}/v1/nothing`, { method: 'HEAD' })).status, 404);
  });

  test('a method that a path does not take is 405, with those that it does', async () => {
    const { paths } = (await here.client.get('/openapi.json')).json as { paths: Record<string, object> };
    for (const [template, operations] of Object.entries(paths)) {
      const path = template.replace(/\{(\w+)\}/g, (_, name: string) => PLACES[name]!);
      const taken = Object.keys(operations).map((method) => method.toUpperCase());
      const allowed = taken.includes('GET') ? ['GET', 'HEAD', ...taken.filter((method) => method !== 'GET')] : taken;
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        if (allowed.includes(method)) continue;
        const answer = await fetch(`http://127.0.0.1:${(here.at as { port: number }).port}${path}`, { method });
        assert.equal(answer.status, 405, `${method} ${path}`);
        assert.equal(answer.headers.get('allow'), allowed.join(', '), `${method} ${path}`);
        if (method === 'HEAD') continue;
        const { error } = (await answer.json()) as { error: { code: string; message: string } };
        assert.equal(error.code, 'SA0112');
        assert.equal(error.message, `${path} does not take ${method}: it takes ${allowed.join(', ')}`);
      }
    }
  });

  test('paths that are none are 404 with a code, and lead nowhere', async () => {
    for (const path of [
      '/v1',
      '/dashboard',
      '/v1/status/',
      '/V1/status',
      '/v1//status',
      '/v1/../v1/status',
      '/v1/%2e%2e/status',
      '/v1/backends/app/servers/one/',
      '/v1/backends/__proto__',
      '/v1/backends/constructor',
      '/v1/backends/app/servers/__proto__',
      '/v1/backends/app/servers/toString',
    ]) {
      const { status, json } = await here.client.get(path);
      assert.equal(status, 404, path);
      assert.match(json.error.code, /^S[AG]\d{4}$/, path);
    }
    for (const path of [
      `/v1/backends/${'x'.repeat(9000)}`,
      '/v1/backends/..%2f..',
      '/v1/backends/a%20b',
      '/v1/backends/%00',
      '/v1/backends/app/servers/%',
      '/%',
    ]) {
      const { status, json } = await here.client.get(path);
      assert.ok(status === 400 || status === 404, `${path}: ${status}`);
      assert.match(json.error.code, /^SA\d{4}$/, path);
    }
  });

  test('queries that a route does not have, or with other values, are refused', async () => {
    const path = '/v1/backends/app/servers/one/sessions';
    for (const query of ['?most=0', '?most=1001', '?most=-1', '?most=x', '?most=1&most=2', '?other=1', '?most=']) {
      const { status, json } = await here.client.get(path + query);
      assert.deepEqual([status, json.error.code], [400, 'SA0106'], query);
    }
    assert.equal((await here.client.get('/v1/status?x=1')).status, 400);
  });

  test('a body over the limit gets 413, with or without a declared length', async () => {
    const { status, json } = await here.client.ask('POST', '/v1/explain', { body: { request: 'x'.repeat(70_000) } });
    assert.deepEqual([status, json.error.code], [413, 'SA0107']);
    const chunked = await here.client.ask('POST', '/v1/explain', {
      body: { request: 'x'.repeat(70_000) },
      headers: { 'transfer-encoding': 'chunked' },
    });
    assert.equal(chunked.status, 413);
  });

  test('rubbish in place of HTTP, and a head over the limit, are refused and closed', async () => {
    for (const [bytes, answer] of [
      ['\x16\x03\x01 rubbish\r\n\r\n', /^HTTP\/1\.1 400 /],
      ['GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
      [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
      [
        'POST /v1/reload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}',
        /^HTTP\/1\.1 400 /,
      ],
    ] as const) {
      const wire = await connectTo(here.at as Address);
      wire.send(bytes);
      await wire.closed();
      assert.match(wire.received.toString('latin1'), answer);
    }
    assert.equal((await here.client.get('/v1/status')).status, 200);
  });

  test('event streams are limited, and their places are given back', async () => {
    const asks = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const ask = request({ ...here.at, path: '/v1/events', agent: false });
        ask.end();
        await once(ask, 'response');
        return ask;
      }),
    );
    const { status, json } = await here.client.get('/v1/events');
    assert.deepEqual([status, json.error.code], [503, 'SA0109']);
    assert.equal((await here.client.get('/v1/status')).status, 200, 'others are answered all the same');
    for (const ask of asks) {
      ask.on('error', () => {});
      ask.destroy();
    }
    await eventually('a place', async () => {
      const ask = request({ ...here.at, path: '/v1/events', agent: false });
      ask.end();
      const [response] = await once(ask, 'response');
      ask.on('error', () => {});
      ask.destroy();
      return response.statusCode === 200;
    });
  });

  test('silent connections, and those that stall in a body, are closed, so a flood of them ends', async () => {
    const { host, port } = here.at as Address;
    const sockets = await Promise.all(
      Array.from({ length: 400 }, async (_, at) => {
        const socket = connect(port, host);
        socket.on('error', () => {});
        if (at % 2 === 0) {
          socket.write(
            'POST /v1/explain HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{',
          );
        }
        return socket;
      }),
    );
    await eventually(
      'an answer',
      () =>
        here.client.get('/v1/status').then(
          ({ status }) => status === 200,
          () => false,
        ),
      30_000,
    );
    for (const socket of sockets) socket.destroy();
  });
});

describe('over reloads and the command', () => {
  test('rules set its address and token; a reload moves it, and a failed one does not', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'admin-token'), `${TOKEN}\n`);
    const settings = (admin: string) => `settings { secrets from "${folder}"; ${admin} }`;
    await using here = await open(undefined, 0, settings('admin on 127.0.0.1:0'));
    const rules = readFileSync(here.file, 'utf8');
    const change = (admin: string) => writeFileSync(here.file, rules.replace(/settings .*/, settings(admin)));
    assert.ok(isLoopback(here.at));
    change('admin on 127.0.0.1:0 token secret "admin-token"');
    assert.equal((await here.client.ask('POST', '/v1/reload', { body: {} })).status, 200);
    assert.deepEqual(here.gateway.adminAddress, here.at, 'it stays where it is');
    assert.equal((await here.client.get('/v1/status')).status, 401);
    assert.equal((await here.client.get('/v1/status', BEARER)).status, 200);
    const stats = (await here.client.get('/v1/stats', BEARER)).text;
    assert.doesNotMatch(stats, /correct-horse/);
    const path = join(folder, 'admin.sock');
    change(`admin on unix:${path}`);
    const moved = await here.client.ask('POST', '/v1/reload', { body: {}, headers: BEARER });
    assert.equal(moved.status, 200, 'the answer comes from where it was asked');
    assert.deepEqual(here.gateway.adminAddress, { path });
    const there = new AdminClient({ path });
    assert.equal((await there.get('/v1/status')).status, 200);
    await eventually('the old address to be closed', () =>
      here.client.get('/v1/status').then(
        () => false,
        () => true,
      ),
    );
    change(`admin on 127.0.0.1:${(here.gateway.addresses().web as Address).port}`);
    const refused = await there.ask('POST', '/v1/reload', { body: {} });
    assert.deepEqual([refused.status, refused.json.error.code], [422, 'SG0301']);
    assert.equal((await there.get('/v1/status')).json.generation, 3);
    change('drain 1s');
    assert.equal((await there.ask('POST', '/v1/reload', { body: {} })).status, 200);
    assert.equal(here.gateway.adminAddress, null);
    await eventually('the socket to go', () => !existsSync(path));
  });

  test('several gateways of one process have an API each', async () => {
    await using first = await open(LOOPBACK);
    await using second = await open(LOOPBACK);
    await first.client.ask('PATCH', '/v1/backends/app/servers/one', { body: { weight: 100 } });
    assert.equal((await second.client.get('/v1/backends/app/servers/one')).json.weight, 2);
  });

  test('`admin: false` keeps the rules’ own from being served', async () => {
    const gateway = await createGateway({
      rules: rulesFor({ host: '127.0.0.1', port: 9 }, 'settings { admin on 127.0.0.1:0 }'),
      threads: 0,
      logger: false,
      admin: false,
    });
    await gateway.start();
    assert.equal(gateway.adminAddress, null);
    await gateway.stop({ deadline: 0 });
  });

  test('sluice run --admin serves it', async () => {
    const path = join(temporaryFolder(), 'run.sock');
    const process = await runSluice(
      (port) => `listener web on 127.0.0.1:${port} { otherwise deny 404 }`,
      '--threads',
      '0',
      '--admin',
      `unix:${path}`,
    );
    try {
      await process.program.printed(/the admin API is on/);
      const { json } = await new AdminClient({ path }).get('/v1/status');
      assert.equal(json.state, 'running');
    } finally {
      await process.stop();
    }
  });
});

test('probes need no token, and a gateway that drains is alive but not ready', async () => {
  const held = Promise.withResolvers<void>();
  const server = createServer(async (_, response) => {
    await held.promise;
    response.end('done');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: origin } = server.address() as AddressInfo;
  const rules = rulesFor({ host: '127.0.0.1', port: origin }, 'settings { drain 20s }');
  const gateway = await createGateway({
    rules,
    threads: 0,
    logger: false,
    admin: { address: '127.0.0.1:0', token: TOKEN },
  });
  await gateway.start();
  const client = new AdminClient(gateway.adminAddress!);
  const ask = async (path: string, method = 'GET') => {
    const { status, text } = await client.ask(method, path, { headers: { host: 'gateway.example.com' } });
    return [status, text];
  };
  assert.deepEqual(await ask('/-/live'), [200, 'live\n']);
  assert.deepEqual(await ask('/-/ready'), [200, 'ready\n']);
  assert.deepEqual((await ask('/-/ready', 'POST'))[0], 405);
  assert.equal((await ask('/v1/status'))[0], 401);

  const { host, port } = gateway.addresses().web as Address;
  const open = fetch(`http://${host}:${port}/`);
  await eventually('the request is open', () => gateway.stats().backends[0]!.open === 1);
  const stopped = gateway.stop();
  await eventually('it drains', async () => (await ask('/-/ready'))[0] === 503);
  assert.deepEqual(await ask('/-/ready'), [503, 'draining\n']);
  assert.deepEqual(await ask('/-/live'), [200, 'live\n']);
  held.resolve();
  assert.equal((await open).status, 200);
  await stopped;
  server.close();
  server.closeAllConnections();
});
