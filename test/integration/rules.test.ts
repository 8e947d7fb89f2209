/**
 * Rules in front of real sockets: guards, routes and changes do to live traffic what the file says.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import {
  answering,
  connectTo,
  fieldOf,
  fieldsOf,
  type HttpRequest,
  ok,
  RawServer,
  startGateway,
} from '../kit/index.ts';

const named = (name: string) => RawServer.start(answering(() => ok(name)));
const app = await named('app');
const api = await named('api');
const files = await named('files');
const port = (server: RawServer) => `127.0.0.1:${server.address.port}`;

const gateway = await startGateway(`
define admin = path under /admin

listener web on 127.0.0.1:0 {
  allow path under /admin/public
  deny admin
  deny 404 when path is /gone
  deny header User-Agent contains "sqlmap" anycase
  deny method DELETE, PATCH
  deny host like *.evil.example
  deny ip 10.0.0.0/8
  redirect 301 to "https://www.example.com{path}{query}" when host example.com

  set header X-Edge to "one"
  set header X-Host to "{host}"
  add header X-Tag to "a"
  add header X-Tag to "b" when path under /tagged
  remove header X-Debug

  send to api when host api.example.com
  send to api when path under /api and method GET
  send to files when header X-Kind is file
  send to files when path ends .css
  send to files when cookie kind is file
  send to files when query kind is file
  otherwise send to app
}
backend app of ${port(app)} { }
backend api of ${port(api)} { }
backend files of ${port(files)} { }
`);
after(async () => {
  await gateway.stop();
  await Promise.all([app, api, files].map((server) => server.stop()));
});

async function ask(method: string, target: string, ...fields: string[]) {
  const client = await connectTo(gateway.address);
  const host = fields.some((field) => /^host:/i.test(field)) ? [] : ['Host: www.example.com'];
  client.send(`${method} ${target} HTTP/1.1\r\n${[...host, ...fields].map((field) => `${field}\r\n`).join('')}\r\n`);
  const answer = await client.answer({ to: method });
  client.destroy();
  return answer;
}

describe('guards', () => {
  const cases: readonly (readonly [name: string, status: number, ...Parameters<typeof ask>])[] = [
    ['what no guard wants passes', 200, 'GET', '/'],
    ['deny answers 403', 403, 'GET', '/admin/x'],
    ['under means a folder, not a beginning', 200, 'GET', '/administrator'],
    ['allow before it ends the guards', 200, 'GET', '/admin/public/logo'],
    ['a dot segment is no way in', 403, 'GET', '/x/../admin/x'],
    ['an escape is no way in', 403, 'GET', '/%61dmin/x'],
    ['deny with a status of its own', 404, 'GET', '/gone'],
    ['a header that contains, in any case', 403, 'GET', '/', 'User-Agent: SQLMap/1.0'],
    ['a second field of that name counts', 403, 'GET', '/', 'User-Agent: ok', 'User-Agent: sqlmap'],
    ['a method', 403, 'DELETE', '/'],
    ['a host pattern', 403, 'GET', '/', 'Host: www.evil.example'],
    ['a host pattern in other case, with a port', 403, 'GET', '/', 'Host: WWW.Evil.Example:8080'],
    ['the bare domain is not its subdomain', 200, 'GET', '/', 'Host: evil.example'],
  ];
  for (const [name, status, ...request] of cases) {
    test(`${name}: ${status}`, async () => assert.equal((await ask(...request)).status, status));
  }

  test('redirect fills its template', async () => {
    const answer = await ask('GET', '/a/b?c=d', 'Host: example.com');
    assert.equal(answer.status, 301);
    assert.equal(fieldOf(answer, 'location'), 'https://www.example.com/a/b?c=d');
  });

  test('a denied request never reaches a server', async () => {
    app.play(answering(() => ok('app')));
    await ask('GET', '/admin/secret');
    assert.equal((await ask('GET', '/')).status, 200);
    assert.ok(!app.received.includes('secret'));
  });

  test('a denied request with a body does not become the next request', async () => {
    app.play(answering(() => ok('app')));
    const client = await connectTo(gateway.address);
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n';
    client.send(`POST /admin HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`);
    assert.equal((await client.answer()).status, 403);
    assert.equal((await ask('GET', '/')).status, 200);
    assert.ok(!app.received.includes('hidden'));
    client.destroy();
  });
});

describe('routes', () => {
  const cases: readonly (readonly [name: string, server: string, ...Parameters<typeof ask>])[] = [
    ['by host', 'api', 'GET', '/', 'Host: api.example.com'],
    ['by host, whatever its case and port', 'api', 'GET', '/', 'Host: API.Example.COM:81'],
    ['by path and method', 'api', 'GET', '/api/users'],
    ['not when one of the two differs', 'app', 'POST', '/api/users'],
    ['by header', 'files', 'GET', '/', 'X-Kind: file'],
    ['by the end of the path', 'files', 'GET', '/style.css?v=1'],
    ['by cookie', 'files', 'GET', '/', 'Cookie: a=b; kind=file'],
    ['by query', 'files', 'GET', '/?a=b&kind=file'],
    ['by the first that matches', 'api', 'GET', '/api/style.css'],
    ['otherwise', 'app', 'GET', '/else'],
  ];
  for (const [name, server, ...request] of cases) {
    test(`${name}: ${server}`, async () => assert.equal((await ask(...request)).body.toString(), server));
  }
});

describe('changes', () => {
  async function seen(target: string, ...fields: string[]): Promise<HttpRequest> {
    app.play(answering(() => ok('app')));
    await ask('GET', target, ...fields);
    return app.requests()[0]!;
  }

  test('set replaces what the client sent', async () => {
    const request = await seen('/', 'X-Edge: mine', 'x-edge: too');
    assert.deepEqual(fieldsOf(request, 'x-edge'), ['one']);
    assert.equal(fieldOf(request, 'x-host'), 'www.example.com');
  });

  test('add adds', async () => {
    assert.deepEqual(fieldsOf(await seen('/tagged', 'X-Tag: mine'), 'x-tag'), ['mine', 'a', 'b']);
  });

  test('remove removes every one', async () => {
    assert.deepEqual(fieldsOf(await seen('/', 'X-Debug: 1', 'X-DEBUG: 2'), 'x-debug'), []);
  });
});
