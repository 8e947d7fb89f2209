/** Data threads with the real data plane and real traffic: reloads, hangs, deaths. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { test } from 'node:test';
import type { Plan } from '@sluice/dsl/plan';
import type { Gateway } from '../../../src/control/gateway.ts';
import type { GatewayOptions } from '../../../src/control/gateway-options.ts';
import type { ThreadEvent } from '../../../src/control/runtime/runtime-events.ts';
import { createGateway } from '../../../src/create-gateway.ts';
import { eventually, get, type Origin, origin, portOf } from '../fixtures/http.ts';
import { LogLines } from '../fixtures/log-lines.ts';
import { backend, listener, plan, rule, server, trapped } from '../fixtures/plans.ts';
import { wordsPlugin } from '../fixtures/words.ts';

function planOf(...origins: readonly Origin[]): Plan {
  const servers = origins.map(({ port }, index) => server(`s${index}`, port));
  const guards = [rule('guard', 'deny', {}, trapped())];
  return plan([listener('web', { guards })], [backend('app', servers)]);
}

async function started(rules: Plan, more: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const gateway = await createGateway({
    rules: { plan: rules },
    plugins: [wordsPlugin()],
    threads: 2,
    logger: false,
    ...more,
  });
  await gateway.start();
  return gateway;
}

/** The next event of a kind. */
function nextThread(gateway: Gateway, event: ThreadEvent['event']): Promise<ThreadEvent> {
  return new Promise((resolve) => {
    const look = (seen: ThreadEvent): void => {
      if (seen.event !== event) return;
      gateway.off('thread', look);
      resolve(seen);
    };
    gateway.on('thread', look);
  });
}

/** Keep-alive clients that ask on and on until they are told to stop; resolves to what each answer was. */
function traffic(
  port: number,
  clients: number,
): { stop(): Promise<Map<string, number>>; answers: Map<string, number> } {
  const answers = new Map<string, number>();
  let isStopped = false;
  const note = (answer: string): void => void answers.set(answer, (answers.get(answer) ?? 0) + 1);
  const client = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!isStopped) {
      try {
        const sent = request({ host: '127.0.0.1', port, path: '/', agent });
        sent.end();
        const [response] = (await once(sent, 'response')) as [IncomingMessage];
        let body = '';
        for await (const piece of response) body += piece;
        note(`${response.statusCode} ${body}`);
      } catch (error) {
        note(String((error as NodeJS.ErrnoException).code ?? error));
      }
    }
    agent.destroy();
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return {
    answers,
    async stop() {
      isStopped = true;
      await all;
      return answers;
    },
  };
}

/** How many requests are open, over all servers. */
function openOf(gateway: Gateway): number {
  return gateway
    .stats()
    .backends.flatMap(({ servers }) => servers)
    .reduce((sum, { open }) => sum + open, 0);
}

test('twenty reloads under load, servers coming and going, lose no request', async () => {
  await using a = await origin('a');
  await using b = await origin('b');
  await using gateway = await started(planOf(a, b));
  const load = traffic(portOf(gateway), 8);
  for (let turn = 1; turn <= 20; turn++) {
    const { size } = load.answers;
    await gateway.reload({ rules: { plan: turn % 2 === 0 ? planOf(a, b) : planOf(b) } });
    assert.ok(size <= 2);
  }
  const answers = await load.stop();
  assert.deepEqual([...answers.keys()].sort(), ['200 a', '200 b']);
  assert.equal(gateway.stats().generation, 21);
  assert.equal(openOf(gateway), 0);
  const total = [...answers.values()].reduce((sum, count) => sum + count, 0);
  assert.equal(gateway.stats().listeners[0]!.counters.requests, total);
});

test('a thread that spins is found, named by its word, and replaced; the other serves on', async () => {
  await using a = await origin('a');
  const log = new LogLines();
  await using gateway = await started(planOf(a), { logger: log.log, beatLimitMs: 1500 });
  const port = portOf(gateway);
  const replaced = nextThread(gateway, 'replaced');
  const lost = nextThread(gateway, 'lost');
  const stuck = get(port, '/spin').catch((error: NodeJS.ErrnoException) => error.code);
  const loss = await lost;
  assert.ok(loss.event === 'lost');
  assert.match(loss.reason, /^it has not answered for \d+ ms$/);
  assert.equal(loss.word, 'field trap of plugin words');
  assert.equal(await stuck, 'ECONNRESET');
  assert.equal((await replaced).thread, loss.thread);
  await log.find(/^data thread \d was lost in field trap of plugin words$/);
  for (let turn = 0; turn < 8; turn++) assert.equal((await get(port)).status, 200);
  assert.equal(gateway.stats().threads[loss.thread]!.replaced, 1);
  await eventually('the last connection to be counted out', () => gateway.stats().listeners[0]!.openConnections === 0);
});

test('what a lost thread had open is given back', async () => {
  let arrived = (): void => {};
  const held = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  await using slow = await origin('slow', (incoming, response) => {
    if (incoming.url === '/hold') arrived();
    else response.end('ok');
  });
  await using gateway = await started(planOf(slow), { threads: 1 });
  const port = portOf(gateway);
  const holding = get(port, '/hold').catch((error: NodeJS.ErrnoException) => error.code);
  await held;
  assert.equal(openOf(gateway), 1);
  assert.equal(gateway.stats().listeners[0]!.openConnections, 1);
  const replaced = nextThread(gateway, 'replaced');
  const lost = nextThread(gateway, 'lost');
  await get(port, '/exit').catch(() => {});
  const loss = await lost;
  assert.ok(loss.event === 'lost');
  assert.equal(loss.reason, 'it exited with code 7');
  assert.equal(loss.word, 'field trap of plugin words');
  assert.equal(openOf(gateway), 0);
  assert.equal(gateway.stats().listeners[0]!.openConnections, 0);
  await replaced;
  assert.equal(await holding, 'ECONNRESET');
  assert.equal((await get(port)).status, 200);
  assert.ok(gateway.stats().listeners[0]!.counters.connections >= 3, 'totals stay');
});

test('a rejection that a plugin leaves costs no thread', async () => {
  await using a = await origin('a');
  await using gateway = await started(planOf(a), { threads: 1 });
  const port = portOf(gateway);
  await get(port, '/throw').catch(() => {});
  for (let count = 0; count < 5; count++) assert.equal((await get(port)).status, 200);
  assert.equal(gateway.stats().threads[0]!.replaced, 0);
});

test('a replacement thread runs the current rules, not those at start-up', async () => {
  await using a = await origin('a');
  await using b = await origin('b');
  await using gateway = await started(planOf(a), { threads: 1 });
  await gateway.reload({ rules: { plan: planOf(b) } });
  const port = portOf(gateway);
  const replaced = nextThread(gateway, 'replaced');
  await get(port, '/exit').catch(() => {});
  await replaced;
  assert.deepEqual(await get(port), { status: 200, body: 'b' });
  await gateway.reload({ rules: { plan: planOf(a) } });
  assert.deepEqual(await get(port), { status: 200, body: 'a' });
});

test('a gateway with a hung thread stops in time', async () => {
  await using a = await origin('a');
  const gateway = await started(planOf(a), { threads: 1, beatLimitMs: 60_000 });
  const stuck = get(portOf(gateway), '/spin').catch((error: NodeJS.ErrnoException) => error.code);
  await eventually('the thread to hang', () => gateway.stats().threads[0]!.word === 'field trap of plugin words');
  await gateway.stop({ deadline: 100 });
  assert.equal(await stuck, 'ECONNRESET');
});
