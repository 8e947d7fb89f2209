import assert from 'node:assert/strict';
import test from 'node:test';
import { interpretRules } from '../../../src/match/condition/interpret.ts';
import type { FieldReader } from '../../../src/match/facts/facts.ts';
import { MatchError } from '../../../src/match/facts/match-error.ts';
import { compileRules } from '../../../src/match/rule/rule-matcher.ts';
import { and, facts, is, named, or, readers, rule } from '../requests.ts';

const many = (count: number) => Array.from({ length: count }, (_, n) => rule(is('path', 'under', [`/area${n}`])));

test('no rules match nothing', () => {
  assert.equal(compileRules([], readers).next(facts({}), 0), -1);
});

test('the first match wins, and continuing after it finds the next', () => {
  for (const filler of [0, 1000]) {
    const rules = [
      ...many(filler),
      rule(is('path', 'under', ['/a'])),
      rule(is('path', 'under', ['/b'])),
      rule(null),
      rule(null),
    ];
    const matcher = compileRules(rules, readers);
    const found: number[] = [];
    for (
      let at = matcher.next(facts({ path: '/a/x' }), 0);
      at >= 0;
      at = matcher.next(facts({ path: '/a/x' }), at + 1)
    ) {
      found.push(at - filler);
    }
    assert.deepEqual(found, [0, 2, 3]);
    assert.equal(matcher.next(facts({}), rules.length), -1);
  }
});

test('a failing reader names rule and field, unless an earlier rule holds', () => {
  for (const filler of [0, 100]) {
    const rules = [...many(filler), rule(is('path', 'is', ['/ok'])), rule(is('broken', 'is', ['a'])), rule(null)];
    const matcher = compileRules(rules, readers);
    assert.equal(matcher.next(facts({ path: '/ok' }), 0), filler);
    assert.throws(
      () => matcher.next(facts({}), 0),
      (error) =>
        error instanceof MatchError &&
        error.rule === filler + 1 &&
        error.field === 'broken' &&
        (error.cause as Error).message === 'the database is gone',
    );
    assert.equal(matcher.next(facts({}), filler + 2), filler + 2, 'a failure is not remembered');
  }
});

test('a part that fails matters only when no other part decides', () => {
  const broken = is('broken', 'is', ['a']);
  const office = is('ip', 'in', ['10.0.0.0/8']);
  for (const condition of [and(broken, office), and(office, broken)]) {
    const matcher = compileRules([rule(condition)], readers);
    assert.equal(matcher.next(facts({ ip: '192.0.2.1' }), 0), -1);
    assert.throws(() => matcher.next(facts({ ip: '10.0.0.1' }), 0), MatchError);
  }
  for (const condition of [or(broken, office), or(office, broken)]) {
    const matcher = compileRules([rule(condition)], readers);
    assert.equal(matcher.next(facts({ ip: '10.0.0.1' }), 0), 0);
    assert.throws(() => matcher.next(facts({ ip: '192.0.2.1' }), 0), MatchError);
  }
});

/** counted counts how often each field is read. */
function counted() {
  const reads = new Map<string, number>();
  const counting = new Map<string, FieldReader>();
  for (const [name, read] of readers) {
    counting.set(name, (received, key) => {
      reads.set(name, (reads.get(name) ?? 0) + 1);
      return read(received, key);
    });
  }
  return { reads, counting };
}

test('a field that many rules use is read once a pass', () => {
  const { reads, counting } = counted();
  const rules = Array.from({ length: 500 }, (_, n) =>
    rule(and(is('path', 'matches', [`x${n}$`]), is('header x-a', 'absent'))),
  );
  const matcher = compileRules(rules, counting);
  assert.equal(matcher.next(facts({ path: '/x499' }), 0), 499);
  assert.deepEqual(
    [...reads],
    [
      ['path', 1],
      ['header', 1],
    ],
  );
  assert.equal(matcher.next(facts({ path: '/y' }), 0), -1);
  assert.equal(reads.get('path'), 2);
});

test('a defined condition that many rules use is decided once a pass', () => {
  const { reads, counting } = counted();
  const shared = is('header x-a', 'matches', ['^never$']);
  const rules = Array.from({ length: 8 }, () => rule(named('shared', shared)));
  compileRules(rules, counting).next(facts({ headers: { 'x-a': 'a' } }), 0);
  assert.equal(reads.get('header'), 1);
});

test('of five thousand rules of two conditions only the few that can hold are tested', () => {
  let tested = 0;
  const counting = new Map(readers).set('probe', () => {
    tested++;
    return 'no';
  });
  const rules = Array.from({ length: 5000 }, (_, n) =>
    rule(
      and(
        [
          is('ip', 'in', [`10.${n >> 8}.${n & 255}.0/24`]),
          is('path', 'under', [`/area${n}`]),
          is('host', 'is', [`h${n}.example`]),
          is('host', 'ends', [`.z${n}.example`]),
          is('path', 'contains', [`/needle${n}/`]),
        ][n % 5]!,
        // A key each, so that every test reads for itself.
        is(`probe ${n}`, 'matches', ['yes']),
      ),
    ),
  );
  const received = facts({ ip: '10.0.5.1', path: '/area6/needle9/x', host: 'a.z8.example' });
  const matcher = compileRules(rules, counting);
  assert.equal(matcher.next(received, 0), -1);
  assert.equal(tested, 4, 'rules 5, 6, 8 and 9');
  assert.equal(interpretRules(rules, counting, received, 0), -1);
});

test('a client who repeats a value does not make its rules be tested again', () => {
  let tested = 0;
  const counting = new Map(readers).set('probe', (_, key) => {
    tested++;
    return key === 'x' ? 'x' : 'no';
  });
  const rules = Array.from({ length: 20 }, (_, n) =>
    rule(and(is('header x-a', 'contains', ['a']), is(`probe ${n}`, 'is', ['x']))),
  );
  const matcher = compileRules(rules, counting);
  matcher.next(facts({ headers: { 'x-a': ['a'.repeat(5000), 'aaa', 'a'] } }), 0);
  assert.ok(tested <= 20, `${tested} tests`);
});

test('a regular expression that would backtrack takes time in line with the text', () => {
  const matcher = compileRules([rule(is('header x-a', 'matches', ['^(a+)+$', '(a|aa)+b$', '(.*)*x']))], readers);
  const time = (length: number) => {
    const received = facts({ headers: { 'x-a': `${'a'.repeat(length)}!` } });
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run < 5; run++) {
      const start = process.hrtime.bigint();
      assert.equal(matcher.next(received, 0), -1);
      best = Math.min(best, Number(process.hrtime.bigint() - start));
    }
    return best;
  };
  time(2000);
  // Thirty-two times the text: linear is about 32 times, quadratic 1,024, backtracking never ends.
  const [short, long] = [time(2000), time(64_000)];
  assert.ok(long < short * 400, `${short} ns for 2,000 characters, ${long} ns for 64,000`);
});

test('a plan that crossed to another thread compiles to the same', () => {
  const shared = or(is('path', 'under', ['/a']), is('host', 'is', ['b.example']));
  const rules = [...many(20), rule(named('x', shared)), rule(named('x', shared))];
  const matcher = compileRules(structuredClone(rules), readers);
  assert.equal(matcher.next(facts({ host: 'b.example' }), 0), 20);
});
