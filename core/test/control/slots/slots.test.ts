import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish } from '@sluice/dsl/match';
import type { Plan } from '@sluice/dsl/plan';
import fc from 'fast-check';
import { Slots } from '../../../src/control/slots/slots.ts';
import { CounterSums, LISTENER_CAPACITY, ServerIndex, ThreadCounters } from '../../../src/shared/tables/counters.ts';
import { createSharedMemory } from '../../../src/shared/tables/create-shared-memory.ts';
import { RULE_CAPACITY, RuleHitSums, RuleHits, UNCOUNTED_RULE } from '../../../src/shared/tables/rule-hits.ts';
import { ServerTable } from '../../../src/shared/tables/server-table.ts';
import { backend, listener, plan, server } from '../fixtures/plans.ts';

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
  assert.throws(() => slots.assign(1, tooBig), { code: 'SG0404', message: /another listener: all 1024 are in use/ });
  const { listeners } = slots.assign(
    2,
    plan(
      names.slice(1).map((name) => listener(name)),
      [],
    ),
  );
  assert.equal(Object.keys(listeners).length, LISTENER_CAPACITY);
});

const step = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    names: fc.subarray(['a', 'b', 'c', 'd', 'e']),
    isFailing: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('end' as const), at: fc.nat(5) }),
);

test('a name has its slot for as long as any generation has it, whether changes are told whole or as differences', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, isTold) => {
      const slots = new Slots(createSharedMemory({ threads: 1 }));
      /** Generations that are not over, newest last, with their slots. */
      let live = [{ generation: 1, names: new Set<string>(), slots: slots.assign(1, planOf()) }];
      let last = 1;
      for (const step of steps) {
        if (step.kind === 'end') {
          if (live.length === 1) continue;
          const [over] = live.splice(step.at % (live.length - 1), 1);
          slots.release(over!.generation);
          continue;
        }
        const generation = ++last;
        const base = live.at(-1)!;
        const names = new Set(step.names);
        const removed = [...base.names].filter((name) => !names.has(name));
        const added = step.names.filter((name) => !base.names.has(name)).map((name) => server(name, 1));
        const changes = [{ backend: 'app', removed, changed: [], added }];
        const map = isTold
          ? finish(slots.change(generation, base.slots, changes))
          : slots.assign(generation, planOf(...step.names));
        assert.deepEqual(Object.keys(map.servers).sort(), step.names.map((name) => `app/${name}`).sort());
        for (const { names: others, slots: known } of live) {
          for (const name of names) {
            // Between two generations with a name there may be one without it.
            if (others.has(name)) assert.equal(map.servers[`app/${name}`], known.servers[`app/${name}`]);
          }
        }
        const all = [...live, { names, slots: map }];
        const taken = new Map<number, string>();
        for (const { names: own, slots: known } of all) {
          for (const name of own) {
            const slot = known.servers[`app/${name}`]!;
            assert.equal(taken.get(slot) ?? name, name, 'two names share a slot');
            taken.set(slot, name);
          }
        }
        if (step.isFailing) slots.release(generation);
        else live = [...live, { generation, names, slots: map }];
      }
    }),
  );
});

test('slots that are given back are used again, however often servers come and go', () => {
  const slots = new Slots(createSharedMemory({ threads: 1 }));
  let base = slots.assign(1, planOf('fixed'));
  const seen = new Set<number>();
  for (let generation = 2; generation < 200; generation++) {
    const [removed, added] = [[`s${generation - 1}`], [server(`s${generation}`, 1)]];
    base = finish(slots.change(generation, base, [{ backend: 'app', removed, changed: [], added }]));
    slots.release(generation - 1);
    seen.add(base.servers[`app/s${generation}`]!);
  }
  assert.ok(seen.size <= 2, `${seen.size} slots`);
});

function rulesPlan(...texts: string[]): Plan {
  const web = listener('web');
  const routes = texts.map((text, index) => ({
    ...{ part: 'route' as const, verb: 'send', args: {}, when: null, text },
    place: { file: 'a.sluice', line: index + 1, column: 1, length: text.length },
  }));
  return plan([{ ...web, guards: [], changes: [], routes, responseChanges: [] }], []);
}

test('a rule keeps its hit count while its place and text stay the same, and a different rule starts at 0', () => {
  const memory = createSharedMemory({ threads: 1 });
  const slots = new Slots(memory);
  const sums = new RuleHitSums(memory);
  const [first, second] = slots.assign(1, rulesPlan('send to a', 'send to b')).rules!.web!;
  new RuleHits(memory, 0).add(first!);
  new RuleHits(memory, 0).add(second!);
  const [kept, other] = slots.assign(2, rulesPlan('send to a', 'send to c')).rules!.web!;
  slots.release(1);
  assert.equal(kept, first);
  assert.deepEqual([sums.rule(kept!), sums.rule(other!)], [1, 0]);
});

test('rules beyond the capacity are not counted, and are counted once there is room', () => {
  const slots = new Slots(createSharedMemory({ threads: 1 }));
  const many = Array.from({ length: RULE_CAPACITY + 1 }, (_, index) => `send to b${index}`);
  assert.equal(slots.assign(1, rulesPlan(...many)).rules!.web!.at(-1), UNCOUNTED_RULE);
  slots.assign(2, rulesPlan('send to b0'));
  slots.release(1);
  const [kept, come] = slots.assign(3, rulesPlan('send to b0', 'send to x')).rules!.web!;
  assert.ok(kept !== UNCOUNTED_RULE && come !== UNCOUNTED_RULE && kept !== come);
});
