import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Args, CheckPlan, Plan } from '@sluice/dsl/plan';
import { FakeClock } from '@sluice/plugin-kit';
import { HealthChecker } from '../../../src/control/health/health-checker.ts';
import type { ServerEvent } from '../../../src/control/health/server-states.ts';
import { Slots } from '../../../src/control/slots/slots.ts';
import type { HealthCheck, ProbeResult, ProbeTarget } from '../../../src/plugin/health-check.ts';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import { LAST_CHECKS, MAINT, READY, SERVER_STATES, ServerTable } from '../../../src/shared/tables/server-table.ts';
import { backend, check, PLACE, plan, server } from '../fixtures/plans.ts';

const PASSED: ProbeResult = { status: 'passed', reason: 'ok' };
const FAILED: ProbeResult = { status: 'failed', reason: 'connection refused' };

let timers: FakeClock;
let events: ServerEvent[];
let probes: {
  readonly name: string;
  readonly at: number;
  readonly target: ProbeTarget;
  readonly options: Args;
  readonly signal: AbortSignal;
}[];
/** What the next probes give. */
let answer: (target: ProbeTarget, signal: AbortSignal) => Promise<ProbeResult>;
let random: () => number;
let servers: ServerTable;
let slots: Slots;
let generation: number;

beforeEach(() => {
  timers = new FakeClock();
  events = [];
  probes = [];
  answer = async () => PASSED;
  random = () => 0;
  const memory = createSharedMemory({ threads: 1 });
  servers = new ServerTable(memory.servers, 1);
  slots = new Slots(memory);
  generation = 0;
});

function checker(probesAtOnce = 64): HealthChecker {
  const component: HealthCheck = {
    probe: (target, options, signal) => {
      probes.push({ name: target.server, at: timers.now(), target, options, signal });
      return answer(target, signal);
    },
  };
  return new HealthChecker({
    servers,
    timers,
    random: () => random(),
    probesAtOnce,
    component: () => component,
    secret: (name) => `value of ${name}`,
    changed: (event) => events.push(event),
  });
}

function watch(health: HealthChecker, next: Plan): Readonly<Record<string, number>> {
  const assigned = slots.assign(++generation, next);
  health.watch({ plan: next, slots: assigned });
  return assigned.servers;
}

function planOf(checkPlan: CheckPlan | null, ...names: string[]): Plan {
  return plan(
    [],
    [
      backend(
        'app',
        names.map((name, index) => server(name, 9000 + index)),
        { check: checkPlan },
      ),
    ],
  );
}

function stateOf(slot: number): string {
  return `${SERVER_STATES[servers.state(slot)]} ${LAST_CHECKS[servers.lastCheck(slot)]}`;
}

test('servers without a check run, and are not probed', async () => {
  const health = checker();
  const at = watch(health, planOf(null, 'a'));
  health.start();
  await timers.advance(60_000);
  assert.equal(stateOf(at['app/a']!), 'running unknown');
  assert.equal(probes.length, 0);
});

test('a probe is made every interval after the one before has ended', async () => {
  const health = checker();
  watch(health, planOf(check({ intervalMs: 1000 }), 'a'));
  health.start();
  await timers.advance(3500);
  assert.deepEqual(
    probes.map(({ at }) => at),
    [0, 1000, 2000, 3000],
  );
});

test('jitter moves each wait by at most its share of the interval, both ways', async () => {
  const health = checker();
  const draws = [0.5, 0, 1, 0.5];
  random = () => draws.shift()!;
  watch(health, planOf(check({ intervalMs: 1000, jitter: 0.2 }), 'a'));
  health.start();
  await timers.advance(2900);
  assert.deepEqual(
    probes.map(({ at }) => at),
    [100, 900, 2100],
  );
});

test('states and events follow the probes, with the reason', async () => {
  const health = checker();
  const at = watch(health, planOf(check({ fall: 3, rise: 2 }), 'a'));
  const slot = at['app/a']!;
  assert.equal(stateOf(slot), 'running unknown');
  health.start();
  await timers.advance(0);
  assert.equal(stateOf(slot), 'running passed');
  answer = async () => FAILED;
  await timers.advance(2000);
  assert.equal(stateOf(slot), 'running failed');
  await timers.advance(1000);
  assert.equal(stateOf(slot), 'stopped failed');
  assert.equal(health.reason('app/a'), 'connection refused');
  answer = async () => PASSED;
  await timers.advance(2000);
  assert.equal(stateOf(slot), 'running passed');
  assert.deepEqual(events, [
    { backend: 'app', server: 'a', from: 'running', to: 'stopped', reason: 'connection refused' },
    { backend: 'app', server: 'a', from: 'stopped', to: 'running', reason: 'ok' },
  ]);
});

