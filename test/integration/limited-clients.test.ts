/**
 * Who is over a rate limit: `sluice ctl limits` and `limits-clear`, over real sockets and threads.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createGateway, type Gateway } from 'sluice';
import { type Address, AdminClient, connectTo, eventually, ok, RawServer } from '../kit/index.ts';

interface LimitedClient {
  readonly listener: string;
  readonly rule: string | null;
  readonly text: string;
  readonly key: string;
  readonly entry: string;
  readonly refused: number;
  readonly firstRefused: string;
  readonly lastRefused: string;
  readonly waitMs: number;
}

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
      const rules = `listener web on 127.0.0.1:0 {
  limit 2/h per ip when path is /ip
  limit 1/h per header X-Api-Key when path is /key
  limit 1/h per global when path is /all
  otherwise send to app
}
listener few on 127.0.0.1:0 {
  new connections at most 1/h per ip
  otherwise send to app
}
backend app { server one ${server.address.host}:${server.address.port} }
`;
      gateway = await createGateway({ rules, threads, logger: false, admin: { address: '127.0.0.1:0' } });
      await gateway.start();
      client = new AdminClient(gateway.adminAddress!);
    });
    after(async () => {
      await gateway.stop({ deadline: 0 });
      await server.stop();
    });

    /** ask makes a new connection and returns the status, or 0 when it was refused. */
    async function ask(path: string, headers = '', listener = 'web'): Promise<number> {
      const wire = await connectTo(gateway.addresses()[listener] as Address);
      try {
        wire.send(`GET ${path} HTTP/1.1\r\nHost: app.test\r\n${headers}Connection: close\r\n\r\n`);
        return (await wire.answer()).status;
      } catch {
        return 0;
      } finally {
        wire.destroy();
      }
    }

    async function limited(): Promise<readonly LimitedClient[]> {
      const answer = await client.get('/v1/limits');
      assert.equal(answer.status, 200);
      return (answer.json as { clients: LimitedClient[] }).clients;
    }

    test('nobody is limited before anybody is over a limit', async () => {
      assert.equal(await ask('/ip'), 200);
      assert.deepEqual(await limited(), []);
    });

    test('a client over its limit is shown with the rule and the time that it has to wait, and may go on when it is cleared', async () => {
      assert.equal(await ask('/ip'), 200);
      for (let at = 0; at < 3; at++) assert.equal(await ask('/ip'), 429);
      const [first, ...others] = await limited();
      assert.deepEqual(others, []);
      const { entry, firstRefused, lastRefused, waitMs, rule, ...rest } = first!;
      assert.deepEqual(rest, {
        listener: 'web',
        text: 'limit 2/h per ip when path is /ip',
        key: '127.0.0.1',
        refused: 3,
      });
      assert.match(rule!, /:2$/);
      assert.ok(waitMs > 1_000_000 && waitMs <= 1_800_000, `${waitMs}`);
      assert.ok(Date.parse(firstRefused) <= Date.parse(lastRefused));
      const cleared = await client.ask('POST', '/v1/limits/clear', { body: { entry } });
      assert.deepEqual([cleared.status, cleared.json], [200, { cleared: 1 }]);
      assert.equal(await ask('/ip'), 200);
      assert.equal((await limited()).find((each) => each.entry === entry)?.waitMs, 0);
    });

    test('a client without the header that a limit counts by is shown by its address', async () => {
      for (let at = 0; at < 2; at++) await ask('/key');
      assert.equal((await limited()).find(({ text }) => text.includes('X-Api-Key'))?.key, '127.0.0.1');
      await client.ask('POST', '/v1/limits/clear', { body: { all: true } });
    });

    test('what may be a secret is shown by its beginning alone', async () => {
      for (let at = 0; at < 2; at++) await ask('/key', 'X-Api-Key: abcdefghijklmnop\r\n');
      const keys = (await limited()).filter(({ text }) => text.includes('X-Api-Key')).map(({ key }) => key);
      assert.deepEqual(keys, ['abcdef…', '127.0.0.1']);
      assert.ok(!JSON.stringify(await limited()).includes('abcdefg'));
    });

    test('limits that count everything together, and limits of new connections, are shown too', async () => {
      for (let at = 0; at < 2; at++) await ask('/all');
      assert.equal((await limited()).find(({ text }) => text.startsWith('limit 1/h per global'))?.key, '');
      assert.equal(await ask('/', '', 'few'), 200);
      assert.equal(await ask('/', '', 'few'), 0);
      const few = await eventually('the refused connection', async () =>
        (await limited()).find(({ listener }) => listener === 'few'),
      );
      assert.deepEqual([few.rule, few.text, few.key], [null, 'new connections', '127.0.0.1']);
    });

    test('clearing all lets everybody go on', async () => {
      const answer = await client.ask('POST', '/v1/limits/clear', { body: { all: true } });
      assert.equal(answer.status, 200);
      assert.ok((answer.json as { cleared: number }).cleared >= 3);
      assert.deepEqual(
        (await limited()).filter(({ waitMs }) => waitMs > 0),
        [],
      );
      assert.equal(await ask('/all'), 200);
      assert.equal(await ask('/', '', 'few'), 200);
    });

    test('an entry that nobody has, and a wish that is none, change nothing', async () => {
      const answers = await Promise.all([
        client.ask('POST', '/v1/limits/clear', { body: { entry: '0123456789abcdef' } }),
        client.ask('POST', '/v1/limits/clear', { body: {} }),
        client.ask('POST', '/v1/limits/clear', { body: { entry: 'x' } }),
        client.ask('POST', '/v1/limits/clear', { body: { all: false } }),
        client.ask('POST', '/v1/limits/clear', { body: { all: true, entry: '0123456789abcdef' } }),
        client.get('/v1/limits?most=0'),
      ]);
      assert.deepEqual(
        answers.map(({ status }) => status),
        [404, 400, 400, 400, 400, 400],
      );
      assert.match(JSON.stringify(answers[0]!.json), /no rate limit has the entry `0123456789abcdef`/);
    });
  });
}
