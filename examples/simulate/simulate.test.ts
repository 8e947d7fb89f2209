import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimulation, simulate } from 'sluice/simulation';

const rules = { file: new URL('gateway.sluice', import.meta.url).pathname };
const clients = { rate: 200, count: 2000, sticky: 0.7 };
const servers = { service: { lognormal: '40ms' }, workers: 32 } as const;

test('a server that hangs costs fewer than one request in a hundred', async () => {
  const { requests, failed } = await simulate({
    ...{ rules, clients, servers },
    script: [{ at: '30s', server: 'shop/web3', is: 'hung' }],
    for: '2m',
  });
  assert.ok(failed.length < requests / 100, `${failed.length} of ${requests}`);
});

test('the shop bears two servers in maintenance at once, and takes them back gently', async () => {
  const simulation = await createSimulation({ rules, clients, servers });
  const before = simulation.run('30s').latency.p99;
  simulation.server('shop/web1').admin('maint');
  simulation.server('shop/web2').admin('maint');
  simulation.run('60s');
  simulation.server('shop/web1').admin('ready');
  simulation.server('shop/web2').admin('ready');
  const { latency, answers, moves, servers: loads } = simulation.run('60s');
  assert.deepEqual(Object.keys(answers), ['200']);
  assert.ok(latency.p99 < 2 * before, `${latency.p99} ms, ${before} ms before`);
  assert.ok(moves.every(({ because }) => because === 'maint'));
  const [first, later] = [loads[0]!.started[91]!, loads[0]!.started[115]!];
  assert.ok(first < later / 2, `${first} in its first second, ${later} later`);
});