test('a probe that rejects or throws has failed', async () => {
  const health = checker();
  const at = watch(health, planOf(check(), 'a', 'b'));
  answer = (target) => {
    if (target.server === 'a') throw new Error('thrown');
    return Promise.reject(new Error('rejected'));
  };
  health.start();
  await timers.advance(0);
  assert.deepEqual([stateOf(at['app/a']!), stateOf(at['app/b']!)], ['stopped failed', 'stopped failed']);
  assert.deepEqual(
    events.map(({ reason }) => reason),
    ['thrown', 'rejected'],
  );
});

test('a probe that does not settle is aborted at its timeout, has failed, and the next one comes', async () => {
  const health = checker();
  const at = watch(health, planOf(check({ timeoutMs: 400, intervalMs: 1000 }), 'a'));
  answer = () => new Promise(() => {});
  health.start();
  await timers.advance(399);
  assert.equal(probes[0]!.signal.aborted, false);
  assert.equal(stateOf(at['app/a']!), 'running unknown');
  await timers.advance(1);
  assert.equal(probes[0]!.signal.aborted, true);
  assert.equal(stateOf(at['app/a']!), 'stopped failed');
  assert.equal(events[0]!.reason, 'no answer within 400 ms');
  await timers.advance(1000);
  assert.equal(probes.length, 2);
});

test('no more probes run at once than allowed; the others wait their turn', async () => {
  const health = checker(2);
  watch(health, planOf(check({ timeoutMs: 500 }), 'a', 'b', 'c', 'd', 'e'));
  const ends: (() => void)[] = [];
  answer = () => new Promise((resolve) => ends.push(() => resolve(PASSED)));
  health.start();
  await timers.advance(0);
  assert.deepEqual(
    probes.map(({ name }) => name),
    ['a', 'b'],
  );
  ends[0]!();
  await timers.advance(0);
  assert.deepEqual(
    probes.map(({ name }) => name),
    ['a', 'b', 'c'],
  );
  await timers.advance(500);
  assert.deepEqual(
    probes.map(({ name }) => name),
    ['a', 'b', 'c', 'd', 'e'],
  );
});

test('the check’s own port is probed in place of the server’s', async () => {
  const health = checker();
  watch(health, planOf(check({ port: 7777 }), 'a'));
  health.start();
  await timers.advance(0);
  assert.deepEqual(probes[0]!.target, { backend: 'app', server: 'a', address: { host: '127.0.0.1', port: 7777 } });
});

test('an unchanged server keeps its state, counts and schedule over a reload', async () => {
  const health = checker();
  const first = planOf(check({ rise: 2 }), 'a', 'b');
  const at = watch(health, first);
  answer = async () => FAILED;
  health.start();
  await timers.advance(0);
  answer = async () => PASSED;
  await timers.advance(1000);
  assert.equal(stateOf(at['app/a']!), 'stopped passed');
  await timers.advance(500);
  const moved = structuredClone(first) as Plan;
  Object.assign(moved.backends[0]!.check!.probe, { place: { file: 'x', line: 9, column: 9, length: 1 } });
  watch(health, moved);
  assert.equal(stateOf(at['app/a']!), 'stopped passed');
  await timers.advance(499);
  assert.equal(stateOf(at['app/a']!), 'stopped passed');
  await timers.advance(1);
  assert.equal(stateOf(at['app/a']!), 'running passed', 'its second pass came on the old schedule');
});

test('a server whose check changed keeps its state and its history', async () => {
  const health = checker();
  const at = watch(health, planOf(check(), 'a'));
  answer = async () => FAILED;
  health.start();
  await timers.advance(0);
  const slot = at['app/a']!;
  watch(health, planOf(check({ rise: 1, timeoutMs: 400 }), 'a'));
  assert.equal(stateOf(slot), 'stopped failed');
  answer = async () => PASSED;
  await timers.advance(0);
  assert.equal(stateOf(slot), 'running passed', 'it is probed at once, and by its new check');
  assert.deepEqual(health.history('app/a'), [
    { status: 'passed', reason: 'ok', count: 1, firstAgoMs: 0, lastAgoMs: 0, tookMs: 0 },
    { status: 'failed', reason: 'connection refused', count: 1, firstAgoMs: 0, lastAgoMs: 0, tookMs: 0 },
  ]);
  assert.equal(events.length, 2);
});

test('a server that has no check any more runs', async () => {
  const health = checker();
  const at = watch(health, planOf(check(), 'a'));
  answer = async () => FAILED;
  health.start();
  await timers.advance(0);
  watch(health, planOf(null, 'a'));
  assert.equal(stateOf(at['app/a']!), 'running unknown');
  assert.equal(events.at(-1)!.reason, 'it has no check any more');
  await timers.advance(60_000);
  assert.equal(probes.length, 1);
});

