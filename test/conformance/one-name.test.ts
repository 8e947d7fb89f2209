/**
 * One name: however a client spells the name of a host, rules, logs, redirects and servers see the same one; over HTTP/1, in absolute-form and
 * over HTTP/2 alike.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  type Address,
  answering,
  connectTo,
  eventually,
  fieldOf,
  fieldsOf,
  type HttpRequest,
  ok,
  RawServer,
  startGateway,
  temporaryFolder,
} from '../kit/index.ts';

const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  'admin.example.com': [
    'admin.example.com',
    'ADMIN.Example.com',
    'admin.example.com.',
    'Admin.Example.Com..',
    '%61dmin.example.com',
    'admin%2eexample.com',
    'admin.example.com:',
  ],
  '::1': ['[::1]', '[0:0:0:0:0:0:0:1]', '[0::0001]', '[::1]:'],
  '127.0.0.1': ['127.0.0.1', '127.0.0.1.', '[::ffff:127.0.0.1]', '[::FFFF:7F00:1]'],
  'a=b': ['a=b', 'A=B', 'a=b.', 'a=b:'],
};

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
}

const folder = temporaryFolder();
const log = join(folder, 'access.log');
let server: RawServer;
let gateway: Awaited<ReturnType<typeof startGateway>>;
let session: ClientHttp2Session;
let logged = 0;

before(async () => {
  server = await RawServer.start(answering(() => ok()));
  const { host, port } = server.address;
  gateway = await startGateway(
    `settings { log access json to "${log}" }
listener web on 127.0.0.1:0 {
  deny host admin.example.com when path is /denied
  deny host "::1" when path is /denied
  deny host 127.0.0.1 when path is /denied
  deny host "a=b" when path is /denied
  redirect 301 to "https://{host}/moved" when path is /redirect
  deny 410 when path is /header and header Host is "admin.example.com"
  set header X-Host to "{host}"
  otherwise send to app
}
backend app of ${host}:${port}`.replaceAll(
      /deny host (\S+) when path is \/denied/g,
      'deny host $1 and path is /denied',
    ),
  );
  session = connect(`http://${gateway.address.host}:${gateway.address.port}`);
  session.on('error', () => {});
});

after(async () => {
  session.destroy();
  await gateway.stop();
  await server.stop();
});

async function ask(host: string, path: string, target = path): Promise<Answer> {
  logged++;
  const wire = await connectTo(gateway.address as Address);
  wire.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  const answer = await wire.answer();
  wire.destroy();
  return { status: answer.status, location: fieldOf(answer, 'location') };
}

function askHttp2(authority: string, path: string): Promise<Answer> {
  logged++;
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ':authority': authority });
    stream.on('response', (headers) => resolve({ status: Number(headers[':status']), location: headers.location }));
    stream.on('error', reject);
    stream.resume();
  });
}

const WIRES: Readonly<Record<string, (host: string, path: string) => Promise<Answer>>> = {
  'HTTP/1': (host, path) => ask(host, path),
  'absolute-form': (host, path) => ask(host, path, `http://${host}${path}`),
  'absolute-form beside another spelling': (host, path) => ask(host.toUpperCase(), path, `http://${host}${path}`),
  'HTTP/2': askHttp2,
};

const written = (host: string): string => (host.includes(':') ? `[${host}]` : host);

for (const [wire, send] of Object.entries(WIRES)) {
  describe(`names over ${wire}`, () => {
    for (const [name, spellings] of Object.entries(SPELLINGS)) {
      test(`every spelling of ${name} is denied where the name is`, async () => {
        for (const spelling of spellings) assert.equal((await send(spelling, '/denied')).status, 403, spelling);
      });

      test(`the server is given ${name} in its one form, whatever the spelling`, async () => {
        for (const spelling of spellings) {
          server.play(answering(() => ok()));
          assert.equal((await send(spelling, '/')).status, 200, spelling);
          const request = server.requests()[0] as HttpRequest;
          assert.deepEqual(fieldsOf(request, 'host'), [written(name)], spelling);
          assert.deepEqual(fieldsOf(request, 'x-forwarded-host'), [written(name)], spelling);
          assert.deepEqual(fieldsOf(request, 'x-host'), [written(name)], spelling);
        }
      });

      test(`a redirect to {host} keeps ${name}, and brackets around IPv6`, async () => {
        for (const spelling of spellings) {
          const { status, location } = await send(spelling, '/redirect');
          assert.deepEqual([status, location], [301, `https://${written(name)}/moved`], spelling);
        }
      });
    }

    test('conditions on the header Host see the one form too', async () => {
      for (const spelling of SPELLINGS['admin.example.com']!) {
        assert.equal((await send(spelling, '/header')).status, 410, spelling);
      }
    });
  });
}

test('a port stays, without zeros before it', async () => {
  server.play(answering(() => ok()));
  await ask('Shop.example.:08080', '/');
  assert.deepEqual(fieldsOf(server.requests()[0] as HttpRequest, 'host'), ['shop.example:8080']);
});

test('explain gives every spelling the live answer', async () => {
  for (const spelling of Object.values(SPELLINGS).flat()) {
    const { verdict, request } = await gateway.gateway.explain(`GET http://${spelling}/denied`);
    assert.deepEqual([verdict.kind, request.path], ['answer', '/denied'], spelling);
  }
});

test('the access log has the one form', async () => {
  await gateway.stop();
  await eventually('every line', () => {
    const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : [];
    if (lines.length < logged) return false;
    const hosts = new Set(lines.map((line) => (JSON.parse(line) as { host: string }).host));
    assert.deepEqual([...hosts].sort(), [...Object.keys(SPELLINGS), 'shop.example'].sort());
    return true;
  });
});
