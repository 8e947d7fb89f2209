/**
 * The admin API answers what its OpenAPI document says: nothing less, and nothing that the document does not have.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { createGateway, type Gateway } from 'sluice';
import {
  type Address,
  AdminClient,
  connectTo,
  eventually,
  ok,
  RawServer,
  temporaryFolder,
  type Wire,
} from '../kit/index.ts';

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Json }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: { readonly Refused: Operation['responses'][string] } };
}

const DOCUMENT: Document = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));

/** What is sent where something has to be. An empty body would do for none of them. */
const BODIES: Readonly<Record<string, unknown>> = {
  findSticky: { headers: ['Cookie: sid=1'] },
  changeServer: { weight: 7 },
  changeList: { add: ['192.0.2.1'], remove: ['10.0.0.0/8'] },
  clearLimits: { all: true },
  clearSticky: { all: true },
  addServer: { address: '127.0.0.1:9', name: 'hand', backup: true },
  reload: {},
  explain: { request: 'GET http://www.example.com/ from 198.51.100.7', headers: ['Cookie: sid=1'], listener: 'web' },
};
/** No source of this gateway renews anything: the refusal is what there is to see. */
const REFUSED: Readonly<Record<string, unknown>> = {
  renewCertificate: { name: 'nowhere.test' },
  endSessions: { id: '0'.repeat(32) },
  // It takes an ETag.
  replaceConfiguration: { text: '' },
  confirmConfiguration: {},
  rollbackConfiguration: {},
  getHistory: undefined,
  // Nothing starts it again.
  upgrade: {},
  // It is written in the rules.
  removeServer: {},
};
const ENDLESS = ['streamEvents'];

/** closed is a schema that accepts no property that it does not name. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const all = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return all.type === 'object' && 'properties' in all ? { additionalProperties: false, ...all } : all;
}

function rulesFor(folder: string, { host, port }: Address): string {
  writeFileSync(join(folder, 'tenants.map'), 'a.test app\n');
  writeFileSync(join(folder, 'found.txt'), `${host}:${port + 1}\n`);
  return `
list blocked = ips 10.0.0.0/8
map tenants = host to backend from "tenants.map" else app
listener web on 127.0.0.1:0 {
  deny ip blocked
  set header X-A to "b"
  send to map tenants of host when path under /tenants
  otherwise send to app
  on response { set header X-B to "c" }
}
listener tls on 127.0.0.1:0 { tls terminate self-signed for localhost; otherwise send to app }
listener unix on unix:@sluice-schemas-${process.pid} { otherwise send to app }
backend app {
  server one ${host}:${port} weight 2 queue at most 5
  server spare ${host}:${port + 2} backup
  servers from file "found.txt"
  stick on cookie sid
  check tcp every 50ms
  break circuit over 50% errors of 20 in 10s for 5s
}
backend bare of ${host}:${port}`;
}

/** A request that is answered before another hangs, so that there are counts and a session. */
async function play(wire: Wire): Promise<void> {
  for (;;) {
    const { target } = await wire.request();
    if (target === '/hang') return;
    wire.send(ok('hello', 'Set-Cookie: sid=1'));
  }
}

