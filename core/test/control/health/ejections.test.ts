import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { finish } from '@sluice/dsl/match';
import type { EjectPlan } from '@sluice/dsl/plan';
import { FakeClock } from '@sluice/plugin-kit';
import pino from 'pino';
import { Ejections } from '../../../src/control/health/ejections.ts';
import { Slots } from '../../../src/control/slots/slots.ts';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import { OutcomeCounts } from '../../../src/shared/tables/outcome-counts.ts';
import { MAINT, READY, RUNNING, ServerTable, STOPPED } from '../../../src/shared/tables/server-table.ts';
import { backend, plan, server } from '../fixtures/plans.ts';

const POLICY: EjectPlan = {
  ...{ failures: 5, errorShare: 0, requests: 20, windowMs: 10_000, statuses: ['502..504'] },
  ...{ timeMs: 10_000, mostMs: 25_000, mostShare: 0.5 },
};

let timers: FakeClock;
let servers: ServerTable;
let slots: Slots;
let ejections: Ejections;
let told: string[];
let generation: number;
let logged: string[];

beforeEach(() => {
  timers = new FakeClock();
  told = [];
  generation = 0;
  logged = [];
  const memory = createSharedMemory({ threads: 1 });
  servers = new ServerTable(memory.servers, 1);
  slots = new Slots(memory);
  ejections = new Ejections({
    servers,
    outcomes: new OutcomeCounts(memory),
    timers,
    log: pino({ level: 'warn', base: null }, { write: (line: string) => void logged.push(JSON.parse(line).msg) }),
    hold: (slot, reason) => {
      servers.setState(slot, STOPPED);
      told.push(`${timers.now()} ${slot} ${reason}`);
      return true;
    },
    letGo: (slot, reason) => {
      servers.setState(slot, RUNNING);
      told.push(`${timers.now()} ${slot} ${reason}`);
    },
  });
});

function watch(names: readonly string[], eject: EjectPlan | null = POLICY, port = 9000): void {
  const members = names.map((name, index) => server(name, port + index));
  const next = plan([], [backend('app', members, { eject })]);
  const assigned = slots.assign(++generation, next);
  for (const slot of Object.values(assigned.servers)) if (generation === 1) servers.setState(slot, RUNNING);
  ejections.watch({ plan: next, slots: assigned });
}

test('a server that fails is out for its time, and back after it', async () => {
  watch(['a', 'b']);
  ejections.failing(0, '5 failures in a row');
  ejections.failing(0, '5 failures in a row');
  await timers.advance(10_000);
  assert.deepEqual(told, ['0 0 ejected for 10 s: 5 failures in a row', '10000 0 its ejection is over']);
  assert.equal(ejections.count(0), 1);
});

test('each time in a row is longer, up to the longest; a quiet time takes one back', async () => {
  watch(['a', 'b']);
  for (const timeMs of [10_000, 20_000, 25_000]) {
    ejections.failing(0, 'again');
    await timers.advance(timeMs);
  }
  await timers.advance(25_000);
  ejections.failing(0, 'again');
  assert.deepEqual(
    told
      .filter((line) => line.includes('again'))
      .map((line) => line.replace(/^\d+ 0 ejected for (\d+ s): again$/, '$1')),
    ['10 s', '20 s', '25 s', '20 s'],
  );
});

test('never more than the share of the servers is out, whatever put them there', () => {
  watch(['a', 'b', 'c', 'd', 'e']);
  servers.setAdmin(4, MAINT);
  ejections.failing(0, 'x');
  ejections.failing(1, 'x');
  assert.deepEqual(
    told.map((line) => line.slice(0, 3)),
    ['0 0'],
  );
});

test('a server that is alone is never ejected, nor is one of three by a tenth', () => {
  watch(['a']);
  ejections.failing(0, 'x');
  watch(['a', 'b', 'c'], { ...POLICY, mostShare: 0.1 });
  ejections.failing(1, 'x');
  assert.deepEqual(told, []);
});

test('a server that its check stopped is not ejected besides', () => {
  watch(['a', 'b', 'c', 'd']);
  servers.setState(0, STOPPED);
  ejections.failing(0, 'x');
  assert.deepEqual(told, []);
});

