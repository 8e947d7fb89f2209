import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { randomHex } from '../../../src/data/trace/random-hex.ts';
import { TraceContext } from '../../../src/data/trace/trace-context.ts';
import { traceStateOf } from '../../../src/data/trace/trace-state.ts';
import { Tracer } from '../../../src/data/trace/tracer.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const GOOD = `00-${TRACE}-${PARENT}-01`;

function continued(parent: string | readonly string[] | undefined, state?: string | readonly string[]) {
  return TraceContext.continued({ header: (name) => (name === 'traceparent' ? parent : state) });
}

describe('traceparent', () => {
  test('a valid one is continued, under a span of our own', () => {
    const trace = continued(GOOD)!;
    assert.deepEqual([trace.traceId, trace.parentId, trace.isSampled], [TRACE, PARENT, true]);
    assert.match(trace.spanId, /^[0-9a-f]{16}$/);
    assert.notEqual(trace.spanId, PARENT);
    assert.equal(trace.fields(), `traceparent: 00-${TRACE}-${trace.spanId}-01\r\n`);
  });

  const flags: readonly (readonly [written: string, sent: string, isSampled: boolean])[] = [
    ['00', '00', false],
    ['01', '01', true],
    ['02', '02', false],
    ['03', '03', true],
    ['ff', '03', true],
    ['fc', '00', false],
  ];
  for (const [written, sent, isSampled] of flags) {
    test(`flags ${written}: the known bits are passed on, as ${sent}`, () => {
      const trace = continued(`00-${TRACE}-${PARENT}-${written}`)!;
      assert.equal(trace.isSampled, isSampled);
      assert.ok(trace.fields().endsWith(`-${sent}\r\n`));
    });
  }

  const read: readonly (readonly [name: string, value: string])[] = [
    ['a later version', `01-${TRACE}-${PARENT}-01`],
    ['a later version with more behind it', `cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`],
  ];
  for (const [name, value] of read) {
    test(`${name} is read as version 00, and sent as that`, () => {
      const trace = continued(value)!;
      assert.equal(trace.traceId, TRACE);
      assert.ok(trace.fields().startsWith(`traceparent: 00-${TRACE}-`));
    });
  }

  const bad: readonly (readonly [name: string, value: string | readonly string[] | undefined])[] = [
    ['no field', undefined],
    ['an empty one', ''],
    ['two fields', [GOOD, GOOD]],
    ['two in one field', `${GOOD},${GOOD}`],
    ['version ff', `ff-${TRACE}-${PARENT}-01`],
    ['version 00 with more behind it', `${GOOD}-more`],
    ['version 00 with a hyphen behind it', `${GOOD}-`],
    ['a later version with more behind it, and no hyphen', `cc-${TRACE}-${PARENT}-01.what`],
    ['a trace ID of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
    ['a parent ID of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['capitals', GOOD.toUpperCase()],
    ['a trace ID that is too short', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['a parent ID that is too long', `00-${TRACE}-${PARENT}0-01`],
    ['a version of one digit', GOOD.slice(1)],
    ['flags of three digits', `${GOOD}0`],
    ['other separators', GOOD.replaceAll('-', '_')],
    ['a blank within', `00 -${TRACE}-${PARENT}-01`],
  ];
  for (const [name, value] of bad) {
    test(`${name} begins a new trace`, () => assert.equal(continued(value, 'foo=1'), null));
  }
});

describe('tracestate', () => {
  const member = (index: number, length = 10): string => `k${index}=`.padEnd(length, 'v');
  const many = (count: number, length?: number) => Array.from({ length: count }, (_, index) => member(index, length));

  const cases: readonly (readonly [name: string, given: string | readonly string[] | undefined, sent: string])[] = [
    ['none', undefined, ''],
    ['one', 'congo=t61rcWkgMzE', 'congo=t61rcWkgMzE'],
    ['several fields are one list, in their order', ['rojo=1,congo=2', 'x=3'], 'rojo=1,congo=2,x=3'],
    ['blanks around members and empty members go', ' a=1 ,\t,, b=2\t', 'a=1,b=2'],
    ['a blank within a value stays', 'a=1 2', 'a=1 2'],
    ['a tenant of a system', 'fw529a3039@dt=FfAA', 'fw529a3039@dt=FfAA'],
    ['a key that begins with a digit', '1a-2f@foo=1', '1a-2f@foo=1'],
    ['a value with an equals sign is not valid', 'a=1=2', ''],
    ['a key in capitals is not valid', 'FOO=1', ''],
    ['a key with a dot is not valid', 'foo.bar=1', ''],
    ['a key without a tenant before @ is not valid', '@foo=1', ''],
    ['a key with nothing behind @ is not valid', 'foo@=1', ''],
    ['a member without a value is not valid', 'foo', ''],
    ['an empty value is not valid', 'foo=', ''],
    ['a key of 257 characters is not valid', `${'k'.repeat(257)}=1`, ''],
    ['a value of 257 characters is not valid', `k=${'v'.repeat(257)}`, ''],
    ['a control character is not valid', 'a=1\x01', ''],
    ['one bad member makes all of it worth nothing', 'a=1,B=2,c=3', ''],
    ['a key that comes twice makes all of it worth nothing', 'a=1,a=2', ''],
    ['32 members are taken', many(32), many(32).join(',')],
    ['33 members are not', many(33), ''],
    [
      '512 characters are taken',
      ['a='.padEnd(255, 'v'), 'b='.padEnd(256, 'v')],
      `${'a='.padEnd(255, 'v')},${'b='.padEnd(256, 'v')}`,
    ],
    [
      'long members go first, from the end',
      ['a='.padEnd(200, 'v'), 'b='.padEnd(200, 'v'), 'c=1', 'd='.padEnd(200, 'v')],
      `${'a='.padEnd(200, 'v')},${'b='.padEnd(200, 'v')},c=1`,
    ],
    ['then the last ones', many(6, 100), many(5, 100).join(',')],
  ];
  for (const [name, given, sent] of cases) {
    test(name, () => {
      assert.equal(traceStateOf(given), sent);
      assert.ok(sent.length <= 512);
    });
  }

  test('it is passed on with the trace that it belongs to, and never without', () => {
    assert.ok(continued(GOOD, 'a=1')!.fields().endsWith('-01\r\ntracestate: a=1\r\n'));
    assert.doesNotMatch(continued(GOOD, 'A=1')!.fields(), /tracestate/);
    assert.doesNotMatch(TraceContext.begun(true).fields(), /tracestate/);
  });
});

describe('sampling', () => {
  const none = { header: () => undefined };
  const incoming = (flags: string) => ({
    header: (name: string) => (name === 'traceparent' ? `00-${TRACE}-${PARENT}-${flags}` : undefined),
  });

  test('chance decides for a trace that begins here', () => {
    let chance = 0;
    const tracer = new Tracer({ sample: 0.01, ignoresIncoming: false }, null, () => chance);
    for (const [drawn, isSampled] of [
      [0, true],
      [0.0099, true],
      [0.01, false],
      [0.99, false],
    ] as const) {
      chance = drawn;
      const trace = tracer.trace(none);
      assert.deepEqual([trace.isSampled, trace.parentId], [isSampled, '']);
      assert.ok(trace.fields().endsWith(isSampled ? '-01\r\n' : '-00\r\n'));
    }
  });

  test('sampling all or none is exact', () => {
    const least = (): number => 0;
    const most = (): number => 1 - Number.EPSILON;
    assert.equal(new Tracer({ sample: 1, ignoresIncoming: false }, null, most).trace(none).isSampled, true);
    assert.equal(new Tracer({ sample: 0, ignoresIncoming: false }, null, least).trace(none).isSampled, false);
  });

  test('the sender decides whether a continued trace is sampled', () => {
    const never = new Tracer({ sample: 0, ignoresIncoming: false }, null, () => 0.5);
    const always = new Tracer({ sample: 1, ignoresIncoming: false }, null, () => 0.5);
    assert.equal(never.trace(incoming('01')).isSampled, true);
    assert.equal(always.trace(incoming('00')).isSampled, false);
  });

  test('what came can be ignored', () => {
    const trace = new Tracer({ sample: 0, ignoresIncoming: true }, null, () => 0.5).trace(incoming('01'));
    assert.deepEqual([trace.isSampled, trace.parentId], [false, '']);
    assert.notEqual(trace.traceId, TRACE);
  });
});

test('IDs have their length, and do not repeat when the pool is used up', () => {
  const ids = Array.from({ length: 2000 }, () => randomHex(16));
  assert.equal(new Set(ids).size, 2000);
  for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
});
