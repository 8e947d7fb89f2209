import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '@sluice/plugin-kit';
import { HealthChecker } from '../../../src/control/health/health-checker.ts';
import type { ServerEvent } from '../../../src/control/health/server-states.ts';
import type { HealthCheck, ProbeStatus } from '../../../src/plugin/health-check.ts';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import { SERVER_STATES, ServerTable } from '../../../src/shared/tables/server-table.ts';
import { backend, check, plan, server } from '../fixtures/plans.ts';

const SLOTS = { listeners: {}, backends: {}, servers: { 'app/a': 3, 'app/b': 4, 'app/c': 5 } };

/** Backend `app` with a and b, probed every second, slow start 64 s: a step a second. */
function setUp(names = ['a', 'b'], slowStartMs = 64_000) {
  const servers = new ServerTable(createSharedMemory({ threads: 1 }).servers, 1);
  const timers = new FakeClock();
  const events: ServerEvent[] = [];
  const answers = new Map<string, ProbeStatus>();
  const component: HealthCheck = {
    probe: async ({ server: name }) => ({ status: answers.get(name) ?? 'passed', reason: 'as told' }),
  };
  const checker = new HealthChecker({
    servers,
    timers,
    random: () => 0,
    secret: () => '',
    component: () => component,
    changed: (event) => events.push(event),
  });
  const planOf = (all: readonly string[]) =>
    plan(
      [],
      [
        backend(
          'app',
          all.map((name, index) => server(name, 9000 + index)),
          { slowStartMs, check: check({ intervalMs: 1000, fall: 1, rise: 1 }) },
        ),
      ],
    );
  checker.watch({ plan: planOf(names), slots: SLOTS });
  checker.start();
  const told = () => events.splice(0).map(({ server: name, from, to }) => `${name} ${from} ${to}`);
  const seen = (slot: number) => `${SERVER_STATES[servers.state(slot)]} ${servers.share(slot)}`;
  return { servers, timers, checker, answers, told, seen, planOf };
}

test('servers have their whole share when the gateway starts', async () => {
  const { timers, seen, told } = setUp();
  await timers.advance(3000);
  assert.deepEqual([seen(3), seen(4), told()], ['running 256', 'running 256', []]);
});

test('a server that comes back is starting, and its share grows until it runs', async () => {
  const { timers, answers, seen, told } = setUp();
  answers.set('a', 'failed');
  await timers.advance(2000);
  assert.equal(seen(3), 'stopped 256');
  answers.set('a', 'passed');
  await timers.advance(1000);
  assert.equal(seen(3), 'starting 4');
  await timers.advance(32_000);
  assert.equal(seen(3), 'starting 128');
  assert.deepEqual(told(), ['a running stopped', 'a stopped starting']);
  await timers.advance(32_000);
  assert.equal(seen(3), 'running 256');
  assert.deepEqual(told(), ['a starting running']);
  assert.equal(seen(4), 'running 256');
});

test('a server that fails in its slow start is stopped, and begins again', async () => {
  const { timers, answers, seen, told } = setUp();
  answers.set('a', 'failed');
  await timers.advance(2000);
  answers.set('a', 'passed');
  await timers.advance(20_000);
  answers.set('a', 'failed');
  await timers.advance(1000);
  assert.equal(seen(3), 'stopped 256');
  answers.set('a', 'passed');
  await timers.advance(1000);
  assert.equal(seen(3), 'starting 4');
  assert.deepEqual(told(), ['a running stopped', 'a stopped starting', 'a starting stopped', 'a stopped starting']);
});

test('a server that a reload adds to a backend that serves starts slowly, one of a new backend does not', async () => {
  const { checker, seen, planOf, timers } = setUp();
  const next = planOf(['a', 'b', 'c']);
  const proven = checker.prove(next);
  await timers.advance(0);
  await proven;
  checker.watch({ plan: next, slots: SLOTS });
  assert.deepEqual([seen(3), seen(5)], ['running 256', 'starting 4']);
  checker.watch({ plan: planOf(['a', 'b']), slots: SLOTS });
  assert.equal(seen(5), 'starting 256');
});

test('a server that comes back from maintenance starts slowly', async () => {
  const { checker, timers, seen } = setUp();
  checker.cameBack('app/a');
  assert.equal(seen(3), 'starting 4');
  await timers.advance(64_000);
  assert.equal(seen(3), 'running 256');
  checker.cameBack('app/nobody');
});

test('without slow start, a server that recovers gets its full share immediately', async () => {
  const { checker, seen } = setUp(['a', 'b'], 0);
  checker.cameBack('app/a');
  assert.equal(seen(3), 'running 256');
});

test('nothing is timed any more when all servers run', async () => {
  const { timers, checker } = setUp();
  checker.cameBack('app/a');
  await timers.advance(70_000);
  checker.stop();
  assert.equal(timers.size, 0);
});
