import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { finish } from '../../../src/match/build/steps.ts';
import { interpretRules } from '../../../src/match/condition/interpret.ts';
import { traceRules } from '../../../src/match/condition/trace.ts';
import { MatchError } from '../../../src/match/facts/match-error.ts';
import { buildValueTable } from '../../../src/match/rule/build-tables.ts';
import { compileRulesInSteps, indexRules } from '../../../src/match/rule/rule-matcher.ts';
import type { Condition, TestCondition } from '../../../src/plan/condition.ts';
import { all, and, facts, is, named, not, or, type Request, readers, rule } from '../requests.ts';

/** Rule lists in a normal run. */
const LISTS = Number(process.env.SLUICE_PROPERTY_RUNS ?? 1) * 570;

/** Requests that each list meets, mixed from the few that were generated with it; from two starts each. */
const MIXED = 180;

// Few values, near to each other, so that random rules and random requests meet.
const word = fc.constantFrom(
  '',
  'a',
  'b',
  'ab',
  'A',
  'aB',
  'abc',
  'a.b',
  'xab',
  'é',
  'É',
  '1',
  '10',
  '-1.5',
  '\r\n',
  '__proto__',
  'a,b',
  'ab,,A',
);
const path = fc
  .array(fc.constantFrom('a', 'b', 'admin', 'adminx', 'A', '%20', ''), { minLength: 0, maxLength: 3 })
  .map((segments) => `/${segments.join('/')}`);
const host = fc.constantFrom('a.example', 'b.example', 'x.a.example', 'example', 'a.example.net', '');
const method = fc.constantFrom('GET', 'POST', 'HEAD', 'get');
const port = fc.constantFrom(80, 443, 8080, 0);
const ip = fc.constantFrom(
  '10.0.0.1',
  '10.0.0.2',
  '10.1.0.1',
  '192.0.2.1',
  '255.255.255.255',
  '0.0.0.0',
  '2001:db8::1',
  '2001:db8:1::',
  '::1',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
);
const cidr = fc.constantFrom(
  '10.0.0.0/8',
  '10.0.0.0/24',
  '10.0.0.1',
  '10.0.0.1/32',
  '10.0.0.0/31',
  '10.1.0.0/16',
  '0.0.0.0/0',
  '128.0.0.0/1',
  '255.255.255.255',
  '2001:db8::/32',
  '2001:db8::/64',
  '::/0',
  '::1',
  'ffff::/16',
  '192.0.2.0/24',
);
const like = fc
  .array(fc.constantFrom('*', 'a', 'b', '.', '/', 'example', 'ab'), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(''));
const expression = fc.constantFrom(
  'a',
  '^a',
  'b$',
  '^/admin(/|$)',
  '[ab]+c?',
  '(?i)AB',
  '^$',
  '\\d',
  'a.b',
  '^(a|b)\\.',
);

const flags = fc.record({ anycase: fc.boolean(), every: fc.boolean() });
const list = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: 1, maxLength: 5 });

function texts(what: string, value: fc.Arbitrary<string>): fc.Arbitrary<TestCondition> {
  return fc.oneof(
    fc
      .tuple(fc.constantFrom('is', 'in', 'under', 'starts', 'ends', 'contains'), list(value), flags)
      .map(([operator, values, options]) => is(what, operator as 'is', values, options)),
    fc.tuple(list(like), flags).map(([values, options]) => is(what, 'like', values, options)),
    fc.tuple(list(expression), flags).map(([values, options]) => is(what, 'matches', values, options)),
    fc.constantFrom(is(what, 'present'), is(what, 'absent')),
  );
}

function numbers(what: string): fc.Arbitrary<TestCondition> {
  const value = fc.constantFrom<number>(0, 1, 10, 80, 443, 8080, -1.5);
  return fc.oneof(
    fc
      .tuple(fc.constantFrom('over', 'below'), list(value), flags)
      .map(([operator, values, options]) => is(what, operator as 'over', values, options)),
    fc.tuple(value, value, flags).map(([low, high, options]) => is(what, 'between', [low, high], options)),
  );
}

const status = fc.constantFrom(200, 204, 404, 499, 500, 503, 599);
/** Fields whose names are more than one word. */
const listed = (test: TestCondition): TestCondition => ({ ...test, field: 'list header' });
const answered = (test: TestCondition): TestCondition => ({ ...test, field: 'response header' });

const comparison: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 4, arbitrary: texts('path', path) },
  { weight: 4, arbitrary: texts('host', host) },
  { weight: 2, arbitrary: texts('method', method) },
  { weight: 4, arbitrary: fc.oneof(texts('header x-a', word), numbers('header x-a')) },
  { weight: 2, arbitrary: fc.oneof(texts('header x-b', word), numbers('header x-b')) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom('is', 'in'), list(cidr)).map(([op, values]) => is('ip', op as 'is', values)),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      list(port).map((values) => is('port', 'in', values)),
      numbers('port'),
    ),
  },
  { weight: 2, arbitrary: texts('list x-a', word).map(listed) },
  { weight: 2, arbitrary: texts('response x-a', word).map(answered) },
  {
    weight: 2,
    arbitrary: fc.oneof(
      list(status).map((values) => is('status', 'in', values)),
      fc.tuple(status, status).map(([low, high]) => is('status', 'between', [low, high])),
      numbers('status'),
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(all, is('ip', 'present'), is('port', 'absent')) },
);

const failing: fc.Arbitrary<Condition> = fc.constantFrom(
  is('broken', 'is', ['a']),
  is('broken', 'absent'),
  is('careless', 'is', ['true']),
);

