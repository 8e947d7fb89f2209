/**
 * What went wrong lately, and who is here now: `sluice ctl errors`, `sessions` and `kill`, over real sockets and threads.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createGateway, type Gateway } from 'sluice';
import {
  type Address,
  AdminClient,
  connectTo,
  eventually,
  freePort,
  ok,
  RawServer,
  temporaryFolder,
} from '../kit/index.ts';

for (const threads of [0, 2]) {
  describe(`with ${threads} threads`, () => {
    let server: RawServer;
    let gateway: Gateway;
    let client: AdminClient;
    let web: Address;
    let file: string;

    before(async () => {
      server = await RawServer.start(async (wire) => {
        for (;;) {
          const { target } = await wire.request();
          if (target.startsWith('/hang')) continue;
          if (target === '/begin') wire.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
          else if (target === '/nonsense') wire.send('nonsense\r\n\r\n');
          else if (target === '/500') wire.send('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n');
          else wire.send(ok());
        }
      });
      file = join(temporaryFolder(), 'gateway.sluice');
      writeFileSync(
        file,
        `listener web on 127.0.0.1:0 {
  deny path under /denied
  limit 1/h per ip when path is /limited
  send to gone when path is /gone
  otherwise send to app
}
backend app { server one ${server.address.host}:${server.address.port} }
backend gone { server x 127.0.0.1:${await freePort()} }
`,
      );
      gateway = await createGateway({ rules: { file }, threads, logger: false, admin: { address: '127.0.0.1:0' } });
      await gateway.start();
      client = new AdminClient(gateway.adminAddress!);
      web = gateway.addresses().web as Address;
    });
    after(async () => {
      await gateway.stop({ deadline: 0 });
      await server.stop();
    });

    const get = async (target: string): Promise<number> => {
      const wire = await connectTo(web);
      wire.send(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      const { status } = await wire.answer();
      wire.destroy();
      return status;
    };
    const latest = async () => (await client.get('/v1/errors?most=1')).json.errors[0];
    const open = async (query = '') => (await client.get(`/v1/sessions${query}`)).json;
    const hang = async (target: string) => {
      const wire = await connectTo(web);
      wire.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await eventually(`${target} is open`, async () =>
        (await open()).sessions.some(({ path }: { path: string }) => path === target),
      );
      return wire;
    };

    test('each failure has a reason, and a success has none', async () => {
      assert.equal(await get('/fine'), 200);
      assert.deepEqual((await client.get('/v1/errors')).json, { errors: [] });
      const cases = [
        ['/denied?secret=1', 403, 'rule', /deny path under \/denied/, `${file}:2`, null, null],
        ['/gone', 503, 'server', /no connection/, `${file}:4`, 'gone', 'x'],
        ['/nonsense', 502, 'server', /status line/, `${file}:5`, 'app', 'one'],
        ['/500', 500, 'answer', /server/, `${file}:5`, 'app', 'one'],
      ] as const;
      for (const [target, status, kind, why, rule, backend, name] of cases) {
        assert.equal(await get(target), status);
        const error = await latest();
        assert.match(error.why, why);
        assert.deepEqual(
          [
            error.status,
            error.kind,
            error.rule,
            error.backend,
            error.server,
            error.listener,
            error.method,
            error.client,
          ],
          [status, kind, rule, backend, name, 'web', 'GET', '127.0.0.1'],
        );
        assert.equal(error.path, target.split('?')[0], 'the query may hold secrets');
        assert.ok(Date.now() - Date.parse(error.at) < 60_000);
      }
    });

    test('a limit and a malformed head are reported as such', async () => {
      await get('/limited');
      assert.equal(await get('/limited'), 429);
      assert.deepEqual([(await latest()).kind, (await latest()).rule], ['limit', `${file}:3`]);
      const wire = await connectTo(web);
      wire.send('GET / HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n');
      assert.equal((await wire.answer()).status, 400);
      const { kind, why, rule } = await latest();
      assert.deepEqual([kind, rule], ['refused', null]);
      assert.match(why, /Content-Length/);
      wire.destroy();
    });

    test('a session is listed, and ended by its id: 503 where no answer had begun', async () => {
      const wire = await hang('/hang/by-id?secret=1'.split('?')[0]!);
      const { sessions } = await open();
      const [{ id, backend, server: name, method, bytesIn }] = sessions;
      assert.deepEqual([sessions.length, backend, name, method], [1, 'app', 'one', 'GET']);
      assert.match(id, /^[0-9a-f]{32}$/);
      assert.ok(bytesIn > 0);
      assert.deepEqual((await client.ask('POST', '/v1/sessions/end', { body: { id } })).json, { ended: 1 });
      assert.equal((await wire.answer()).status, 503);
      assert.equal((await latest()).kind, 'ended');
      const again = await client.ask('POST', '/v1/sessions/end', { body: { id } });
      assert.deepEqual([again.status, again.json.error.code], [404, 'SG0512']);
      wire.destroy();
    });

    test('all sessions of a client or a server are ended, and no others', async () => {
      const wire = await hang('/hang/all');
      const end = async (body: object) => (await client.ask('POST', '/v1/sessions/end', { body })).json;
      assert.deepEqual(await end({ client: '198.51.100.1' }), { ended: 0 });
      assert.deepEqual(await end({ server: 'gone/x' }), { ended: 0 });
      assert.deepEqual((await open('?server=gone%2Fx')).sessions, []);
      assert.equal((await open('?client=127.0.0.1&server=app%2Fone')).open, 1);
      assert.deepEqual(await end({ client: '127.0.0.1', server: 'app/one' }), { ended: 1 });
      assert.equal((await wire.answer()).status, 503);
      await eventually('nothing is open', async () => (await open()).open === 0);
      wire.destroy();
    });

    test('a response that has begun is broken off, so that no client mistakes it for complete', async () => {
      const wire = await hang('/begin');
      assert.deepEqual((await client.ask('POST', '/v1/sessions/end', { body: { server: 'app/one' } })).json, {
        ended: 1,
      });
      await assert.rejects(wire.answer());
      await eventually('nothing is open', async () => (await open()).open === 0);
    });

    test('invalid calls are refused, and end nothing', async () => {
      const wire = await hang('/hang/stays');
      const cases = [
        [{}, 400],
        [{ id: 'nonsense' }, 400],
        [{ id: 7 }, 400],
        [{ all: true }, 400],
        [{ client: 'nobody' }, 400],
        [{ server: 'app/none' }, 404],
        [{ server: 'app' }, 400],
        ['nonsense', 400],
        [{ client: 'x'.repeat(70_000) }, 413],
      ] as const;
      for (const [body, status] of cases) {
        const answer = await client.ask('POST', '/v1/sessions/end', { body });
        assert.equal(answer.status, status, answer.text);
      }
      assert.equal((await client.get('/v1/sessions/end')).status, 405);
      assert.equal((await client.get('/v1/sessions?client=nobody')).status, 400);
      assert.equal((await client.get('/v1/sessions?server=app%2Fnone')).status, 404);
      assert.equal((await client.get('/v1/sessions?most=0')).status, 400);
      assert.equal((await client.get('/v1/errors?most=9999')).status, 400);
      assert.equal((await client.ask('POST', '/v1/errors', { body: {} })).status, 405);
      assert.equal((await open()).open, 1);
      wire.destroy();
    });
  });
}
