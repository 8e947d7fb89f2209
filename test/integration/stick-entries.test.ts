/**
 * Stick tables, looked into and cleared by hand.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createGateway, type Gateway } from 'sluice';
import { type Address, AdminClient, connectTo, ok, RawServer } from '../kit/index.ts';

for (const threads of [0, 2]) {
  describe(`with ${threads} threads`, () => {
    let gateway: Gateway;
    let client: AdminClient;
    const servers: RawServer[] = [];

    before(async () => {
      for (const name of ['one', 'two']) {
        servers.push(
          await RawServer.start(async (wire) => {
            for (;;) {
              await wire.request();
              wire.send(ok(name));
            }
          }),
        );
      }
      const [one, two] = servers.map(({ address: { host, port } }) => `${host}:${port}`);
      gateway = await createGateway({
        rules: `listener web on 127.0.0.1:0 { otherwise send to app }
backend app { balance round-robin; stick on header X-User; server one ${one}; server two ${two} }
backend plain of ${one}
backend own { stick with cookie sid; server one ${one} }`,
        threads,
        logger: false,
        admin: { address: '127.0.0.1:0' },
      });
      await gateway.start();
      client = new AdminClient(gateway.adminAddress!);
    });
    after(async () => {
      await gateway?.stop({ deadline: 0 });
      for (const server of servers) await server.stop();
    });

    const ask = async (user: string): Promise<string> => {
      const wire = await connectTo(gateway.addresses().web as Address);
      wire.send(`GET / HTTP/1.1\r\nHost: a\r\nX-User: ${user}\r\nConnection: close\r\n\r\n`);
      const { body } = await wire.answer();
      wire.destroy();
      return String(body);
    };
    const list = async (query = '') => (await client.get(`/v1/backends/app/sticky/entries${query}`)).json;
    const clear = (body: unknown, backend = 'app') =>
      client.ask('POST', `/v1/backends/${backend}/sticky/clear`, { body });
    const find = async (user: string) =>
      (await client.ask('POST', '/v1/backends/app/sticky', { body: { headers: [`X-User: ${user}`] } })).json;

    test('entries are listed page by page, and a client’s own is found', async () => {
      const users = Array.from({ length: 25 }, (_, index) => `user-${index}`);
      const places = new Map<string, string>();
      for (const user of users) places.set(user, await ask(user));
      const seen = new Map<string, string>();
      let after = '';
      do {
        const page = await list(`?most=10${after}`);
        assert.ok(page.entries.length <= 10);
        for (const { id, server, sinceMs, expiresInMs } of page.entries) {
          assert.match(id, /^[0-9a-f]{16}$/);
          assert.ok(sinceMs >= 0 && expiresInMs > 0);
          seen.set(id, server);
        }
        after = page.next === null ? '' : `&after=${page.next}`;
      } while (after !== '');
      assert.equal(seen.size, 25, 'each once');
      for (const user of users) assert.equal(seen.get((await find(user)).entry), places.get(user));
      const ofOne = (await list('?server=one&most=1000')).entries;
      assert.equal(ofOne.length, [...places.values()].filter((server) => server === 'one').length);
    });

    test('a client that is forgotten is new, and others stay', async () => {
      const { entry, server } = await find('user-3');
      assert.deepEqual((await clear({ entry })).json, { cleared: 1 });
      const forgotten = await find('user-3');
      assert.deepEqual([forgotten.entry, forgotten.outcome], [null, 'new']);
      const again = await clear({ entry });
      assert.deepEqual([again.status, again.json.error.code], [404, 'SG0516']);
      assert.equal((await list('?most=1000')).entries.length, 24);
      await ask('user-3');
      assert.equal((await find('user-3')).entry, entry, 'the same key has the same id');
      assert.ok(server === 'one' || server === 'two');
    });

    test('those of a server are forgotten, then all', async () => {
      const two = (await list('?server=two&most=1000')).entries.length;
      assert.ok(two > 0);
      assert.deepEqual((await clear({ server: 'two' })).json, { cleared: two });
      assert.deepEqual((await list('?server=two')).entries, []);
      const rest = (await list('?most=1000')).entries.length;
      assert.ok(rest > 0);
      assert.deepEqual((await clear({ all: true })).json, { cleared: rest });
      assert.deepEqual(await list(), { entries: [], next: null });
      assert.deepEqual((await clear({ all: true })).json, { cleared: 0 });
    });

    test('what is wrong is refused, and forgets nothing', async () => {
      await ask('stays');
      const { entry } = await find('stays');
      const cases = [
        [{}, 400],
        [{ all: false }, 400],
        [{ all: true, entry }, 400],
        [{ entry: 'nonsense' }, 400],
        [{ entry: 7 }, 400],
        [{ server: 'none' }, 404],
        [{ other: true }, 400],
        ['nonsense', 400],
        [{ server: 'x'.repeat(70_000) }, 413],
      ] as const;
      for (const [body, status] of cases)
        assert.equal((await clear(body)).status, status, JSON.stringify(body).slice(0, 60));
      for (const backend of ['plain', 'nobody']) assert.equal((await clear({ all: true }, backend)).status, 404);
      assert.deepEqual((await clear({ all: true }, 'own')).json, { cleared: 0 }, 'it keeps no table');
      assert.equal((await client.get('/v1/backends/app/sticky/clear')).status, 405);
      for (const query of ['?most=0', '?most=x', '?after=-1', '?other=1']) {
        assert.equal((await client.get(`/v1/backends/app/sticky/entries${query}`)).status, 400);
      }
      assert.equal((await client.get('/v1/backends/app/sticky/entries?server=none')).status, 404);
      assert.deepEqual(await list('?after=9999999999'), { entries: [], next: null });
      assert.equal((await find('stays')).entry, entry);
    });
  });
}
