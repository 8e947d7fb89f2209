/**
 * The retry budget: a backend in trouble is not asked several times as often as a healthy one, and a server's death still
 * loses no request.
 */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import {
  answering,
  connectTo,
  freePort,
  Load,
  plainRules,
  RawServer,
  startGateway,
  startNamedServer,
} from '../kit/index.ts';

const server = await RawServer.start();
after(() => server.stop());

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

async function gatewayOf(t: TestContext, rules: string, threads = 0) {
  const started = await startGateway(rules, threads);
  t.after(() => started.stop());
  const ask = async () => {
    const client = await connectTo(started.address);
    client.send(GET);
    const { status } = await client.answer();
    client.destroy();
    return status;
  };
  const counters = (name = 'app') => started.gateway.stats().backends.find((each) => each.name === name)!.counters;
  return { ...started, ask, counters };
}

for (const threads of [0, 2]) {
  test(`a server that answers nothing is asked a fifth more often, not four times as often, with ${threads} threads`, async (t) => {
    let hits = 0;
    server.play(async (wire) => {
      await wire.request();
      hits++;
      wire.end();
    });
    const budget = 'retry 3 at most 20% at least 1/h';
    const { ask, counters } = await gatewayOf(t, plainRules([server.address], '', budget), threads);
    for (let round = 0; round < 10; round++) {
      const statuses = await Promise.all(Array.from({ length: 20 }, ask));
      assert.deepEqual(new Set(statuses), new Set([502]));
    }
    assert.ok(hits <= 240, `${hits} for 200 requests`);
    assert.ok(hits > 200, 'some were sent again');
    assert.ok(counters().retriesOverBudget > 0);
  });
}

test('a status that may be retried reaches the client once the budget is used up', async (t) => {
  let hits = 0;
  server.play(
    answering(() => {
      hits++;
      return 'HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy';
    }),
  );
  const budget = 'retry 5 on 503 at most 0% at least 12/m';
  const { ask, counters } = await gatewayOf(t, plainRules([server.address], '', budget));
  assert.equal(await ask(), 503);
  assert.equal(await ask(), 503);
  assert.equal(hits, 4, 'twelve a minute are two in ten seconds');
  assert.equal(counters().retriesOverBudget, 2);
});

test('failed connections do not use it up', async (t) => {
  server.play(answering());
  const dead = await Promise.all([freePort(), freePort()]);
  const servers = [...dead.map((port) => ({ host: '127.0.0.1', port })), server.address];
  const { ask, counters } = await gatewayOf(t, plainRules(servers, '', 'retry 2 at most 0% at least 1/h'));
  for (let count = 0; count < 30; count++) assert.equal(await ask(), 200);
  assert.equal(counters().retriesOverBudget, 0);
});

test('the backend that a request falls back to has its own retries', async (t) => {
  server.play(answering());
  const [dead, second] = await Promise.all([freePort(), freePort()]);
  const { ask } = await gatewayOf(
    t,
    `listener web on 127.0.0.1:0 { otherwise send to app }
backend app of 127.0.0.1:${dead} { fall back to other }
backend other of 127.0.0.1:${second}, 127.0.0.1:${server.address.port}`,
  );
  for (let count = 0; count < 4; count++) assert.equal(await ask(), 200);
});

test('a server that is killed under load costs no request, within the budget that is there unasked', async (t) => {
  const [one, two] = await Promise.all([startNamedServer('one'), startNamedServer('two')]);
  t.after(() => Promise.all([one.program.stop(), two.program.stop()]));
  const { address, counters } = await gatewayOf(t, plainRules([one.address, two.address]));
  const load = new Load(address, { connections: 16 });
  await load.more(200);
  one.program.signal('SIGKILL');
  await load.more(500);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal(counters().retriesOverBudget, 0);
});
