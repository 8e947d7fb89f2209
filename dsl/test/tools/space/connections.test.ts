import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lint } from '../../../src/index.ts';
import { conditionHolds, interpretRules } from '../../../src/match/condition/interpret.ts';
import { parseWrittenRequest } from '../../../src/match/request/written-request.ts';
import type { Condition, ListenerPlan, Rule } from '../../../src/plan/index.ts';
import { livenessOf, rulesIn } from '../../../src/tools/space/index.ts';
import { compileText, listenerOf } from '../../compile-text.ts';
import { and, facts, is, not, or, PLACE, type Request, readers } from '../../match/requests.ts';

const BACKENDS = 'backend app of a:443\nbackend pay of b:443\nbackend spare of c:443\n';

/** Each rule as `outcome: witness`; the witness of a rule that is shadowed are the lines that do so. */
async function outcomesOf(listener: string, tls = false): Promise<readonly string[]> {
  const { plan, diagnostics } = await compileText(`${listener}\n${BACKENDS}`);
  assert.ok(plan !== null, JSON.stringify(diagnostics));
  const listeners = tls ? plan.listeners.map((one) => ({ ...one, tls: {} as ListenerPlan['tls'] })) : plan.listeners;
  return lint({ ...plan, listeners }, readers)
    .rules.slice(0, -1)
    .map(({ outcome, witness, rule }) => {
      const shadow = lint({ ...plan, listeners }, readers).findings.find(
        ({ code, place }) => code === 'SL0501' && place.line === rule.place.line,
      );
      const said = witness === null ? (/lines? [\d, and]*\d/.exec(shadow?.message ?? '')?.[0] ?? 'none') : witness.line;
      return `${outcome}: ${said}`;
    });
}

test('rules of a tcp listener have connections for witnesses', async () => {
  const outcomes = await outcomesOf(`listener db on :5432 tcp {
  deny not ip 203.0.113.0/24
  deny ip 10.0.0.0/8
  send to pay when ip 203.0.113.0/25
  send to spare when ip 203.0.113.128/25
  send to app when ip 203.0.113.7 or ip 203.0.113.130
  otherwise send to app
}`);
  assert.deepEqual(outcomes, [
    'live: tcp to :5432',
    'shadowed: line 2',
    'live: tcp to :5432',
    'live: tcp to :5432',
    'shadowed: lines 4 and 5',
  ]);
});

test('names and protocols of the hello are reasoned about', async () => {
  const outcomes = await outcomesOf(`listener edge on :443 tcp {
  tls passthrough
  tls passthrough to pay when sni pay.example
  deny sni absent
  deny sni PAY.example
  send to pay when sni like *.pay.example
  send to spare when sni x.pay.example
  send to spare when sni absent
  send to spare when sni like *.a.example and sni like *.b.example
  send to spare when alpn imap and alpn h2
  send to app when alpn imap and alpn h2 and sni ends .example
  otherwise send to app
}`);
  assert.deepEqual(outcomes, [
    'live: tcp to :443 sni pay.example',
    'live: tcp to :443',
    'shadowed: line 3',
    'live: tcp to :443 sni x.pay.example',
    'shadowed: line 6',
    'shadowed: line 4',
    'contradiction: none',
    'live: tcp to :443 sni www.example.com alpn h2 imap',
    'shadowed: line 10',
  ]);
});

const MIXED = `listener edge on :8443 {
  tls passthrough to pay when sni pay.example
  tls passthrough to spare when ip 10.0.0.0/8
  tls passthrough to app when sni pay.example and ip 10.0.0.1
  deny path under /a
  deny ip 10.1.0.0/16
  deny sni pay.example and path under /b
  send to spare when host pay.example
  otherwise send to app
}`;

