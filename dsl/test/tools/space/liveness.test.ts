import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { conditionHolds } from '../../../src/match/condition/interpret.ts';
import { parseWrittenRequest } from '../../../src/match/request/written-request.ts';
import type { Condition, ListenerPlan, Rule } from '../../../src/plan/index.ts';
import { type Liveness, livenessOf, type World } from '../../../src/tools/space/index.ts';
import { listenerOf, planOf } from '../../compile-text.ts';
import { all, and, facts, is, named, not, or, PLACE, type Request, readers } from '../../match/requests.ts';

const BUDGET = 200_000;

function worldOf(steps: number, changing: readonly string[] = []): World {
  return { budget: { steps }, readers, changing: new Set(changing) };
}

async function livenessOfLines(lines: string): Promise<readonly Liveness[]> {
  const listener = await listenerOf(lines);
  const rules = [...listener.guards, ...listener.changes, ...listener.routes];
  return rules.map((rule) => livenessOf(listener, rule, worldOf(BUDGET)));
}

function shown(liveness: Liveness): string {
  if (liveness.kind === 'shadowed') return `shadowed by ${liveness.by.map(({ place }) => place.line).join(', ')}`;
  return liveness.kind === 'live' && liveness.witness === null ? 'live, no witness' : liveness.kind;
}

/** The lines stand from line 2 on; the last outcome is that of `otherwise`. */
const CASES: readonly [lines: string, outcomes: readonly string[]][] = [
  ['deny path under /a\ndeny path is /a/b', ['live', 'shadowed by 2', 'live']],
  ['deny path under /a\ndeny path is /ab', ['live', 'live', 'live']],
  ['deny ip 10.0.0.0/9\ndeny ip 10.128.0.0/9\ndeny ip 10.0.0.0/8', ['live', 'live', 'shadowed by 2, 3', 'live']],
  ['deny ip 10.0.0.0/9\ndeny ip 10.0.0.0/8', ['live', 'live', 'live']],
  ['deny method GET\ndeny method POST\ndeny method GET, POST', ['live', 'live', 'shadowed by 2, 3', 'live']],
  ['deny scheme http\ndeny scheme https\ndeny path is /a', ['live', 'live', 'shadowed by 2, 3', 'shadowed by 2, 3']],
  ['deny host ends .a.example\ndeny host like *.b.a.example', ['live', 'shadowed by 2', 'live']],
  ['deny path is /a and path is /b', ['contradiction', 'live']],
  ['deny path under /a and path starts /b', ['contradiction', 'live']],
  ['deny header X-A is a and header X-A is b', ['live', 'live']],
  ['deny header X-A present\ndeny header X-A is b', ['live', 'shadowed by 2', 'live']],
  [
    'deny header X-A absent\ndeny header X-A present\ndeny all',
    ['live', 'live', 'shadowed by 2, 3', 'shadowed by 2, 3'],
  ],
  ['deny header X-A contains "b" anycase\ndeny header X-A is aBc', ['live', 'shadowed by 2', 'live']],
  ['deny header X-A contains "b"\ndeny header X-A is "abc" anycase', ['live', 'live', 'live']],
  ['deny path matches r"^/a+$"\ndeny path is /aaa\ndeny path is /b', ['live', 'shadowed by 2', 'live', 'live']],
  ['deny path matches r"^/a+$"\ndeny path matches r"^/a+$" and ip 10.0.0.1', ['live', 'shadowed by 2', 'live']],
  [
    'deny path under /a and ip 10.0.0.0/8\ndeny path under /a and not ip 10.0.0.0/8\ndeny path is /a/x',
    ['live', 'live', 'shadowed by 2, 3', 'live'],
  ],
  [
    'deny path under /a\nset header X to "1" when path under /a\nsend to app when path is /a/b',
    ['live', 'shadowed by 2', 'shadowed by 2', 'live'],
  ],
  [
    'allow path under /a\ndeny path under /a/b\nsend to app when path is /a/b',
    ['live', 'shadowed by 2', 'live', 'live'],
  ],
  [
    'allow ip 10.0.0.1\ndeny path is /a\nsend to app when path is /a and not ip 10.0.0.1',
    ['live', 'live', 'shadowed by 3', 'live'],
  ],
  ['deny port 80\ndeny port over 70', ['live', 'live', 'live']],
  ['deny port below 100\ndeny port between 20 and 50', ['live', 'shadowed by 2', 'live']],
];
for (const [lines, outcomes] of CASES) {
  test(`what becomes of ${JSON.stringify(lines)}`, async () => {
    assert.deepEqual((await livenessOfLines(lines.replace('20 and 50', '20, 50'))).map(shown), outcomes);
  });
}