describe('every operation responds exactly as its schema requires', () => {
  const ajv = new Ajv({ strict: false });
  let gateway: Gateway;
  let server: RawServer;
  let admin: AdminClient;
  let hanging: Wire;

  before(async () => {
    const folder = temporaryFolder();
    process.env.STATE_DIRECTORY = folder;
    server = await RawServer.start(play);
    const file = join(folder, 'gateway.sluice');
    writeFileSync(file, rulesFor(folder, server.address));
    gateway = await createGateway({ rules: { file }, threads: 1, logger: false, admin: { address: '127.0.0.1:0' } });
    await gateway.start();
    admin = new AdminClient(gateway.adminAddress!);
    const web = gateway.addresses().web as Address;
    const first = await connectTo(web);
    first.send('GET / HTTP/1.1\r\nHost: a\r\nCookie: sid=1\r\n\r\n');
    await first.answer();
    first.destroy();
    await eventually('a probe', () => gateway.server('app/one').history.length > 0);
    await eventually('the server that is found', () => gateway.stats().backends[0]!.servers.length === 3);
    hanging = await connectTo(web);
    hanging.send('GET /hang HTTP/1.1\r\nHost: a\r\nCookie: sid=1\r\n\r\n');
    await eventually('the session', () => gateway.server('app/one').open === 1);
    void gateway.server('app/one').drain({ deadline: '1h' });
  });
  after(async () => {
    hanging?.destroy();
    await gateway?.stop({ deadline: 0 });
    await server?.stop();
  });

  function accepts(schema: unknown, value: unknown, what: string): void {
    assert.ok(ajv.validate(closed(schema) as Json, value), `${what}: ${ajv.errorsText()}\n${JSON.stringify(value)}`);
  }

  for (const [path, operations] of Object.entries(DOCUMENT.paths)) {
    for (const [method, { operationId: id, responses }] of Object.entries(operations)) {
      if (ENDLESS.includes(id)) continue;
      test(`${method.toUpperCase()} ${path}`, async () => {
        const body = BODIES[id] ?? REFUSED[id];
        const names: Readonly<Record<string, string>> = { backend: 'app', server: 'one', list: 'blocked', number: '1' };
        const at = path.replace(/\{(\w+)\}/g, (_, name: string) => names[name]!);
        const answer = await admin.ask(method.toUpperCase(), at, body === undefined ? {} : { body });
        if (id in REFUSED) {
          assert.ok(answer.status >= 400, answer.text);
          accepts(DOCUMENT.components.responses.Refused.content!['application/json']!.schema, answer.json, id);
          return;
        }
        assert.equal(answer.status, 200, answer.text);
        const [[mediaType, { schema }]] = Object.entries(responses[200]!.content!) as [[string, { schema: Json }]];
        assert.ok(answer.headers['content-type']!.startsWith(mediaType), `${answer.headers['content-type']}`);
        accepts(schema, mediaType === 'application/json' ? answer.json : answer.text, id);
      });
    }
  }

  test('the checked statistics are not empty: every list has an entry', async () => {
    const { json } = await admin.get('/v1/stats');
    const [app] = json.backends;
    assert.ok(app.sticky.counters.stored > 0 && app.discoveries.length === 1 && app.latency.count > 0);
    assert.ok(app.servers[0].history.length > 0 && app.servers[0].draining.deadlineInMs > 0);
    assert.ok(app.servers.some(({ source }: { source: string | null }) => source !== null));
    assert.equal((await admin.get('/v1/backends/app/servers/one/sessions')).json.sessions.length, 1);
    assert.equal((await admin.get('/v1/certificates')).json.certificates.length, 1);
    const { json: all } = await admin.get('/v1/lists');
    assert.deepEqual([all.lists.length, all.maps.length], [1, 1]);
  });

  test('the document that is served is the one in the documentation', async () => {
    assert.deepEqual((await admin.get('/openapi.json')).json, DOCUMENT);
  });

  test('a renewal answers with the list of certificates', () => {
    const { paths } = DOCUMENT;
    assert.deepEqual(
      paths['/v1/certificates/renew']!.post!.responses[200],
      paths['/v1/certificates']!.get!.responses[200],
    );
  });

  test('every refusal has the shape of refusals, with the problems of rules that are not accepted', async () => {
    const refusal = DOCUMENT.components.responses.Refused.content!['application/json']!.schema;
    for (const [method, path, body] of [
      ['GET', '/v1/nowhere', undefined],
      ['GET', '/v1/backends/none', undefined],
      ['PATCH', '/v1/backends/app/servers/one', { weight: -1 }],
      ['PATCH', '/v1/backends/app/servers/one', { wieght: 1 }],
      ['POST', '/v1/explain', { request: 'nonsense' }],
      ['DELETE', '/v1/status', undefined],
    ] as const) {
      const answer = await admin.ask(method, path, body === undefined ? {} : { body });
      assert.ok(answer.status >= 400, `${method} ${path}`);
      accepts(refusal, answer.json, `${method} ${path}`);
    }
  });
});