/** The test vocabulary has no way to end TLS. */
async function mixed(change: Partial<ListenerPlan> = {}): Promise<ListenerPlan> {
  const { plan } = await compileText(
    `${MIXED.replace('8443 {', '8443 tcp {\n  tls passthrough').replace(
      /(?<=\n {2})(?:deny|send).*\n/g,
      '',
    )}\n${BACKENDS}`,
  );
  const { passthroughs } = plan!.listeners[0]!;
  const http = await compileText(
    `${MIXED.replace(/\n {2}tls.*/g, '').replace('sni pay.example and ', '')}\n${BACKENDS}`,
  );
  const listener = http.plan!.listeners[0]!;
  return { ...listener, passthroughs: passthroughs!, tls: {} as ListenerPlan['tls'], ...change };
}

test('connections passed through undecrypted reach no other rule of the listener', async () => {
  const listener = await mixed();
  const world = { budget: { steps: 1_000_000 }, readers, changing: new Set<string>() };
  const outcomes = rulesIn(listener).map((rule) => {
    const liveness = livenessOf(listener, rule, world);
    return `${rule.text}: ${liveness.kind === 'live' ? liveness.witness?.line : liveness.kind}`;
  });
  assert.deepEqual(outcomes, [
    'tls passthrough to pay when sni pay.example: tcp to :8443 sni pay.example',
    'tls passthrough to spare when ip 10.0.0.0/8: tcp to :8443',
    'tls passthrough to app when sni pay.example and ip 10.0.0.1: shadowed',
    'deny path under /a: GET https://www.example.com:8443/a',
    'deny ip 10.1.0.0/16: shadowed',
    'deny path under /b: GET https://www.example.com:8443/b',
    // Another name in the hello than in the request.
    'send to spare when host pay.example: GET https://pay.example:8443/ sni www.example.com',
    'otherwise send to app: GET https://www.example.com:8443/',
  ]);
});

test('if a trusted peer reports the client, the peer’s address decides about passthrough', async () => {
  const listener = await mixed({ clientIp: { header: 'x-a', trust: ['192.0.2.0/24'], trustLists: [] } });
  const world = { budget: { steps: 1_000_000 }, readers, changing: new Set<string>() };
  const rule = listener.guards.find(({ text }) => text === 'deny ip 10.1.0.0/16')!;
  assert.equal(livenessOf(listener, rule, world).kind, 'live');
});

const NAMES = ['', 'a.example', 'x.a.example', 'b.example'];
const PROTOCOLS: readonly (readonly string[])[] = [[], ['h2'], ['h2', 'imap'], ['x']];
const IPS = ['10.0.0.1', '10.200.0.1', '192.0.2.1'];
const PATHS = ['/', '/a', '/a/b'];

const texts = (what: string, values: readonly string[]): fc.Arbitrary<Condition> =>
  fc
    .tuple(
      fc.constantFrom('is', 'starts', 'ends', 'contains', 'like', 'present', 'absent'),
      fc.array(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }),
      fc.record({ anycase: fc.boolean(), every: fc.boolean() }),
    )
    .map(([operator, some, options]) => is(what, operator as 'is', some, options));

const leaf = (isOfConnection: boolean): fc.Arbitrary<Condition> =>
  fc.oneof(
    { weight: 5, arbitrary: texts('sni', [...NAMES.slice(1), '*.a.example', 'a', '*']) },
    { weight: 3, arbitrary: texts('alpn', ['h2', 'imap', 'i', 'h*']) },
    {
      weight: 2,
      arbitrary: fc
        .subarray(['10.0.0.0/8', '10.0.0.1', '0.0.0.0/0'], { minLength: 1 })
        .map((some) => is('ip', 'in', some)),
    },
    ...(isOfConnection ? [] : [{ weight: 3, arbitrary: texts('path', PATHS) }]),
  );

