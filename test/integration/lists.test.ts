/**
 * Lists, maps and secrets in front of real sockets, over real threads: files that change under load lose nothing.
 */
import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type Address,
  answering,
  connectTo,
  eventually,
  Load,
  ok,
  RawServer,
  runSluice,
  startGateway,
  startNamedServer,
  temporaryFolder,
} from '../kit/index.ts';

async function ask(address: Address, target: string, host = 'a'): Promise<{ status: number; body: string }> {
  const client = await connectTo(address);
  client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const { status, body } = await client.answer();
  client.destroy();
  return { status, body: body.toString() };
}

/** replace writes a file as operators should: beside the old one, and then over it. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

test('a list and a map that change under load, for the better and the worse, lose no request', async () => {
  const folder = temporaryFolder();
  const [closed, tenants] = [join(folder, 'closed.txt'), join(folder, 'tenants.map')];
  const servers = await Promise.all(['one', 'two'].map((name) => startNamedServer(name)));
  const [one, two] = servers.map(({ address }) => `${address.host}:${address.port}`);
  writeFileSync(closed, '/closed/0\n');
  writeFileSync(tenants, 'other.example two\n');
  const sluice = await runSluice(
    (port) => `
list closed = paths from "${closed}" refresh 100ms
map tenants = host to backend from "${tenants}" refresh 100ms else one
listener web on 127.0.0.1:${port} {
  deny path under closed
  otherwise send to map tenants of host
}
backend one of ${one}
backend two of ${two}
`,
    '--threads',
    '2',
  );
  const load = new Load(sluice.address, { connections: 8 });
  try {
    for (let turn = 1; turn <= 5; turn++) {
      replace(closed, `# turn ${turn}\n/closed/${turn}\n`);
      await eventually(`turn ${turn}`, async () => (await ask(sluice.address, `/closed/${turn}`)).status === 403);
      await load.more(50);
    }
    assert.equal((await ask(sluice.address, '/closed/1')).status, 200);
    replace(closed, '/closed/6\nclosed\n');
    await sluice.program.printed(/SL0604 .*closed\.txt:2:1/);
    assert.deepEqual(
      await Promise.all(['5', '6'].map(async (name) => (await ask(sluice.address, `/closed/${name}`)).status)),
      [403, 200],
    );
    const before = await ask(sluice.address, '/', 'tenant.example');
    replace(tenants, '*.example two\n');
    await eventually('the other backend', async () => {
      return (await ask(sluice.address, '/', 'tenant.example')).body !== before.body;
    });
    await load.more(50);
    await load.stop();
    assert.deepEqual(load.failures, []);
  } finally {
    await load.stop();
    await sluice.stop();
    for (const server of servers) await server.program.stop();
  }
});

for (const threads of [0, 1]) {
  test(`a secret reaches the server and no explanation, with ${threads} threads`, async () => {
    const server = await RawServer.start(answering(() => ok('ok')));
    process.env.SLUICE_SECRET_LISTS_TEST = 'hunter2';
    const { gateway, address, stop } = await startGateway(
      `listener web on 127.0.0.1:0 {\n  set header X-Key to secret "lists-test"\n  otherwise send to app\n}\nbackend app of ${server.address.host}:${server.address.port}`,
      threads,
    );
    try {
      assert.equal((await ask(address, '/')).status, 200);
      assert.match(server.received.toString(), /\r\nX-Key: hunter2\r\n/);
      assert.doesNotMatch(JSON.stringify(gateway.plan), /hunter2/);
      const explained = JSON.stringify(await gateway.explain('GET http://a/'));
      assert.match(explained, /<secret lists-test>/);
      assert.doesNotMatch(explained, /hunter2/);
    } finally {
      delete process.env.SLUICE_SECRET_LISTS_TEST;
      await stop();
      await server.stop();
    }
  });
}