const condition = (mayFail: boolean): fc.Arbitrary<Condition> =>
  fc.letrec<{ any: Condition; leaf: Condition }>((tie) => ({
    leaf: mayFail ? fc.oneof({ weight: 30, arbitrary: comparison }, { weight: 1, arbitrary: failing }) : comparison,
    any: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 3, arbitrary: tie('leaf') },
      { weight: 3, arbitrary: fc.array(tie('any'), { minLength: 2, maxLength: 3 }).map((of) => and(...of)) },
      { weight: 2, arbitrary: fc.array(tie('any'), { minLength: 2, maxLength: 3 }).map((of) => or(...of)) },
      { weight: 1, arbitrary: tie('any').map(not) },
      { weight: 1, arbitrary: tie('any').map((of) => named('x', of)) },
    ),
  })).any;

/** Lists whose conditions are made of a few shared ones, as rule files with defines are. */
const conditions = fc.tuple(fc.boolean(), fc.boolean()).chain(([mayFail, isShared]) => {
  const size = { minLength: 1, maxLength: 80, size: 'max' as const };
  if (!isShared) return fc.array(condition(mayFail), size);
  return fc
    .tuple(fc.array(condition(mayFail), { minLength: 4, maxLength: 12 }), fc.array(fc.tuple(fc.nat(), fc.nat()), size))
    .map(([pool, pairs]) => pairs.map(([a, b]) => and(named('p', pool[a % pool.length]!), pool[b % pool.length]!)));
});

const header = fc.oneof(word, fc.array(word, { maxLength: 3 }));
const request: fc.Arbitrary<Request> = fc.record(
  {
    ip,
    port,
    method,
    host,
    path,
    headers: fc.record({ 'x-a': header, 'x-b': header }, { requiredKeys: [] }),
    status,
    answerHeaders: fc.record({ 'x-a': header }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

type Outcome = number | string;

function outcome(run: () => number): Outcome {
  try {
    return run();
  } catch (error) {
    assert.ok(error instanceof MatchError, String(error));
    return `${error.rule} ${error.field}: ${error.message}`;
  }
}

/** withTables is a condition as data threads get it: values as tables, however few they are. */
function withTables(condition: Condition): Condition {
  switch (condition.kind) {
    case 'all':
      return condition;
    case 'test': {
      const table = finish(buildValueTable(condition, 0));
      return table === null ? condition : { ...condition, values: [], table };
    }
    case 'not':
    case 'named':
      return { ...condition, of: withTables(condition.of) };
    default:
      return { ...condition, of: condition.of.map(withTables) };
  }
}

/** mix makes requests of the fields of a few, so that many meet a list for the price of generating those. */
function* mix(few: readonly Request[]): Generator<Request> {
  const count = few.length;
  for (let number = 0; number < MIXED; number++) {
    const pick = (step: number): Request => few[(number * step + Math.floor(number / count)) % count]!;
    yield {
      ...pick(1),
      ...only(pick(2), 'path'),
      ...only(pick(3), 'host'),
      ...only(pick(5), 'headers'),
      ...only(pick(7), 'ip'),
    };
  }
}

function only<Name extends keyof Request>(request: Request, name: Name): Pick<Request, Name> | object {
  return name in request ? { [name]: request[name] } : {};
}

/** What the pairs of all parts came to. */
let matched = 0;
let failed = 0;
let met = 0;

/** Failures of fields are outcomes here, hundreds of thousands of them: their stack traces would cost more than the rules. */
function withoutTraces(run: () => void): void {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function holdEqual(lists: number): void {
  const few = fc.array(request, { minLength: 1, maxLength: 24, size: 'max' });
  fc.assert(
    fc.property(conditions, few, fc.nat(50), fc.boolean(), (list, requests, from, hasTables) => {
      const rules = list.map(rule);
      const given = hasTables ? list.map((when) => rule(withTables(when))) : rules;
      const matcher = finish(compileRulesInSteps(given, readers, hasTables ? finish(indexRules(rules)) : null));
      for (const one of mix(requests)) {
        const received = facts(one);
        for (const start of [0, from]) {
          const expected = outcome(() => interpretRules(rules, readers, received, start));
          const found = outcome(() => matcher.next(received, start));
          if (found !== expected) assert.equal(found, expected, `from ${start}: ${JSON.stringify(one)}`);
          met++;
          if (typeof expected === 'string') failed++;
          else if (expected >= 0) matched++;
        }
      }
    }),
    { numRuns: lists },
  );
}

/** In parts, so that none takes long on a busy machine. */
const PARTS = 6;

for (let part = 1; part <= PARTS; part++) {
  test(`compiled rules decide as the interpreter does, from any start, with tables too, failures included: part ${part}`, () => {
    withoutTraces(() => holdEqual(Math.ceil(LISTS / PARTS)));
  });
}

test('the pairs were not too tame: many matched, and some failed', () => {
  assert.ok(met >= LISTS * MIXED * 2, `${met} pairs`);
  assert.ok(matched > met / 50 && failed > 0, `${matched} matched, ${failed} failed of ${met}`);
});

test('a trace ends in the verdict of the interpreter', () => {
  fc.assert(
    fc.property(conditions, request, (list, one) => {
      const rules = list.slice(0, 20).map(rule);
      const received = facts(one);
      const last = traceRules(rules, readers, received).at(-1)!;
      const found = last.outcome === 'match' ? last.index : last.outcome === 'error' ? '' : -1;
      const expected = outcome(() => interpretRules(rules, readers, received, 0));
      if (typeof expected === 'number') assert.equal(found, expected);
      else assert.equal(`${last.error!.rule} ${last.error!.field}: ${last.error!.message}`, expected);
    }),
    { numRuns: LISTS },
  );
});