const condition = (isOfConnection: boolean): fc.Arbitrary<Condition> =>
  fc.letrec<{ any: Condition }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 2 },
      { weight: 4, arbitrary: leaf(isOfConnection) },
      { weight: 2, arbitrary: fc.array(tie('any'), { minLength: 2, maxLength: 3 }).map((of) => and(...of)) },
      { weight: 2, arbitrary: fc.array(tie('any'), { minLength: 2, maxLength: 3 }).map((of) => or(...of)) },
      { weight: 2, arbitrary: tie('any').map(not) },
    ),
  })).any;

function* everyRequest(): Generator<Request> {
  for (const sni of NAMES)
    for (const alpn of PROTOCOLS) for (const ip of IPS) for (const path of PATHS) yield { sni, alpn, ip, path };
}
const WORLD = [...everyRequest()].map(facts);

const ruleOf = (verb: string, when: Condition, line: number): Rule => ({
  part: 'guard',
  verb,
  args: {},
  when,
  text: verb,
  place: { ...PLACE, line },
});

/** comesTo is written from the language page alone: what passes TLS on, guards, routes. */
function comesTo(listener: ListenerPlan, rule: Rule, request: (typeof WORLD)[number]): boolean {
  if (rule.when !== null && !conditionHolds(rule.when, readers, request)) return false;
  const first = (rules: readonly Rule[]): Rule | undefined => rules[interpretRules(rules, readers, request, 0)];
  const passedOn = first(listener.passthroughs ?? []);
  if (passedOn !== undefined) return passedOn === rule;
  const guard = first(listener.guards);
  if (guard !== undefined) return guard === rule;
  return first(listener.routes) === rule;
}

const RUNS = Number(process.env.SLUICE_PROPERTY_RUNS ?? 1) * 120;

for (const protocol of ['tcp', 'http'] as const) {
  test(`no rule of a ${protocol} listener is called dead that something comes to, and every witness is one`, async () => {
    const base = await listenerOf('deny path is /nothing');
    const some = (isOfConnection: boolean) => fc.array(condition(isOfConnection), { maxLength: 3 });
    const isTcp = protocol === 'tcp';
    const counts = { dead: 0, deadAndTold: 0, live: 0, liveAndShown: 0 };
    fc.assert(
      fc.property(some(true), some(isTcp), some(isTcp), (passthroughs, guards, routes) => {
        const listener: ListenerPlan = {
          ...base,
          protocol,
          ...(isTcp ? { isPassthrough: true } : { tls: {} as ListenerPlan['tls'] }),
          readsHello: true,
          passthroughs: passthroughs.map((when, at) => ruleOf('tls passthrough', when, at)),
          guards: guards.map((when, at) => ruleOf('deny', when, 10 + at)),
          changes: [],
          routes: routes.map((when, at) => ruleOf('send', when, 20 + at)),
        };
        for (const rule of rulesIn(listener)) {
          const liveness = livenessOf(listener, rule, { budget: { steps: 20_000 }, readers, changing: new Set() });
          const isDead = liveness.kind === 'shadowed' || liveness.kind === 'contradiction';
          const found = WORLD.some((request) => comesTo(listener, rule, request));
          assert.ok(!isDead || !found, 'a living rule is called dead');
          counts[found ? 'live' : 'dead']++;
          if (isDead) counts.deadAndTold++;
          if (liveness.kind !== 'live' || liveness.witness === null) continue;
          const { line, ip, headers } = liveness.witness;
          const witness = parseWrittenRequest(`${line} from ${ip}`, headers);
          const isConnection = isTcp || listener.passthroughs!.includes(rule);
          assert.equal(witness.isConnection, isConnection);
          assert.ok(comesTo(listener, rule, witness), `${line} from ${ip} is no witness`);
          if (found) counts.liveAndShown++;
        }
      }),
      { numRuns: RUNS },
    );
    // Without these the test would pass for a solver that never says anything.
    assert.ok(counts.deadAndTold > counts.dead * 0.3, JSON.stringify(counts));
    assert.ok(counts.liveAndShown > counts.live * 0.7, JSON.stringify(counts));
  });
}