test('nothing is concluded from the entries of a list that may change', async () => {
  const plan = await planOf(
    'list some = ips 10.0.0.0/8\nlistener web on :80 {\ndeny ip some\ndeny ip 10.1.0.0/16\ndeny ip some and path is /a\notherwise deny\n}',
  );
  const { guards } = plan.listeners[0]!;
  const outcomes = (changing: readonly string[]): readonly string[] =>
    guards.map((rule) => shown(livenessOf(plan.listeners[0]!, rule, worldOf(BUDGET, changing))));
  assert.deepEqual(outcomes([]), ['live', 'shadowed by 3', 'shadowed by 3']);
  assert.deepEqual(outcomes(['some']), ['live', 'live, no witness', 'shadowed by 3']);
});

test('an exhausted budget is reported, and nothing else', async () => {
  const listener = await listenerOf('deny path under /a\ndeny path is /a/b');
  assert.deepEqual(livenessOf(listener, listener.guards[1]!, worldOf(2)), { kind: 'unknown' });
});

const RUNS = Number(process.env.SLUICE_PROPERTY_RUNS ?? 1) * 50;

const PATHS = ['/', '/a', '/ab', '/a/b', '/a/b/c', '/b', '/B', '/b/a'];
const HOSTS = ['', 'a.example', 'x.a.example', 'b.example'];
const METHODS = ['GET', 'POST', 'PUT'];
const IPS = ['10.0.0.1', '10.0.0.2', '10.200.0.1', '192.0.2.1', '2001:db8::1'];
const HEADERS: readonly (readonly string[])[] = [[], [''], ['a'], ['A'], ['ab'], ['b'], ['a', 'b'], ['xx']];

const texts = (what: string, values: readonly string[]): fc.Arbitrary<Condition> =>
  fc
    .tuple(
      fc.constantFrom('is', 'under', 'starts', 'ends', 'contains', 'like', 'matches', 'present', 'absent'),
      fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }),
      fc.record({ anycase: fc.boolean(), every: fc.boolean() }),
    )
    .map(([operator, some, options]) => {
      const values = operator === 'matches' ? some.map((one) => `^${one.replaceAll('*', '.*')}$`) : some;
      return is(what, operator as 'is', values, options);
    });

const leaf: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 4, arbitrary: texts('path', [...PATHS, '/a/', '/*', '*b']) },
  { weight: 2, arbitrary: texts('host', [...HOSTS, '*.example', 'a', '*a*e']) },
  { weight: 2, arbitrary: fc.subarray(METHODS, { minLength: 1 }).map((some) => is('method', 'in', some)) },
  {
    weight: 3,
    arbitrary: fc
      .subarray(['10.0.0.0/8', '10.0.0.0/31', '0.0.0.0/0', '::/0', '192.0.2.1', '10.0.0.2'], { minLength: 1 })
      .map((some) => is('ip', 'in', some)),
  },
  { weight: 4, arbitrary: texts('header x-a', ['a', 'A', 'b', 'ab', '', 'a*', 'x']) },
  { weight: 1, arbitrary: fc.subarray(['http', 'https'], { minLength: 1 }).map((some) => is('scheme', 'in', some)) },
  { weight: 1, arbitrary: fc.constant(all) },
);

const condition: fc.Arbitrary<Condition> = fc.letrec<{ any: Condition }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: leaf },
    { weight: 2, arbitrary: fc.array(tie('any'), { minLength: 2, maxLength: 3 }).map((of) => and(...of)) },
    { weight: 2, arbitrary: fc.array(tie('any'), { minLength: 2, maxLength: 3 }).map((of) => or(...of)) },
    { weight: 2, arbitrary: tie('any').map(not) },
    { weight: 1, arbitrary: tie('any').map((of) => named('x', of)) },
  ),
})).any;

