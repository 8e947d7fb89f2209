import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SimulationOptions, simulate } from 'sluice/simulation';
import { path, pool } from './pool.ts';

const lines = `
  balance random
  check GET /healthz every 1s timeout 500ms jitter 20%
  eject after 5 failures for 5s at most 50%
  stick on cookie sid
  slow start 5s
  timeout response 1s`;

const busy = (more: Partial<SimulationOptions> = {}): SimulationOptions & { for: string } => ({
  rules: pool(10, lines, () => 'max 20'),
  clients: { rate: 300, inLoop: 20, think: { exponential: '100ms' }, sticky: 0.5, count: 200 },
  servers: { service: { lognormal: '30ms' }, workers: 8, cookie: 'sid' },
  script: [
    { at: '3s', server: path(1), is: 'hung' },
    { at: '4s', server: [path(2), path(3)], errors: 0.5 },
    { at: '8s', server: path(1), is: 'well' },
    { at: '9s', server: path(4), admin: 'drain' },
  ],
  threads: 2,
  trace: 'requests',
  for: '15s',
  ...more,
});

test('the same seed makes the same trace, byte for byte', async () => {
  const [one, other] = [await simulate(busy()), await simulate(busy())];
  assert.ok(one.trace.length > 5000);
  assert.equal(one.trace.join('\n'), other.trace.join('\n'));
  assert.equal(one.digest, other.digest);
  assert.deepEqual(one, other);
});

test('another seed makes another trace', async () => {
  const [one, other] = [await simulate(busy()), await simulate(busy({ seed: 2 }))];
  assert.notEqual(one.digest, other.digest);
});

test('what the trace keeps does not change what happens', async () => {
  const [one, other] = [await simulate(busy()), await simulate(busy({ trace: 'changes' }))];
  assert.ok(other.trace.length < 100);
  assert.equal(one.digest, other.digest);
});

test('every request that ended is accounted for, and nothing is open when clients have had their answers', async () => {
  const { requests, answers, servers } = await simulate(busy({ clients: { inLoop: 40, think: '100ms' } }));
  const ended = Object.values(answers).reduce((sum, each) => sum + each, 0);
  const open = servers.reduce((sum, server) => sum + server.open.at(-1)!, 0);
  assert.ok(requests - ended <= 40, `${requests} were sent, ${ended} have ended`);
  assert.ok(open <= requests - ended);
});

test('two strategies meet the same requests at the same moments', async () => {
  const quiet = { script: [], clients: { rate: 300 } };
  const one = await simulate(busy({ ...quiet, rules: pool(10, 'balance round-robin') }));
  const other = await simulate(busy({ ...quiet, rules: pool(10, 'balance least-connections') }));
  assert.equal(one.requests, other.requests);
  assert.equal(one.trace[0], other.trace[0]);
});

test('a script that names a server which is not there is refused', async () => {
  const script = [{ at: '1s', server: 'app/web1', is: 'hung' as const }];
  await assert.rejects(simulate(busy({ script })), { code: 'SG0502' });
});

test('a listener that is not there, or does not speak HTTP, is refused', async () => {
  await assert.rejects(simulate(busy({ clients: { listener: 'db', rate: 1 } })), { code: 'SG0701' });
});
