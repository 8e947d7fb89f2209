/**
 * Servers that come and go: health checks take them out and in, and one that is killed under load costs no request.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import {
  answering,
  connectTo,
  eventually,
  Load,
  ok,
  plainRules,
  RawServer,
  startGateway,
  startNamedServer,
} from '../kit/index.ts';

test('a health check takes a sick server out and a healed one in', async () => {
  let isSick = false;
  const site = (name: string) =>
    answering((request) => {
      if (request.target === '/healthz' && name === 'two' && isSick)
        return 'HTTP/1.1 503 Sick\r\nContent-Length: 0\r\n\r\n';
      return ok(name);
    });
  const servers = await Promise.all([RawServer.start(site('one')), RawServer.start(site('two'))]);
  const check = 'check GET /healthz every 50ms timeout 2s expect 200 fall 2 rise 2';
  const { gateway, address, stop } = await startGateway(
    plainRules(
      servers.map((one) => one.address),
      '',
      check,
    ),
    2,
  );
  const ask = async () => {
    const client = await connectTo(address);
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const answer = await client.answer();
    client.destroy();
    assert.equal(answer.status, 200);
    return answer.body.toString();
  };
  const both = async () => {
    const met = new Set<string>();
    await eventually('both servers', async () => met.add(await ask()).size === 2);
  };
  try {
    await both();
    const down = once(gateway, 'server');
    isSick = true;
    const [sick] = await down;
    assert.equal(sick.to, 'stopped');
    assert.match(sick.reason, /503/);
    for (let at = 0; at < 20; at++) assert.equal(await ask(), 'one');
    const up = once(gateway, 'server');
    isSick = false;
    const [healed] = await up;
    assert.notEqual(healed.to, 'stopped');
    await both();
  } finally {
    await stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
});

for (const check of ['', 'check tcp every 50ms timeout 1s fall 2 rise 2']) {
  const name = check === '' ? 'without health checks' : 'with health checks';
  test(`a server killed under load costs no GET, and is used again once it is back (${name})`, async () => {
    const servers = await Promise.all(['one', 'two', 'three'].map((each) => startNamedServer(each)));
    const rules = plainRules(
      servers.map((server) => server.address),
      '',
      check,
    );
    const { address, stop } = await startGateway(rules, 2);
    let met = new Set<string>();
    const load = new Load(address, {
      connections: 12,
      judge: (answer) => {
        met.add(answer.body.toString());
        return answer.status === 200 ? null : `status ${answer.status}`;
      },
    });
    try {
      await load.more(500);
      assert.equal(met.size, 3);
      const [first] = servers;
      first!.program.signal('SIGKILL');
      await first!.program.exited;
      await load.more(1500);
      const again = await startNamedServer('one', first!.address.port);
      servers[0] = again;
      met = new Set();
      await eventually('the server to be used again', () => met.has('one') || load.failures.length > 0);
      await load.more(200);
      await load.stop();
      assert.deepEqual(load.failures, []);
    } finally {
      await load.stop();
      await stop();
      await Promise.all(servers.map(({ program }) => program.stop()));
    }
  });
}

test('a hung server is not waited for twice: GETs to other servers continue', async () => {
  const hanging = await RawServer.start(async (wire) => void (await wire.closed()));
  const good = await RawServer.start(answering(() => ok('good')));
  const rules = plainRules(
    [hanging.address, good.address],
    '',
    'check GET /healthz every 50ms timeout 1s expect 200 fall 1 rise 1',
  );
  const { address, gateway, stop } = await startGateway(rules);
  try {
    const [event] = await once(gateway, 'server');
    assert.equal(event.to, 'stopped');
    for (let at = 0; at < 10; at++) {
      const client = await connectTo(address);
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal((await client.answer()).body.toString(), 'good');
      client.destroy();
    }
  } finally {
    await stop();
    await Promise.all([hanging.stop(), good.stop()]);
  }
});
