/**
 * Servers that take no connections: they are passed over for a while, and nobody but one request at a time finds out whether they are
 * back.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answering, connectTo, eventually, ok, plainRules, RawServer, startGateway } from '../kit/index.ts';
import type { Address } from '../kit/wire.ts';

async function ask(address: Address): Promise<{ status: number; body: string }> {
  const client = await connectTo(address);
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const { status, body } = await client.answer();
  client.destroy();
  return { status, body: body.toString() };
}

/** closedPort is an address that refuses connections. */
async function closedPort(): Promise<Address> {
  const server = await RawServer.start(answering(() => ok('')));
  const { address } = server;
  await server.stop();
  return address;
}

for (const balance of ['round-robin', 'least-connections', 'random', 'least-response-time', 'first']) {
  test(`by ${balance} no request fails with eight of ten servers gone, and few find out`, async () => {
    const dead = await Promise.all(Array.from({ length: 8 }, closedPort));
    const servers = await Promise.all([
      RawServer.start(answering(() => ok('one'))),
      RawServer.start(answering(() => ok('two'))),
    ]);
    const all = [...dead, ...servers.map(({ address }) => address)];
    const { gateway, address, stop } = await startGateway(plainRules(all, '', `balance ${balance}\n retry 8`));
    try {
      for (let request = 0; request < 100; request++) assert.equal((await ask(address)).status, 200);
      const { servers } = gateway.stats().backends[0]!;
      const failures = servers.slice(0, 8).map(({ counters }) => counters.connectFailures);
      // Each doubles its time each time it is asked; a busy machine may take seconds over this.
      assert.ok(
        failures.every((each) => each <= 12),
        `${failures}`,
      );
    } finally {
      await stop();
      await Promise.all(servers.map((each) => each.stop()));
    }
  });
}

test('explain names a server that is passed over, and one that came back is used again without a check', async () => {
  const gone = await closedPort();
  const well = await RawServer.start(answering(() => ok('well')));
  const { gateway, address, stop } = await startGateway(plainRules([gone, well.address]));
  let back: RawServer | null = null;
  try {
    await eventually('it to be passed over', async () => {
      assert.equal((await ask(address)).body, 'well');
      const { servers } = await gateway.explain('GET http://a/');
      return /^skipped for another \d\.\d s: its last connections failed$/.test(servers[0]!.why);
    });
    back = await RawServer.start(
      answering(() => ok('back')),
      gone.port,
    );
    await eventually('an answer of the one that is back', async () => (await ask(address)).body === 'back');
    const { servers } = await gateway.explain('GET http://a/');
    assert.deepEqual(
      servers.map(({ isUsable }) => isUsable),
      [true, true],
    );
  } finally {
    await stop();
    await well.stop();
    await back?.stop();
  }
});

test('the only server is asked each time, however often it refuses', async () => {
  const gone = await closedPort();
  const { gateway, address, stop } = await startGateway(plainRules([gone]));
  try {
    for (let request = 0; request < 5; request++) assert.equal((await ask(address)).status, 503);
    const { counters } = gateway.stats().backends[0]!.servers[0]!;
    assert.equal(counters.connectFailures, 15, 'each request, and its two retries');
  } finally {
    await stop();
  }
});
