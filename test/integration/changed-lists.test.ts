/**
 * Lists that are looked at and changed by hand while the gateway runs.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createGateway, type Gateway } from 'sluice';
import { type Address, AdminClient, connectTo, ok, RawServer, temporaryFolder } from '../kit/index.ts';

for (const threads of [0, 2]) {
  describe(`with ${threads} threads`, () => {
    let server: RawServer;
    let gateway: Gateway;
    let client: AdminClient;

    before(async () => {
      server = await RawServer.start(async (wire) => {
        for (;;) {
          await wire.request();
          wire.send(ok());
        }
      });
      const folder = temporaryFolder();
      const file = join(folder, 'gateway.sluice');
      writeFileSync(join(folder, 'users.txt'), Array.from({ length: 250 }, (_, index) => `user-${index}\n`).join(''));
      writeFileSync(
        file,
        `list blocked = ips 10.0.0.0/8
list users = texts from "users.txt"
listener web on 127.0.0.1:0 {
  deny ip in blocked
  deny header X-User in users
  otherwise send to app
}
backend app of ${server.address.host}:${server.address.port}`,
      );
      gateway = await createGateway({ rules: { file }, threads, logger: false, admin: { address: '127.0.0.1:0' } });
      await gateway.start();
      client = new AdminClient(gateway.adminAddress!);
    });
    after(async () => {
      await gateway?.stop({ deadline: 0 });
      await server.stop();
    });

    const get = async (user = 'nobody'): Promise<number> => {
      const wire = await connectTo(gateway.addresses().web as Address);
      wire.send(`GET / HTTP/1.1\r\nHost: a\r\nX-User: ${user}\r\nConnection: close\r\n\r\n`);
      const { status } = await wire.answer();
      wire.destroy();
      return status;
    };
    const change = (body: unknown, list = 'blocked') => client.ask('POST', `/v1/lists/${list}/change`, { body });
    const entries = async () => (await client.get('/v1/lists/blocked')).json.entries;

    test('an entry counts as soon as it is added, and no more once it is removed', async () => {
      assert.equal(await get(), 200);
      const added = await change({ add: ['127.0.0.1', '192.0.2.0/24', '10.0.0.0/8'] });
      assert.deepEqual(added.json, { name: 'blocked', count: 3, added: 2, removed: 0 });
      for (let count = 0; count < 6; count++) assert.equal(await get(), 403);
      assert.deepEqual((await change({ remove: ['127.0.0.1'], add: ['198.51.100.1'] })).json, {
        ...{ name: 'blocked', count: 3, added: 1, removed: 1 },
      });
      for (let count = 0; count < 6; count++) assert.equal(await get(), 200);
      assert.deepEqual(await entries(), ['10.0.0.0/8', '192.0.2.0/24', '198.51.100.1']);
    });

    test('changes at the same time all count', async () => {
      const names = Array.from({ length: 8 }, (_, index) => `new-${index}`);
      await Promise.all(names.map((name) => change({ add: [name] }, 'users')));
      for (const name of names) assert.equal(await get(name), 403);
      assert.equal((await client.get('/v1/lists/users?most=1')).json.count, 258);
      await change({ remove: names }, 'users');
    });

    test('a list is shown page by page, and searched', async () => {
      const seen: string[] = [];
      let after = '';
      do {
        const { json } = await client.get(`/v1/lists/users?most=100${after}`);
        assert.equal(json.count, 250);
        seen.push(...json.entries);
        after = json.next === null ? '' : `&after=${json.next}`;
      } while (after !== '');
      assert.equal(new Set(seen).size, 250);
      assert.deepEqual((await client.get('/v1/lists/users?contains=user-24&most=5')).json.entries, [
        ...['user-24', 'user-240', 'user-241', 'user-242', 'user-243'],
      ]);
    });

    test('what is wrong is refused as a whole', async () => {
      const before = await entries();
      const cases = [
        [{}, 400],
        [{ add: [] }, 400],
        [{ add: '192.0.2.1' }, 400],
        [{ add: [7] }, 400],
        [{ add: ['192.0.2.9', 'nonsense'] }, 400],
        [{ add: ['192.0.2.9', '# a comment'] }, 400],
        [{ add: ['192.0.2.9\n192.0.2.10'] }, 400],
        [{ add: ['192.0.2.9'], remove: ['203.0.113.1'] }, 400],
        [{ add: ['192.0.2.9'], other: 1 }, 400],
        ['nonsense', 400],
        [{ add: ['x'.repeat(70_000)] }, 413],
      ] as const;
      for (const [body, status] of cases) {
        const answer = await change(body);
        assert.equal(answer.status, status, `${JSON.stringify(body).slice(0, 60)}: ${answer.text}`);
      }
      assert.equal((await change({ add: ['192.0.2.9'] }, 'nobody')).json.error.code, 'SG0517');
      assert.equal((await client.get('/v1/lists/nobody')).status, 404);
      assert.equal((await client.get('/v1/lists/blocked?most=0')).status, 400);
      assert.equal((await client.get('/v1/lists/blocked/change')).status, 405);
      assert.deepEqual(await entries(), before);
    });

    test('a reload goes back to what is written', async () => {
      await gateway.reload();
      assert.deepEqual(await entries(), ['10.0.0.0/8']);
    });
  });
}