test('a server whose address changed is another one, and gets nothing before a probe has passed', async () => {
  const health = checker();
  const at = watch(health, planOf(check(), 'a', 'b'));
  health.start();
  await timers.advance(0);
  watch(health, plan([], [backend('app', [server('a', 1), server('b', 9001)], { check: check() })]));
  assert.equal(stateOf(at['app/a']!), 'stopped unknown');
  assert.equal(health.reason('app/a'), 'not probed yet');
  assert.equal(events.at(-1)!.reason, 'its address was changed');
  assert.deepEqual(health.history('app/a'), []);
  assert.equal(stateOf(at['app/b']!), 'running passed');
  await timers.advance(0);
  assert.equal(stateOf(at['app/a']!), 'running passed', 'one pass is enough, whatever `rise` says');
});

test('servers added by a reload are probed before it switches, and start in the state of their first probe', async () => {
  const health = checker();
  watch(health, planOf(check(), 'a'));
  health.start();
  await timers.advance(0);
  const next = planOf(check(), 'a', 'b', 'c');
  probes = [];
  answer = async (target) => (target.server === 'b' ? PASSED : FAILED);
  const proven = health.prove(next);
  await timers.advance(0);
  await proven;
  assert.deepEqual(
    probes.map(({ name }) => name),
    ['b', 'c'],
    'what is known is not asked again',
  );
  const at = watch(health, next);
  assert.equal(stateOf(at['app/b']!), 'running passed');
  assert.equal(stateOf(at['app/c']!), 'stopped failed');
  assert.equal(health.history('app/c')[0]!.reason, 'connection refused');
  assert.deepEqual(events, [], 'nothing has changed its state');
});

test('a reload does not wait forever for servers that do not respond', async () => {
  const health = checker();
  const slow = check({ timeoutMs: 60_000 });
  watch(health, planOf(slow, 'a'));
  health.start();
  await timers.advance(0);
  const signals: AbortSignal[] = [];
  answer = (_, signal) => {
    signals.push(signal);
    return new Promise(() => {});
  };
  const next = planOf(slow, 'a', 'b');
  let isProven = false;
  const proven = health.prove(next).then(() => {
    isProven = true;
  });
  await timers.advance(4999);
  assert.equal(isProven, false);
  await timers.advance(1);
  await proven;
  assert.equal(signals[0]!.aborted, true, 'nothing is left under way');
  assert.equal(stateOf(watch(health, next)['app/b']!), 'stopped unknown');
});

test('a stop ends the wait for first probes', async () => {
  const health = checker();
  watch(health, planOf(check(), 'a'));
  health.start();
  await timers.advance(0);
  answer = () => new Promise(() => {});
  const proven = health.prove(planOf(check(), 'a', 'b'));
  await timers.advance(0);
  health.stop();
  await proven;
  assert.equal(timers.size, 0);
});

test('a server that a reload renames keeps its state, its counts and its history', async () => {
  const health = checker();
  watch(health, planOf(check({ rise: 2 }), 'a', 'b'));
  answer = async (target) => (target.server === 'a' ? FAILED : PASSED);
  health.start();
  await timers.advance(0);
  const next = planOf(check({ rise: 2 }), 'web1', 'web2');
  probes = [];
  await health.prove(next);
  assert.equal(probes.length, 0, 'there is nothing to find out');
  const at = watch(health, next);
  assert.equal(stateOf(at['app/web1']!), 'stopped failed');
  assert.equal(stateOf(at['app/web2']!), 'running passed');
  assert.equal(health.reason('app/web1'), 'connection refused');
  answer = async () => PASSED;
  await timers.advance(0);
  assert.equal(stateOf(at['app/web1']!), 'stopped passed', 'it needs two passes, as before');
  await timers.advance(1000);
  assert.equal(stateOf(at['app/web1']!), 'running passed');
});

test('a server of a backend that a reload adds or renames keeps what the same check found at its address', async () => {
  const health = checker();
  watch(health, planOf(check(), 'a', 'b'));
  answer = async (target) => (target.server === 'a' ? FAILED : PASSED);
  health.start();
  await timers.advance(0);
  const servers = [server('a', 9000), server('b', 9001)];
  const same = plan([], [backend('shop', servers, { check: check() })]);
  await health.prove(same);
  const at = watch(health, same);
  assert.equal(stateOf(at['shop/a']!), 'stopped failed');
  assert.equal(stateOf(at['shop/b']!), 'running passed');
  const another = plan([], [backend('blog', servers, { check: check({ port: 1234 }) })]);
  assert.equal(stateOf(watch(health, another)['blog/b']!), 'stopped unknown', 'another check knows nothing of it');
});