function ruleOf(verb: string, when: Condition, line: number, isPartial: boolean): Rule {
  const rule: Rule = { part: 'guard', verb, args: {}, when, text: verb, place: { ...PLACE, line } };
  return isPartial ? { ...rule, isPartial: true } : rule;
}

/** Every request of the small world: every path with every host, and so on. */
function* everyRequest(): Generator<Request> {
  for (const path of PATHS)
    for (const host of HOSTS)
      for (const method of METHODS)
        for (const ip of IPS)
          for (const scheme of ['http', 'https'] as const)
            for (const values of HEADERS)
              yield { path, host, method, ip, scheme, headers: values.length === 0 ? {} : { 'x-a': values } };
}
const WORLD = [...everyRequest()].map(facts);

/** A rule holds for a request of the small world, asked once for each, as every rule's fate depends on the others'. */
class Held {
  readonly #byRule = new Map<Rule, Uint8Array>();

  of(rule: Rule, index: number): boolean {
    let held = this.#byRule.get(rule);
    if (held === undefined) {
      held = Uint8Array.from(WORLD, (request) => (holds(rule, request) ? 1 : 0));
      this.#byRule.set(rule, held);
    }
    return held[index] === 1;
  }
}

function holds({ when }: Rule, request: (typeof WORLD)[number]): boolean {
  return when === null || conditionHolds(when, readers, request);
}

/** comesTo is written from the language page alone: guards, then changes, then routes. `asked` says whether a rule's condition holds. */
function comesTo({ guards, changes, routes }: ListenerPlan, rule: Rule, asked: (rule: Rule) => boolean): boolean {
  if (!asked(rule)) return false;
  const first = (rules: readonly Rule[]): Rule | undefined =>
    rules.find((one) => (one === rule || one.isPartial !== true) && asked(one));
  if (guards.includes(rule)) return first(guards) === rule;
  const guard = first(guards);
  if (guard !== undefined && guard.verb !== 'allow') return false;
  return changes.includes(rule) || first(routes) === rule;
}

test('no rule is called dead that a request of a small world comes to, and every witness is one', async () => {
  const base = await listenerOf('deny path is /nothing');
  const verbs = fc.constantFrom('deny', 'deny', 'deny', 'allow', 'redirect');
  const guards = fc.array(fc.tuple(verbs, condition, fc.integer({ min: 0, max: 9 })), { minLength: 1, maxLength: 5 });
  const routes = fc.array(condition, { maxLength: 2 });
  const counts = { dead: 0, deadAndTold: 0, live: 0, liveAndShown: 0 };
  fc.assert(
    fc.property(guards, routes, (someGuards, someRoutes) => {
      const listener: ListenerPlan = {
        ...base,
        guards: someGuards.map(([verb, when, odds], index) => ruleOf(verb, when, index, odds === 0)),
        changes: someRoutes.slice(0, 1).map((when) => ruleOf('set header', when, 10, false)),
        routes: someRoutes.map((when, index) => ruleOf('send', when, 20 + index, false)),
      };
      const held = new Held();
      for (const rule of [...listener.guards, ...listener.changes, ...listener.routes]) {
        const liveness = livenessOf(listener, rule, worldOf(20_000));
        const isDead = liveness.kind === 'shadowed' || liveness.kind === 'contradiction';
        const found = WORLD.find((_, index) => comesTo(listener, rule, (one) => held.of(one, index)));
        assert.ok(!isDead || found === undefined, 'a living rule is called dead');
        if (found === undefined) counts.dead++;
        else counts.live++;
        if (isDead) counts.deadAndTold++;
        if (liveness.kind !== 'live' || liveness.witness === null) continue;
        const { line, ip, headers } = liveness.witness;
        const request = parseWrittenRequest(`${line} from ${ip}`, headers);
        assert.ok(
          comesTo(listener, rule, (one) => holds(one, request)),
          `${line} from ${ip} is no witness`,
        );
        if (found !== undefined) counts.liveAndShown++;
      }
    }),
    { numRuns: RUNS },
  );
  // Without these the test would pass for a solver that never says anything.
  assert.ok(counts.deadAndTold > counts.dead * 0.4, JSON.stringify(counts));
  assert.ok(counts.liveAndShown > counts.live * 0.7, JSON.stringify(counts));
});
