import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Plan } from '@sluice/dsl/plan';
import { FakeClock, settle } from '@sluice/plugin-kit';
import type { NameResolver, Resolution } from '../../../src/control/members/name-resolver.ts';
import { ServerNames } from '../../../src/control/members/server-names.ts';
import type { SlotMap } from '../../../src/shared/orders/orders.ts';
import { LogLines } from '../fixtures/log-lines.ts';
import { backend, plan, server } from '../fixtures/plans.ts';

let timers: FakeClock;
let log: LogLines;
let asked: string[];
let told: object[];
let held: Map<number, string>;
let answer: (name: string, signal: AbortSignal) => Promise<Resolution>;
let names: ServerNames;

beforeEach(() => {
  timers = new FakeClock();
  log = new LogLines();
  asked = [];
  told = [];
  held = new Map();
  answer = async () => ({ addresses: ['10.0.0.1'], ttlMs: 10_000 });
  const resolver: NameResolver = {
    resolve: (name, signal) => {
      asked.push(name);
      return answer(name, signal);
    },
  };
  names = new ServerNames({
    timers,
    log: log.log,
    resolver: () => resolver,
    update: (changes) => told.push(changes),
    hold: (slot, reason) => void held.set(slot, reason),
    letGo: (slot) => void held.delete(slot),
  });
});

/** Server `web` and those that are named, each on a slot of its own, from 7 on. */
function planOf(...hosts: string[]): { plan: Plan; slots: SlotMap } {
  const servers = hosts.map((host, index) => server(`s${index}`, 80, { address: { host, port: 80 } }));
  const slots = {
    listeners: {},
    backends: { app: 0 },
    servers: Object.fromEntries(hosts.map((_, at) => [`app/s${at}`, at + 7])),
  };
  return { plan: plan([], [backend('app', servers)]), slots };
}

async function use(...hosts: string[]): Promise<void> {
  const next = planOf(...hosts);
  const begun = names.prepare(next.plan);
  await timers.advance(2000);
  await begun;
  names.watch(next);
}

test('each name is looked up once, however many servers have it, and addresses are not', async () => {
  await use('app.test', 'app.test', '10.0.0.9', '::1');
  assert.deepEqual(asked, ['app.test']);
  assert.deepEqual(told, [{ 'app.test': ['10.0.0.1'] }]);
  assert.equal(held.size, 0);
});

test('a name is looked up again when its TTL expires, within bounds, and only changes are reported', async () => {
  await use('app.test');
  await timers.advance(7_999);
  assert.equal(asked.length, 1);
  answer = async () => ({ addresses: ['10.0.0.3', '10.0.0.2'], ttlMs: 0 });
  await timers.advance(1);
  assert.deepEqual(told.at(-1), { 'app.test': ['10.0.0.2', '10.0.0.3'] });
  answer = async () => ({ addresses: ['10.0.0.2', '10.0.0.3'], ttlMs: 86_400_000 });
  await timers.advance(1000);
  assert.deepEqual([asked.length, told.length], [3, 2]);
  await timers.advance(59_999);
  assert.equal(asked.length, 3);
  await timers.advance(1);
  assert.equal(asked.length, 4);
});

test('a start waits two seconds for names, and not longer', async () => {
  answer = () => new Promise(() => {});
  let isBegun = false;
  const next = planOf('slow.test');
  void names.prepare(next.plan).then(() => {
    isBegun = true;
  });
  await timers.advance(1_999);
  assert.equal(isBegun, false);
  await timers.advance(1);
  assert.equal(isBegun, true);
  names.watch(next);
  assert.equal(held.get(7), 'its name slow.test is being looked up');
});

test('a server whose name does not exist is held back until it does', async () => {
  answer = async () => ({ addresses: [], ttlMs: 5000 });
  await use('app.test', '10.0.0.9');
  assert.deepEqual([...held], [[7, 'its name app.test does not resolve']]);
  answer = async () => ({ addresses: ['10.0.0.1'], ttlMs: 5000 });
  await timers.advance(5000);
  assert.equal(held.size, 0);
});

test('while lookups fail, the last addresses stay in use, and the failure is logged once', async () => {
  await use('app.test');
  answer = async () => {
    throw new Error('the DNS server does not answer');
  };
  await timers.advance(60_000);
  assert.deepEqual([told.length, held.size], [1, 0]);
  assert.deepEqual(names.addresses('app.test'), ['10.0.0.1']);
  const said = log.lines.filter(({ msg }) => msg.includes('app.test'));
  assert.deepEqual(
    said.map(({ msg }) => msg),
    ['the name app.test cannot be looked up: the DNS server does not answer; its last addresses go on'],
  );
  answer = async () => ({ addresses: ['10.0.0.1'], ttlMs: 5000 });
  await timers.advance(5000);
  assert.equal(log.lines.at(-1)!.msg, 'the name app.test resolves again');
});

test('a name that has never resolved holds its server back, with the reason', async () => {
  answer = async () => {
    throw new Error('the DNS server does not answer');
  };
  await use('app.test');
  assert.equal(held.get(7), 'its name app.test cannot be looked up: the DNS server does not answer');
});

test('a name that is gone is believed to be after three answers', async () => {
  await use('app.test');
  answer = async () => ({ addresses: [], ttlMs: 5000 });
  await timers.advance(8_000 + 1_000);
  assert.deepEqual([asked.length, held.size], [3, 0]);
  await timers.advance(1_000);
  assert.equal(held.get(7), 'its name app.test does not resolve');
  assert.deepEqual(told.at(-1), { 'app.test': [] });
});

test('one stumble of the DNS changes nothing', async () => {
  await use('app.test');
  answer = async () => ({ addresses: [], ttlMs: 5000 });
  await timers.advance(8_000);
  answer = async () => ({ addresses: ['10.0.0.1'], ttlMs: 5000 });
  await timers.advance(10_000);
  assert.deepEqual([told.length, held.size], [1, 0]);
});

test('a reload keeps known addresses and forgets unused ones, and a failed one changes nothing', async () => {
  await use('a.test', 'b.test');
  assert.equal(asked.length, 2);
  await use('b.test', 'c.test');
  assert.deepEqual(asked, ['a.test', 'b.test', 'c.test']);
  assert.ok(told.some((changes) => 'a.test' in changes && (changes as Record<string, unknown>)['a.test'] === null));
  await names.prepare(planOf('d.test').plan);
  names.settle();
  assert.deepEqual(told.at(-1), { 'd.test': null });
  assert.deepEqual([names.addresses('d.test'), names.addresses('b.test')], [[], ['10.0.0.1']]);
});

test('no more than 32 names are looked up at once, and a look-up that never ends is given up', async () => {
  answer = (_, signal) =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('called off'))));
  const hosts = Array.from({ length: 40 }, (_, at) => `n${at}.test`);
  await use(...hosts);
  assert.equal(asked.length, 32);
  await timers.advance(8_000);
  assert.equal(asked.length, 40);
});

test('stopping ends every look-up and every timer', async () => {
  let isAborted = false;
  answer = (name, signal) => {
    if (name === 'a.test') return Promise.resolve({ addresses: ['10.0.0.1'], ttlMs: 1000 });
    signal.addEventListener('abort', () => {
      isAborted = true;
    });
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('called off'))));
  };
  await use('a.test', 'b.test');
  names.stop();
  await settle();
  assert.deepEqual([isAborted, timers.size], [true, 0]);
});
