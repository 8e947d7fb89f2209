/** The gateway as an embedder uses it, with the real data plane on the test's own loop. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BackendPlan, Plan } from '@sluice/dsl/plan';
import { FakeClock } from '@sluice/plugin-kit';
import type { Gateway } from '../../src/control/gateway.ts';
import type { GatewayOptions } from '../../src/control/gateway-options.ts';
import type { AdminEvent } from '../../src/control/health/server-handle.ts';
import type { ServerEvent } from '../../src/control/health/server-states.ts';
import { createGateway } from '../../src/create-gateway.ts';
import type { PluginManifest, ProbeResult } from '../../src/plugin/index.ts';
import { get, origin, portOf } from './fixtures/http.ts';
import { LogLines } from './fixtures/log-lines.ts';
import { backend, check, listener, pathIs, plan, rule, server, trapped } from './fixtures/plans.ts';
import { wordsPlugin } from './fixtures/words.ts';

function planOf(ports: Readonly<Record<string, number>>, more: Partial<BackendPlan> = {}): Plan {
  const servers = Object.entries(ports).map(([name, port]) => server(name, port));
  const guards = [rule('guard', 'deny', {}, pathIs('/no'))];
  return plan([listener('web', { guards })], [backend('app', servers, more)]);
}

async function started(rules: GatewayOptions['rules'], more: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const gateway = await createGateway({ rules, plugins: [wordsPlugin()], threads: 0, logger: false, ...more });
  await gateway.start();
  return gateway;
}

test('bad rules reject at once, with every diagnostic and a message that shows them', async () => {
  await assert.rejects(
    createGateway({ rules: 'listenr web on :1 { }\nbackend app of nowhere\n', logger: false }),
    (error) => {
      assert.ok(error instanceof Error && 'diagnostics' in error && 'code' in error);
      assert.equal(error.code, 'SG0201');
      const diagnostics = error.diagnostics as { code: string }[];
      assert.ok(diagnostics.length >= 2);
      for (const { code } of diagnostics) assert.ok(error.message.includes(code));
      assert.match(error.message, /listenr/);
      return true;
    },
  );
});

test('a rule file that is not there, a plan of another version and odd options are refused', async () => {
  await assert.rejects(createGateway({ rules: { file: '/nowhere/x.sluice' }, logger: false }), {
    code: 'SG0201',
    message: /nowhere\/x\.sluice/,
  });
  const other = { ...planOf({}), version: 99 } as unknown as Plan;
  await assert.rejects(createGateway({ rules: { plan: other }, logger: false }), { code: 'SG0202' });
  for (const threads of [-1, 1.5, 257]) {
    await assert.rejects(createGateway({ rules: '', threads, logger: false }), { code: 'SG0506' });
  }
});

test('several gateways live in one process, each with its own state', async () => {
  await using a = await origin('a');
  await using b = await origin('b');
  await using first = await started({ plan: planOf({ one: a.port }) });
  await using second = await started({ plan: planOf({ one: b.port }) });
  assert.deepEqual(await get(portOf(first)), { status: 200, body: 'a' });
  assert.deepEqual(await get(portOf(second)), { status: 200, body: 'b' });
  first.server('app/one').maint();
  assert.equal((await get(portOf(first))).status, 503);
  assert.equal((await get(portOf(second))).status, 200);
});

test('calls in the wrong state are refused', async () => {
  const gateway = await createGateway({
    rules: { plan: planOf({ a: 9 }) },
    plugins: [wordsPlugin()],
    threads: 0,
    logger: false,
  });
  assert.throws(() => gateway.addresses(), { code: 'SG0501' });
  assert.throws(() => gateway.stats(), { code: 'SG0501' });
  await assert.rejects(gateway.reload(), { code: 'SG0501' });
  await gateway.start();
  await assert.rejects(gateway.start(), {
    code: 'SG0501',
    message: 'the gateway is running: start requires it to be created',
  });
  assert.throws(() => gateway.server('app/none'), { code: 'SG0502' });
  assert.throws(() => gateway.server('app/a').weight(257), { code: 'SG0503' });
  await assert.rejects(gateway.stop({ deadline: 'soon' }), { code: 'SG0504' });
  await gateway.stop();
  await assert.rejects(gateway.start(), { code: 'SG0501' });
});

test('one that was never started stops too', async () => {
  const gateway = await createGateway({ rules: { plan: planOf({}) }, plugins: [wordsPlugin()], logger: false });
  assert.deepEqual(await gateway.stop(), { cut: 0 });
  assert.equal(gateway.state, 'stopped');
});

test('a port in use keeps it from starting, in one clear line, and plugins are stopped again', async () => {
  const taken = createTcpServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const story: string[] = [];
  const noted: PluginManifest = {
    name: 'noted',
    apiVersion: 1,
    start: () => void story.push('start'),
    stop: () => void story.push('stop'),
  };
  const rules = { plan: plan([listener('web', { address: { host: '127.0.0.1', port } })], [backend('app', [])]) };
  const gateway = await createGateway({ rules, plugins: [wordsPlugin(), noted], threads: 0, logger: false });
  await assert.rejects(gateway.start(), {
    code: 'SG0301',
    message: `listener \`web\`: address 127.0.0.1:${port} is in use by another process: stop it, or choose another port`,
  });
  assert.deepEqual(story, ['start', 'stop']);
  assert.equal(gateway.state, 'stopped');
  taken.close();
});

test('stats count what went through, and nothing is open afterwards', async () => {
  await using a = await origin('a');
  await using gateway = await started({ plan: planOf({ a: a.port }) });
  const port = portOf(gateway);
  await get(port);
  await get(port);
  await get(port, '/no');
  const { listeners, backends, threads, generation } = gateway.stats();
  assert.equal(generation, 1);
  assert.equal(listeners[0]!.counters.requests, 3);
  assert.equal(listeners[0]!.counters.answers2xx, 2);
  assert.equal(listeners[0]!.counters.denied, 1);
  assert.deepEqual(listeners[0]!.address, { host: '127.0.0.1', port });
  const [one] = backends[0]!.servers;
  assert.deepEqual([one!.counters.requests, one!.open, one!.state, one!.lastCheck], [2, 0, 'running', 'unknown']);
  assert.equal(backends[0]!.latency.count, 2);
  assert.ok(backends[0]!.latency.p50Micros! > 0);
  assert.deepEqual(
    threads.map(({ thread, state }) => [thread, state]),
    [[0, 'serving']],
  );
  assert.deepEqual(JSON.parse(JSON.stringify(gateway.stats())).generation, 1);
});

test('a server is drained, put in maintenance and made ready, with an event for each', async () => {
  await using a = await origin('a');
  await using b = await origin('b');
  await using gateway = await started({ plan: planOf({ a: a.port, b: b.port }) });
  const events: AdminEvent[] = [];
  gateway.on('admin', (event) => events.push(event));
  const bodies = async (): Promise<string> => {
    const answers = [];
    for (let turn = 0; turn < 4; turn++) answers.push((await get(portOf(gateway))).body);
    return [...new Set(answers)].sort().join('');
  };
  assert.equal(await bodies(), 'ab');
  gateway.server('app/a').drain();
  gateway.server('app/a').drain();
  assert.equal(await bodies(), 'b');
  gateway.server('app/a').ready();
  gateway.server('app/b').maint();
  assert.equal(await bodies(), 'a');
  gateway.server('app/b').ready();
  gateway.server('app/a').weight(0);
  assert.equal(await bodies(), 'b');
  assert.deepEqual(
    events.map(({ server: name, from, to }) => `${name}: ${from} ${to}`),
    ['a: ready drain', 'a: drain ready', 'b: ready maint', 'b: maint ready'],
  );
});

test('health checks take servers out and in, and events give the reason', async () => {
  await using a = await origin('a');
  await using b = await origin('b');
  const timers = new FakeClock();
  const results: Record<string, ProbeResult> = {
    a: { status: 'passed', reason: 'status 200' },
    b: { status: 'failed', reason: 'status 503, expected 200' },
  };
  const words = wordsPlugin({ probe: async ({ server: name }) => results[name]! });
  const rules = { plan: planOf({ a: a.port, b: b.port }, { check: check({ rise: 2 }) }) };
  const log = new LogLines();
  await using gateway = await started(rules, { plugins: [words], timers, random: () => 0, logger: log.log });
  const events: ServerEvent[] = [];
  gateway.on('server', (event) => events.push(event));
  await timers.advance(0);
  for (let turn = 0; turn < 4; turn++) assert.equal((await get(portOf(gateway))).body, 'a');
  results.b = { status: 'passed', reason: 'status 200' };
  await timers.advance(2000);
  assert.deepEqual(events, [
    { backend: 'app', server: 'b', from: 'running', to: 'stopped', reason: 'status 503, expected 200' },
    { backend: 'app', server: 'b', from: 'stopped', to: 'running', reason: 'status 200' },
  ]);
  await log.find(/^server app\/b is stopped: status 503, expected 200$/);
  await gateway.reload();
  assert.equal(gateway.stats().backends[0]!.servers[1]!.reason, 'status 200');
});

test('a failed reload keeps the old rules active and gives the reason', async () => {
  await using a = await origin('a');
  await using gateway = await started({ plan: planOf({ a: a.port }) });
  await assert.rejects(gateway.reload({ rules: 'rubbish' }), { code: 'SG0201' });
  const lost = { plan: planOf({ a: a.port }, { balance: { ...backend('x', []).balance, name: 'magic' } }) };
  await assert.rejects(gateway.reload({ rules: lost }), { code: 'SG0112' });
  assert.deepEqual(await get(portOf(gateway)), { status: 200, body: 'a' });
  await gateway.reload();
  assert.equal(gateway.plan.listeners[0]!.name, 'web');
});

test('a rule file with a plugin of its own is loaded, changed and reloaded; a broken one changes nothing', async (context) => {
  await using a = await origin('a');
  const folder = await mkdtemp(join(tmpdir(), 'sluice-rules-'));
  context.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'gateway.sluice');
  const words = new URL('./fixtures/words.ts', import.meta.url).pathname;
  const write = (guard: string, from = words): Promise<void> =>
    writeFile(
      file,
      `use words from "${from}"
listener web on 127.0.0.1:0 {
  ${guard}
  otherwise send to app
}
backend app of 127.0.0.1:${a.port} { balance rotate }
`,
    );
  await write('deny path is /one');
  await using gateway = await started({ file }, { plugins: [] });
  const port = portOf(gateway);
  assert.equal((await get(port, '/one')).status, 403);
  assert.deepEqual(await get(port, '/two'), { status: 200, body: 'a' });
  await write('deny path is /two');
  await gateway.reload();
  assert.equal((await get(port, '/one')).status, 200);
  assert.equal((await get(port, '/two')).status, 403);
  await write('dany path is /three');
  await assert.rejects(gateway.reload(), { code: 'SG0201', message: /dany/ });
  await write('deny path is /three', './nowhere.js');
  await assert.rejects(gateway.reload(), { code: 'SG0201', message: /nowhere\.js/ });
  assert.equal((await get(port, '/two')).status, 403);
  assert.equal(portOf(gateway), port);
});

test('stop waits for open requests, and cuts off those left at the deadline', async () => {
  const waiting: (() => void)[] = [];
  let arrived = (): void => {};
  const both = new Promise<void>((resolve) => {
    arrived = () => (waiting.length === 2 ? resolve() : undefined);
  });
  await using slow = await origin('slow', (request, response) => {
    waiting.push(() => (request.url === '/ends' ? response.end('done') : undefined));
    arrived();
  });
  const gateway = await started({ plan: planOf({ slow: slow.port }) });
  const port = portOf(gateway);
  const ends = get(port, '/ends');
  const hangs = get(port, '/hangs');
  await both;
  const stopping = gateway.stop({ deadline: 2500 });
  for (const end of waiting) end();
  assert.deepEqual(await ends, { status: 200, body: 'done' });
  assert.deepEqual(await stopping, { cut: 1 });
  assert.equal((await hangs).status, 503);
  assert.equal(gateway.state, 'stopped');
});

test('a second stop without patience ends the first at once', async () => {
  let arrived = (): void => {};
  const request = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  await using slow = await origin('slow', () => arrived());
  const gateway = await started({ plan: planOf({ slow: slow.port }) }, { threads: 1 });
  const hangs = get(portOf(gateway)).catch((error: NodeJS.ErrnoException) => error.code);
  await request;
  const patient = gateway.stop({ deadline: '10m' });
  await gateway.stop({ deadline: 0 });
  await patient;
  assert.equal(await hangs, 'ECONNRESET');
});

test('explain agrees with live traffic', async () => {
  await using a = await origin('a');
  const guards = [rule('guard', 'deny', {}, pathIs('/no')), rule('guard', 'deny', {}, trapped())];
  const changes = [rule('change', 'mark', { value: 'x' }, pathIs('/yes'))];
  const routes = [rule('route', 'deny', {}, pathIs('/late')), rule('route', 'send', { backend: 'app' })];
  const rules = {
    plan: plan(
      [listener('web', { guards, changes, routes })],
      [backend('app', [server('a', a.port), server('b', 9, { isBackup: true })])],
    ),
  };
  await using gateway = await started(rules);
  for (const path of ['/no', '/yes', '/late', '/']) {
    const { verdict } = await gateway.explain(`GET http://x${path} from 198.51.100.7`);
    const { status } = await get(portOf(gateway), path);
    assert.equal('status' in verdict ? verdict.status : 200, status, path);
  }
  const explained = await gateway.explain('GET http://x/yes from 198.51.100.7');
  assert.deepEqual(explained.verdict, { kind: 'send', backend: 'app' });
  assert.deepEqual(explained.edits, [{ edit: 'set', name: 'X-Mark', value: 'x' }]);
  assert.deepEqual(
    explained.guards.map(({ outcome }) => outcome),
    ['no match', 'no match'],
  );
  assert.equal(explained.guards[0]!.condition!.value, '/yes');
  assert.deepEqual(
    explained.servers.map(({ name, isUsable, why }) => [name, isUsable, why]),
    [
      ['a', true, 'running'],
      ['b', false, 'backup: another server is up'],
    ],
  );
  gateway.server('app/a').drain();
  const drained = await gateway.explain('GET http://x/yes');
  assert.deepEqual(
    drained.servers.map(({ isUsable, why }) => [isUsable, why]),
    [
      [false, 'draining: only its sticky clients go there'],
      [true, 'running'],
    ],
  );
  await assert.rejects(gateway.explain('nonsense'), { code: 'SG0505' });
});

test('a rule that cannot be decided is an error in explain, as it is in traffic', async () => {
  const broken = { ...pathIs('x'), field: 'nobody-has-it' } as ReturnType<typeof pathIs>;
  const rules = {
    plan: plan([listener('web', { guards: [rule('guard', 'deny', {}, broken)] })], [backend('app', [])]),
  };
  const gateway = await createGateway({ rules, plugins: [wordsPlugin()], threads: 0, logger: false });
  const { verdict, by } = await gateway.explain('GET http://x/');
  assert.equal(verdict.kind, 'error');
  assert.equal(by!.outcome, 'error');
});

test('the process exits after stop, with and without threads', async () => {
  const backendServer = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(backendServer, 'listening');
  const script = new URL('./fixtures/run-and-stop.ts', import.meta.url).pathname;
  for (const threads of ['0', '2']) {
    const port = String((backendServer.address() as AddressInfo).port);
    const child = spawn(process.execPath, [script, threads, port], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (piece) => {
      output += piece;
    });
    const [code] = await once(child, 'close');
    assert.deepEqual([code, output], [0, '200 ok\nstopped\n']);
  }
  backendServer.closeAllConnections();
  backendServer.close();
});

test('a silent client does not delay stop', async () => {
  await using gateway = await started({ plan: planOf({ a: 9 }) });
  const socket = connect(portOf(gateway), '127.0.0.1');
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  await gateway.stop({ deadline: 1500 });
  await closed;
});