test('an ejection survives a reload, unless `eject` or the address changes', async () => {
  watch(['a', 'b']);
  ejections.failing(0, 'x');
  await timers.advance(4000);
  watch(['a', 'b'], { ...POLICY, failures: 9 });
  await timers.advance(6000);
  assert.equal(told.at(-1), '10000 0 its ejection is over');
  ejections.failing(0, 'x');
  watch(['a', 'b'], null);
  assert.equal(told.at(-1), '10000 0 nothing ejects it any more');
  watch(['a', 'b']);
  ejections.failing(0, 'x');
  watch(['a', 'b'], POLICY, 9500);
  assert.equal(timers.size, 0);
});

test('an ejected server that a reload renames stays out for its time', async () => {
  watch(['a', 'b']);
  ejections.failing(0, 'status 502');
  told = [];
  watch(['c', 'b']);
  assert.deepEqual(told, ['0 2 ejected for 10 s: status 502']);
  assert.equal(ejections.count(2), 1);
  await timers.advance(10_000);
  assert.equal(told.at(-1), '10000 2 its ejection is over');
  assert.equal(told.length, 2);
});

test('stopping leaves no timer', () => {
  watch(['a', 'b']);
  ejections.failing(0, 'x');
  ejections.stop();
  assert.equal(timers.size, 0);
});

test('a server that keeps failing without being ejected is logged once', async () => {
  watch(['a', 'b']);
  servers.setAdmin(1, MAINT);
  for (let report = 0; report < 100; report++) {
    ejections.failing(0, '5 failures in a row');
    await timers.advance(1000);
  }
  assert.deepEqual(logged, ['server app/a fails, but is not ejected: 1 of 2 servers are out, at most 1 may be']);
  await timers.advance(10_000);
  ejections.failing(0, '5 failures in a row');
  assert.equal(logged.length, 2, 'it was well in between');
  servers.setAdmin(1, READY);
  ejections.failing(0, '5 failures in a row');
  assert.equal(told.length, 1);
});

test('who is out is counted with each change, not with each report', async () => {
  const names = Array.from({ length: 10 }, (_, index) => `s${index}`);
  watch(names);
  let looks = 0;
  const { state } = servers;
  servers.state = function (slot) {
    looks++;
    return state.call(this, slot);
  };
  for (let slot = 0; slot < 10; slot++) ejections.failing(slot, '5 failures in a row');
  assert.equal(told.length, 5);
  assert.ok(looks <= 5, `${looks} looks, one for each that went out`);
  servers.setState(9, STOPPED);
  await timers.advance(10_000);
  assert.equal(told.length, 10);
  for (let slot = 0; slot < 9; slot++) ejections.failing(slot, '5 failures in a row');
  assert.equal(told.length, 14, 'one is out already');
});

test('servers that come and go change who may be ejected, and those that stay stay out for their time', async () => {
  watch(['a', 'b', 'c', 'd']);
  const before = slots.assign(
    ++generation,
    plan(
      [],
      [
        backend(
          'app',
          ['a', 'b', 'c', 'd'].map((name, at) => server(name, 9000 + at)),
          { eject: POLICY },
        ),
      ],
    ),
  );
  const slotOf = (name: string) => before.servers[`app/${name}`]!;
  for (const name of ['a', 'b', 'c']) ejections.failing(slotOf(name), 'it fails');
  assert.equal(told.length, 2, 'half of four');
  // One that is out goes, and three come: half of six may be out, and one is.
  const members = ['a', 'c', 'd', 'e', 'f', 'g'].map((name, at) =>
    server(name, 9000 + (name === 'a' ? 0 : name < 'e' ? at + 1 : at + 10)),
  );
  const next = plan([], [backend('app', members, { eject: POLICY })]);
  const added = members.slice(3);
  const changes = [{ backend: 'app', removed: ['b'], changed: [], added }];
  const after = finish(slots.change(++generation, before, changes));
  for (const { name } of added) servers.setState(after.servers[`app/${name}`]!, RUNNING);
  ejections.change({ plan: next, slots: after }, { plan: next, slots: before }, changes);
  assert.match(told.at(-1)!, /nothing ejects it any more/);
  const outs = () => told.filter((line) => line.includes('ejected for')).length;
  for (const name of ['c', 'd', 'e', 'f']) ejections.failing(after.servers[`app/${name}`]!, 'it fails');
  assert.equal(outs(), 4, 'a, which stayed out, and two more');
  await timers.advance(10_000);
  assert.equal(ejections.count(after.servers['app/a']!), 1);
  ejections.failing(after.servers['app/g']!, 'it fails');
  assert.equal(outs(), 5, 'all were let back in');
});
