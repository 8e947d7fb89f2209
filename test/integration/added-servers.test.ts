/**
 * Servers that are added to a running gateway by hand, and removed again.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createGateway, type Gateway } from 'sluice';
import { type Address, AdminClient, connectTo, eventually, ok, RawServer, temporaryFolder } from '../kit/index.ts';

for (const threads of [0, 2]) {
  describe(`with ${threads} threads`, () => {
    let gateway: Gateway;
    let client: AdminClient;
    let file: string;
    const servers: RawServer[] = [];
    const events: string[] = [];

    const named = (name: string) =>
      RawServer.start(async (wire) => {
        for (;;) {
          const { target } = await wire.request();
          if (target === '/hang') continue;
          wire.send(ok(name));
        }
      });
    const at = (index: number): string => `${servers[index]!.address.host}:${servers[index]!.address.port}`;
    const rules = (more = ''): string => `
listener web on 127.0.0.1:0 { otherwise send to app }
backend app { balance round-robin; server one ${at(0)}; ${more} }
backend site { serve files "." }`;

    before(async () => {
      for (const name of ['one', 'two', 'three']) servers.push(await named(name));
      file = join(temporaryFolder(), 'gateway.sluice');
      writeFileSync(file, rules());
      gateway = await createGateway({ rules: { file }, threads, logger: false, admin: { address: '127.0.0.1:0' } });
      gateway.on('server', ({ server, to, reason }) => events.push(`${server} ${to}: ${reason}`));
      await gateway.start();
      client = new AdminClient(gateway.adminAddress!);
    });
    after(async () => {
      await gateway?.stop({ deadline: 0 });
      for (const server of servers) await server.stop();
    });

    const add = (body: unknown, backend = 'app') => client.ask('POST', `/v1/backends/${backend}/servers`, { body });
    const remove = (name: string) =>
      client.ask('POST', `/v1/backends/app/servers/${encodeURIComponent(name)}/remove`, { body: {} });
    const names = (): readonly string[] => gateway.stats().backends[0]!.servers.map(({ name }) => name);
    const ask = async (): Promise<string> => {
      const wire = await connectTo(gateway.addresses().web as Address);
      wire.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      const { body } = await wire.answer();
      wire.destroy();
      return String(body);
    };
    /** Who answers; each thread takes its own turns. */
    const answering = async (): Promise<ReadonlySet<string>> => {
      const found = new Set<string>();
      for (let count = 0; count < 24; count++) found.add(await ask());
      return found;
    };

    test('a server that was added gets requests, and keeps its place over a reload', async () => {
      const { status, json } = await add({ address: at(1), name: 'two', weight: 2, max: 7 });
      assert.equal(status, 200, JSON.stringify(json));
      assert.deepEqual([json.name, json.weight, json.max, json.source], ['two', 2, 7, 'by hand']);
      assert.deepEqual(await answering(), new Set(['one', 'two']));
      await eventually('it is told of', () => events.some((event) => event === 'two running: added by hand'));
      await gateway.reload();
      assert.deepEqual(names(), ['one', 'two']);
      assert.deepEqual(await answering(), new Set(['one', 'two']));
      assert.deepEqual(
        (await client.get('/v1/backends/app/members')).json.members.map(({ source }: { source: string }) => source),
        [null, 'by hand'],
      );
    });

    test('open requests on a removed server finish there, and it gets no more', async () => {
      await gateway.addServer('app', { address: at(2) });
      assert.equal((await answering()).has('three'), true);
      const wires = await Promise.all(
        Array.from({ length: 24 }, async () => {
          const wire = await connectTo(gateway.addresses().web as Address);
          wire.send('GET /hang HTTP/1.1\r\nHost: a\r\n\r\n');
          return wire;
        }),
      );
      await eventually('some are open there', () => gateway.server(`app/${at(2)}`).open > 0);
      assert.deepEqual((await remove(at(2))).json, { removed: `app/${at(2)}` });
      assert.deepEqual(names(), ['one', 'two']);
      assert.equal((await answering()).has('three'), false);
      assert.equal((await client.get('/v1/sessions')).json.open, 24, 'none was cut');
      for (const wire of wires) wire.destroy();
      await eventually('nothing is open', async () => (await client.get('/v1/sessions')).json.open === 0);
      assert.ok(events.some((event) => event.endsWith('absent: removed by hand')));
    });

    test('once the rules have its address, theirs is the one that counts', async () => {
      writeFileSync(file, rules(`server second ${at(1)}`));
      await gateway.reload();
      assert.deepEqual(names(), ['one', 'second']);
      assert.equal((await remove('second')).status, 409);
      writeFileSync(file, rules());
      await gateway.reload();
      assert.deepEqual(names(), ['one', 'two'], 'it is still there when they have it no more');
      assert.equal((await remove('two')).status, 200);
      assert.deepEqual(await answering(), new Set(['one']));
    });

    test('invalid calls are refused, and change nothing', async () => {
      const generation = gateway.stats().generation;
      const free = { address: '127.0.0.1:9' };
      const cases = [
        [{}, 400],
        [{ address: 7 }, 400],
        [{ address: 'nonsense here' }, 400],
        [{ address: '10.0.0.9' }, 400],
        [{ address: '10.0.0.9:99999' }, 400],
        [{ address: at(0) }, 400],
        [{ ...free, name: 'one' }, 400],
        [{ ...free, name: 'a b' }, 400],
        [{ ...free, name: '../x' }, 400],
        [{ ...free, weight: 257 }, 400],
        [{ ...free, weight: '2' }, 400],
        [{ ...free, max: -1 }, 400],
        [{ ...free, backup: 1 }, 400],
        [{ ...free, other: 1 }, 400],
        [['10.0.0.9:80'], 400],
        ['nonsense', 400],
        [{ address: 'x'.repeat(70_000) }, 413],
      ] as const;
      for (const [body, status] of cases) {
        const answer = await add(body);
        assert.equal(answer.status, status, `${JSON.stringify(body).slice(0, 80)}: ${answer.text}`);
      }
      assert.equal((await add(free, 'nobody')).status, 404);
      assert.equal((await add(free, 'site')).json.error.code, 'SG0514');
      assert.equal((await remove('nobody')).status, 404);
      assert.deepEqual([(await remove('one')).status, (await remove('one')).json.error.code], [409, 'SG0515']);
      assert.equal((await client.get('/v1/backends/app/servers')).status, 405);
      assert.deepEqual([names(), gateway.stats().generation], [['one'], generation]);
    });
  });
}
