/** Generations over real data threads with a data plane that serves nothing. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Plan } from '@sluice/dsl/plan';
import type { Gateway } from '../../../src/control/gateway.ts';
import type { ReloadEvent } from '../../../src/control/gateway-events.ts';
import { createGateway } from '../../../src/create-gateway.ts';
import { LogLines } from '../fixtures/log-lines.ts';
import { backend, listener, plan, server } from '../fixtures/plans.ts';
import { wordsPlugin } from '../fixtures/words.ts';

const STUB = new URL('../fixtures/stub-plane.ts', import.meta.url).href;

let gateway: Gateway;
let log: LogLines;
let reloads: ReloadEvent[];

function planOf(listenerName = 'web', ...servers: string[]): Plan {
  return plan(
    [listener(listenerName)],
    [
      backend(
        'app',
        servers.map((name) => server(name, 9)),
      ),
    ],
  );
}

beforeEach(async () => {
  log = new LogLines();
  reloads = [];
  gateway = await createGateway({
    rules: { plan: planOf('web', 'a') },
    plugins: [wordsPlugin()],
    threads: 2,
    logger: log.log,
    dataPlane: STUB,
    prepareLimitMs: 30_000,
  });
  gateway.on('reload', (event) => reloads.push(event));
  await gateway.start();
});

afterEach(async () => {
  await gateway.stop();
});

test('all threads are prepared before any is switched', async () => {
  await gateway.reload();
  const order = log.lines.filter(({ thread }) => thread !== undefined).map(({ msg }) => msg);
  assert.deepEqual(order, [
    'prepare 1',
    'prepare 1',
    'activate 1',
    'activate 1',
    'prepare 2',
    'prepare 2',
    'activate 2',
    'activate 2',
  ]);
  assert.deepEqual(reloads, [{ isOk: true, generation: 2 }]);
});

test('when one thread cannot prepare, all give the generation up and the old one runs on', async () => {
  await assert.rejects(gateway.reload({ rules: { plan: planOf('reject-1', 'b') } }), {
    code: 'SG0401',
    message: 'generation 2 was not activated: not today',
  });
  assert.equal(gateway.plan.listeners[0]!.name, 'web');
  assert.equal(gateway.stats().generation, 1);
  assert.throws(() => gateway.server('app/b'), { code: 'SG0502', message: /Known servers: app\/a$/ });
  await log.find(/abandon 2/);
  await gateway.reload({ rules: { plan: planOf('web', 'b') } });
  for (const thread of [0, 1]) {
    assert.deepEqual(log.of(thread), ['prepare 1', 'activate 1', 'prepare 2', 'abandon 2', 'prepare 3', 'activate 3']);
  }
  assert.equal(gateway.server('app/b').state, 'running');
  assert.deepEqual(
    reloads.map(({ isOk, generation }) => [isOk, generation]),
    [
      [false, 1],
      [true, 3],
    ],
  );
});

test('a thread that dies of a new generation is replaced with the old one, and the reload fails', async () => {
  const replaced = new Promise<void>((resolve) => {
    gateway.on('thread', ({ event, thread }) => {
      if (event === 'replaced' && thread === 1) resolve();
    });
  });
  await assert.rejects(gateway.reload({ rules: { plan: planOf('exit-1') } }), {
    code: 'SG0402',
    message: 'data thread 1 was lost while it prepared generation 2: it exited with code 3',
  });
  await replaced;
  assert.deepEqual(log.of(1).slice(-2), ['prepare 1', 'activate 1']);
  assert.deepEqual(
    gateway.stats().threads.map(({ state, replaced: times }) => [state, times]),
    [
      ['serving', 0],
      ['serving', 1],
    ],
  );
  await gateway.reload();
  assert.equal(gateway.stats().generation, 3);
});

test('reloads wait for each other', async () => {
  const rules = { plan: gateway.plan };
  await Promise.all([gateway.reload({ rules }), gateway.reload({ rules }), gateway.reload({ rules })]);
  const own = [
    'prepare 1',
    'activate 1',
    'prepare 2',
    'activate 2',
    'prepare 3',
    'activate 3',
    'prepare 4',
    'activate 4',
  ];
  assert.deepEqual(log.of(0), own);
  assert.deepEqual(log.of(1), own);
});

test('reloads of the same source that wait at the same time are one', async () => {
  const before = gateway.stats().generation;
  const line = gateway.reload();
  await Promise.all([line, gateway.reload(), gateway.reload()]);
  assert.equal(gateway.stats().generation, before + 1);
  await gateway.reload();
  assert.equal(gateway.stats().generation, before + 2, 'one that comes later is another');
});

test('a server’s slot is kept over reloads, and its hand-set weight and admin state with it', async () => {
  gateway.server('app/a').weight(42);
  gateway.server('app/a').drain();
  await gateway.reload({ rules: { plan: planOf('web', 'b', 'a') } });
  const [b, a] = gateway.stats().backends[0]!.servers;
  assert.deepEqual([a!.weight, a!.admin, b!.weight, b!.admin], [42, 'drain', 1, 'ready']);
  const changed = plan([listener('web')], [backend('app', [server('a', 9, { weight: 5, max: 7 })])]);
  await gateway.reload({ rules: { plan: changed } });
  const [again] = gateway.stats().backends[0]!.servers;
  assert.deepEqual([again!.weight, again!.max, again!.admin], [5, 7, 'drain']);
});

test('a reload keeps the port that port 0 became', async () => {
  const before = gateway.addresses();
  await gateway.reload();
  assert.deepEqual(gateway.addresses(), before);
});

test('stopping drains every thread and adds up what they cut', async () => {
  assert.deepEqual(await gateway.stop({ deadline: '3s' }), { cut: 3 });
  assert.deepEqual(log.of(1), ['prepare 1', 'activate 1', 'drain 3000', 'stop']);
  assert.equal(gateway.state, 'stopped');
  await assert.rejects(gateway.reload(), { code: 'SG0501' });
  assert.deepEqual(await gateway.stop(), { cut: 3 });
});

test('a plan that a thread cannot prepare keeps the gateway from starting', async () => {
  const bad = await createGateway({
    rules: { plan: planOf('reject-0') },
    plugins: [wordsPlugin()],
    threads: 2,
    logger: false,
    dataPlane: STUB,
  });
  await assert.rejects(bad.start(), { code: 'SG0401' });
  assert.equal(bad.state, 'stopped');
});

test('a thread that never gets ready fails the reload, and stays', async () => {
  const slow = await createGateway({
    rules: { plan: planOf('web') },
    plugins: [wordsPlugin()],
    threads: 2,
    logger: false,
    dataPlane: STUB,
    prepareLimitMs: 3000,
  });
  await slow.start();
  await assert.rejects(slow.reload({ rules: { plan: planOf('hang-0') } }), { code: 'SG0403' });
  await slow.reload();
  assert.deepEqual(
    slow.stats().threads.map(({ replaced }) => replaced),
    [0, 0],
  );
  await slow.stop();
});