test('between the first result that differs and the change of state, probes come faster', async () => {
  const health = checker();
  watch(health, planOf(check({ intervalMs: 1000, changingMs: 100, fall: 3, rise: 2 }), 'a'));
  health.start();
  await timers.advance(999);
  answer = async () => FAILED;
  await timers.advance(1300);
  assert.deepEqual(
    probes.map(({ at }) => at),
    [0, 1000, 1100, 1200, 2200],
  );
  answer = async () => PASSED;
  await timers.advance(1001);
  assert.deepEqual(
    probes.slice(5).map(({ at }) => at),
    [3200, 3300],
  );
});

test('consecutive equal results are one history entry, and 16 entries are kept', async () => {
  const health = checker();
  watch(health, planOf(check({ intervalMs: 1000 }), 'a'));
  let count = 0;
  answer = async () => ({ status: 'passed', reason: count++ < 3 ? 'ok' : `ok ${count}` });
  health.start();
  await timers.advance(2500);
  assert.deepEqual(health.history('app/a'), [
    { status: 'passed', reason: 'ok', count: 3, firstAgoMs: 2500, lastAgoMs: 500, tookMs: 0 },
  ]);
  await timers.advance(30_000);
  assert.equal(health.history('app/a').length, 16);
  assert.equal(health.reason('app/a'), health.history('app/a')[0]!.reason);
});

test('a held server is stopped whatever its check result, and afterwards follows its check', async () => {
  const health = checker();
  const slot = watch(health, planOf(check(), 'a'))['app/a']!;
  health.start();
  await timers.advance(0);
  assert.equal(health.hold(slot, 'ejected'), true);
  assert.equal(health.hold(slot, 'ejected'), false);
  await timers.advance(5000);
  assert.equal(stateOf(slot), 'stopped passed');
  health.letGo(slot, 'its time is over');
  assert.equal(stateOf(slot), 'running passed');
  assert.deepEqual(
    events.map(({ to, reason }) => [to, reason]),
    [
      ['stopped', 'ejected'],
      ['running', 'its time is over'],
    ],
  );
});

test('a check gets the values of its secrets, and a new value makes another check', async () => {
  const health = checker();
  const probe = { slot: 'check' as const, name: 'scripted', options: { password: { secret: 'redis' } }, place: PLACE };
  watch(health, planOf(check({ probe }), 'a'));
  health.start();
  await timers.advance(0);
  assert.deepEqual(probes[0]!.options, { password: 'value of redis' });
});

test('many first probes are spread over an interval, about one in a millisecond, and begun together every 25 ms', async () => {
  const health = checker();
  const draws = [...Array(500).keys()].map((index) => index / 500);
  random = () => draws.shift() ?? 0;
  watch(health, planOf(check({ intervalMs: 10_000 }), ...[...Array(500).keys()].map((index) => `s${index}`)));
  health.start();
  await timers.advance(600);
  assert.equal(probes.length, 500);
  // Waits below 100 ms are as long as they say, so that few servers need not wait for others.
  const moments = new Map<number, number>();
  for (const { at } of probes) moments.set(at, (moments.get(at) ?? 0) + 1);
  for (const [at, count] of moments)
    assert.ok(at < 100 ? count === 1 : at % 25 === 0 && count <= 37, `${count} at ${at}`);
});

test('the header that a check sends is part of its target', async () => {
  const health = checker();
  watch(health, planOf(check({ sendProxy: 'v2' }), 'a'));
  health.start();
  await timers.advance(0);
  assert.equal(probes[0]!.target.sendProxy, 'v2');
});

test('a removed server is no longer probed, and the result of an open probe is ignored', async () => {
  const health = checker();
  watch(health, planOf(check(), 'a', 'b'));
  let end = (): void => {};
  answer = () =>
    new Promise((resolve) => {
      end = () => resolve(FAILED);
    });
  health.start();
  await timers.advance(0);
  watch(health, planOf(check(), 'a'));
  assert.equal(probes[1]!.signal.aborted, true);
  end();
  answer = async () => PASSED;
  await timers.advance(10_000);
  assert.ok(probes.slice(2).every(({ name }) => name === 'a'));
  assert.ok(events.every((event) => event.server === 'a'));
});

test('a server in maintenance is not probed', async () => {
  const health = checker();
  const at = watch(health, planOf(check(), 'a'));
  servers.setAdmin(at['app/a']!, MAINT);
  health.start();
  await timers.advance(5000);
  assert.equal(probes.length, 0);
  servers.setAdmin(at['app/a']!, READY);
  await timers.advance(1000);
  assert.equal(probes.length, 1);
});

test('stopping ends every probe and leaves no timer', async () => {
  const health = checker(1);
  watch(health, planOf(check(), 'a', 'b'));
  answer = () => new Promise(() => {});
  health.start();
  await timers.advance(0);
  health.stop();
  await timers.advance(0);
  assert.equal(probes.length, 1);
  assert.equal(probes[0]!.signal.aborted, true);
  assert.equal(timers.size, 0);
});
