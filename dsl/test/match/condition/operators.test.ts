import assert from 'node:assert/strict';
import test from 'node:test';
import { interpretRules } from '../../../src/match/condition/interpret.ts';
import { compileRules } from '../../../src/match/rule/rule-matcher.ts';
import type { Condition } from '../../../src/plan/condition.ts';
import { all, and, facts, is, named, not, or, type Request, readers, rule } from '../requests.ts';

/** holds asks both evaluators, the compiled one alone and among so many rules that it builds an index. */
function holds(condition: Condition, request: Request): boolean {
  const others = Array.from({ length: 20 }, (_, n) => rule(is('path', 'is', [`/never/${n}`])));
  const received = facts(request);
  const interpreted = interpretRules([rule(condition)], readers, received, 0) === 0;
  assert.equal(compileRules([rule(condition)], readers).next(received, 0) === 0, interpreted);
  assert.equal(compileRules([...others, rule(condition)], readers).next(received, 0) === 20, interpreted);
  return interpreted;
}

type Case = [condition: Condition, accepted: Request[], rejected: Request[]];

const at = (path: string): Request => ({ path });
const team = (value: string | string[]): Request => ({ headers: { 'x-team': value } });

const CASES: Record<string, Case> = {
  is: [is('path', 'is', ['/a', '/b']), [at('/a'), at('/b')], [at('/A'), at('/a/'), at('/')]],
  'is, of many values': [is('path', 'is', ['/1', '/2', '/3', '/4', '/5']), [at('/1'), at('/5')], [at('/6')]],
  'is anycase': [is('header x-team', 'is', ['Blue'], { anycase: true }), [team('blue'), team('BLUE')], [team('blues')]],
  'anycase is for ASCII only': [is('header x-team', 'is', ['É'], { anycase: true }), [team('É')], [team('é')]],
  under: [
    is('path', 'under', ['/foo']),
    [at('/foo'), at('/foo/'), at('/foo/bar')],
    [at('/foobar'), at('/fo'), at('/FOO')],
  ],
  'under a path that ends in a slash': [
    is('path', 'under', ['/foo/']),
    [at('/foo/'), at('/foo/x')],
    [at('/foo'), at('/foox')],
  ],
  'under the root': [is('path', 'under', ['/']), [at('/'), at('/x')], [at('*')]],
  starts: [is('path', 'starts', ['/foo']), [at('/foo'), at('/foobar')], [at('/fo'), at('/xfoo')]],
  ends: [is('path', 'ends', ['.php', '.asp']), [at('/x.php'), at('/x.asp')], [at('/x.php5'), at('php')]],
  contains: [is('path', 'contains', ['ab', 'cd']), [at('/xabx'), at('/cd')], [at('/acbd'), at('/aB')]],
  'contains anycase': [is('path', 'contains', ['Ab'], { anycase: true }), [at('/xaBx')], [at('/a-b')]],
  like: [
    is('host', 'like', ['*.a.*', 'x*']),
    [{ host: 'w.a.net' }, { host: 'x' }],
    [{ host: 'a.net' }, { host: 'wa.a' }],
  ],
  'like, the parts apart': [is('path', 'like', ['/a*a']), [at('/aa'), at('/aba')], [at('/a'), at('/ab')]],
  'like without a star': [is('path', 'like', ['/a']), [at('/a')], [at('/ab')]],
  'like takes nothing else for special': [is('path', 'like', ['/a.b*']), [at('/a.b')], [at('/axb')]],
  matches: [is('path', 'matches', ['^/v[0-9]+/', 'x$']), [at('/v12/'), at('/x')], [at('/v/'), at('/a/v1/')]],
  'matches anycase': [is('path', 'matches', ['^/admin'], { anycase: true }), [at('/ADMIN')], [at('/x')]],
  'ip in': [
    is('ip', 'in', ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1']),
    [{ ip: '10.255.255.255' }, { ip: '2001:db8:ffff::1' }, { ip: '192.0.2.1' }, { ip: '::ffff:10.0.0.1' }],
    [{ ip: '11.0.0.0' }, { ip: '9.255.255.255' }, { ip: '2001:db9::' }, { ip: '192.0.2.2' }, { ip: '::a00:1' }],
  ],
  'ip is a network: within it': [is('ip', 'is', ['10.0.0.0/8']), [{ ip: '10.1.2.3' }], [{ ip: '11.1.2.3' }]],
  'port is': [is('port', 'is', [80, 443]), [{ port: 80 }, { port: 443 }], [{ port: 8080 }]],
  over: [is('port', 'over', [1023]), [{ port: 1024 }], [{ port: 1023 }, { port: 80 }]],
  below: [is('port', 'below', [1024]), [{ port: 1023 }], [{ port: 1024 }]],
  between: [is('port', 'between', [80, 90]), [{ port: 80 }, { port: 90 }], [{ port: 79 }, { port: 91 }]],
  'numbers in headers are strict': [
    is('header x-team', 'over', [5]),
    [team('6'), team('5.5'), team('007')],
    [team('5'), team(''), team(' 6'), team('6 '), team('0x10'), team('1e3'), team('+6'), team('6,7'), team('Infinity')],
  ],
  present: [is('header x-team', 'present'), [team(''), team('a'), team(['a', 'b'])], [{}, team([])]],
  absent: [is('header x-team', 'absent'), [{}, team([])], [team(''), team('a')]],
  'what is absent passes no test': [is('header x-team', 'contains', ['']), [team('')], [{}]],
  'not of an absent value': [not(is('header x-team', 'is', ['a'])), [{}, team('b')], [team('a')]],
  'several values: any': [is('header x-team', 'is', ['a']), [team(['b', 'a']), team('a')], [team(['b', 'c'])]],
  'several values: every': [
    is('header x-team', 'is', ['a', 'b'], { every: true }),
    [team(['b', 'a']), team('a')],
    [team(['a', 'c']), team('c'), {}],
  ],
  'not: none of several': [not(is('header x-team', 'is', ['a'])), [team(['b', 'c'])], [team(['b', 'a'])]],
  'no splitting at commas': [is('header x-team', 'is', ['a']), [team('a')], [team('a, b')]],
  'odd bytes': [
    is('header x-team', 'is', ['\xff\x80', '\u{1f600}']),
    [team('\xff\x80'), team('\u{1f600}')],
    [team('\xff')],
  ],
  '__proto__ is a value like others': [
    is('header x-team', 'is', ['__proto__']),
    [team('__proto__')],
    [team('constructor')],
  ],
  all: [all, [{}], []],
  and: [
    and(is('method', 'is', ['GET']), is('path', 'is', ['/a'])),
    [at('/a')],
    [at('/b'), { method: 'PUT', path: '/a' }],
  ],
  or: [or(is('method', 'is', ['PUT']), is('path', 'is', ['/a'])), [at('/a'), { method: 'PUT' }], [at('/b')]],
  named: [named('admin', is('path', 'under', ['/admin'])), [at('/admin')], [at('/adm')]],
};

for (const [name, [condition, accepted, rejected]] of Object.entries(CASES)) {
  test(`operators: ${name}`, () => {
    for (const request of accepted) assert.equal(holds(condition, request), true, JSON.stringify(request));
    for (const request of rejected) assert.equal(holds(condition, request), false, JSON.stringify(request));
  });
}

test('what cannot be compiled names the rule and the mistake', () => {
  const cases: [Condition, RegExp][] = [
    [is('ip', 'starts', ['10.']), /rule `deny …`: operator `starts` does not compare a field of type ip \(`ip`\)/],
    [is('port', 'contains', [8]), /operator `contains` does not compare a field of type number/],
    [is('port', 'is', ['http']), /`http` is not a number to compare `port` with/],
    [is('ip', 'in', ['10.0.0.0/33']), /`10\.0\.0\.0\/33` is not an IP address or range/],
    [is('country', 'is', ['KP']), /no plugin gives the field `country`/],
    [is('path', 'matches', ['(?=a)']), /rule `deny …`/],
    [is('path', 'matches', ['(a)\\1']), /rule `deny …`/],
  ];
  for (const [condition, message] of cases) assert.throws(() => compileRules([rule(condition)], readers), message);
});
