import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Plan } from '@sluice/dsl/plan';
import { Slots } from '../../src/control/slots.ts';
import { CounterSums, LISTENER_CAPACITY, ServerIndex, ThreadCounters } from '../../src/shared/counters.ts';
import { createSharedMemory } from '../../src/shared/memory.ts';
import { ServerTable } from '../../src/shared/server-table.ts';
import { backend, listener, plan, server } from './fixtures/plans.ts';

function planOf(...names: string[]): Plan {
  return plan(
    [listener('web')],
    [
      backend(
        'app',
        names.map((name) => server(name, 1)),
      ),
    ],
  );
}

test('a name keeps its slot from one generation to the next', () => {
  const slots = new Slots(createSharedMemory({ threads: 1 }));
  const first = slots.assign(1, planOf('a', 'b'));
  const second = slots.assign(2, planOf('b', 'c'));
  assert.equal(second.servers['app/b'], first.servers['app/b']);
  assert.equal(second.listeners.web, first.listeners.web);
  assert.equal(new Set([first.servers['app/a'], first.servers['app/b'], second.servers['app/c']]).size, 3);
});

test('a slot is free once its last generation is over, and has forgotten everything', () => {
  const memory = createSharedMemory({ threads: 1 });
  const freed: number[] = [];
  const slots = new Slots(memory, (all) => freed.push(...all));
  const servers = new ServerTable(memory.servers, 1);
  const slot = slots.assign(1, planOf('a')).servers['app/a']!;
  servers.setWeight(slot, 9);
  new ThreadCounters(memory, 0).server(slot, ServerIndex.requests);
  slots.assign(2, planOf('a'));
  slots.assign(3, planOf('b'));
  slots.release(1);
  assert.equal(servers.weight(slot), 9, 'the second generation still has it');
  slots.release(2);
  assert.equal(servers.weight(slot), 0);
  assert.equal(new CounterSums(memory).server(slot).requests, 0);
  assert.deepEqual(freed, [slot], 'stick tables were told');
  assert.equal(slots.assign(4, planOf('b', 'c')).servers['app/c'], slot);
});

test('the same name in two backends has two slots', () => {
  const slots = new Slots(createSharedMemory({ threads: 1 }));
  const both = plan([], [backend('app', [server('a', 1)]), backend('api', [server('a', 1)])]);
  const { servers } = slots.assign(1, both);
  assert.notEqual(servers['app/a'], servers['api/a']);
});

test('a plan that is too big is refused, and takes nothing', () => {
  const slots = new Slots(createSharedMemory({ threads: 1 }));
  const names = Array.from({ length: LISTENER_CAPACITY + 1 }, (_, index) => `l${index}`);
  const tooBig = plan(
    names.map((name) => listener(name)),
    [],
  );
  assert.throws(() => slots.assign(1, tooBig), { code: 'SG0404', message: /another listener: 1024 are in use/ });
  const { listeners } = slots.assign(
    2,
    plan(
      names.slice(1).map((name) => listener(name)),
      [],
    ),
  );
  assert.equal(Object.keys(listeners).length, LISTENER_CAPACITY);
});
